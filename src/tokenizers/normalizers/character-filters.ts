/** Normalizers that delete or replace single characters. */
import { type AlignedText, AlignedTextBuilder } from "../aligned-text.ts";
import { COMBINING_MARK, characterProperties, unitsOf } from "../character-properties.ts";
import type { Normalizer } from "./normalizer.ts";

/** Deletes combining marks; accents only go if the text was decomposed before. */
export class StripAccentsNormalizer implements Normalizer {
  readonly isLocal = true;

  normalize(source: AlignedText): AlignedText {
    const properties = characterProperties();
    return mapCharacters(source, (codePoint) => (properties[codePoint]! & COMBINING_MARK ? "" : undefined));
  }

  toJSON(): Record<string, unknown> {
    return { type: "StripAccents" };
  }
}

/** Control characters that SentencePiece's `nmt` rules delete: first and last of each range. */
const NMT_DELETED = [
  [0x01, 0x08],
  [0x0b, 0x0b],
  [0x0e, 0x1f],
  [0x7f, 0x7f],
  [0x8f, 0x8f],
  [0x9f, 0x9f],
] as const;
/** What these rules take for a space. */
const NMT_SPACES = "\t\n\f\r\u1680\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2581\ufeff\ufffd";
const NMT_REPLACEMENTS = new Map<number, "" | " ">([
  ...Array.from(NMT_SPACES, (space) => [space.charCodeAt(0), " "] as const),
  ...NMT_DELETED.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => [first + index, ""] as const),
  ),
]);

/** SentencePiece's clean-up for translation: control characters vanish, odd spaces become plain ones. */
export class NmtNormalizer implements Normalizer {
  readonly isLocal = true;

  normalize(source: AlignedText): AlignedText {
    return mapCharacters(source, (codePoint) => NMT_REPLACEMENTS.get(codePoint));
  }

  toJSON(): Record<string, unknown> {
    return { type: "Nmt" };
  }
}

/** Replaces each character by what `replace` gives; undefined keeps it. */
function mapCharacters(source: AlignedText, replace: (codePoint: number) => string | undefined): AlignedText {
  const { text } = source;
  let builder: AlignedTextBuilder | undefined;
  for (let at = 0; at < text.length; ) {
    const codePoint = text.codePointAt(at)!;
    const next = at + unitsOf(codePoint);
    const replacement = replace(codePoint);
    if (replacement !== undefined && !builder) builder = copyUntil(source, at);
    if (builder) {
      const result = replacement ?? text.slice(at, next);
      if (result !== "") builder.append(result, at, next);
    }
    at = next;
  }
  return builder ? builder.finish() : source;
}

function copyUntil(source: AlignedText, end: number): AlignedTextBuilder {
  const builder = new AlignedTextBuilder(source);
  builder.copy(0, end);
  return builder;
}
