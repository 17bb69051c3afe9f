import { type AlignedText, AlignedTextBuilder } from "../aligned-text.ts";
import { COMPATIBILITY_DECOMPOSED, characterProperties, DECOMPOSED } from "../character-properties.ts";
import type { Normalizer } from "./normalizer.ts";

export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

const ASCII = /^[\0-\x7f]*$/;
/** What may join the character before it: marks, and the vowels and final consonants of Hangul. */
const JOINING = /^[\p{M}\u1161-\u1175\u11a8-\u11c2]$/u;

/** A character of the result, with how many characters of the source it adds (1) or swallows (below 0). */
interface Change {
  readonly character: string;
  readonly change: number;
}

/** The normalization forms of Unicode. Offsets follow the reference: a composed character stands for its base alone. */
export class UnicodeFormNormalizer implements Normalizer {
  readonly form: UnicodeForm;
  readonly #changedBit: number;

  constructor(form: UnicodeForm) {
    this.form = form;
    this.#changedBit = form.startsWith("NFK") ? COMPATIBILITY_DECOMPOSED : DECOMPOSED;
  }

  normalize(source: AlignedText): AlignedText {
    const { text } = source;
    if (ASCII.test(text)) return source;
    const properties = characterProperties();
    const builder = new AlignedTextBuilder(source);
    const characters = Array.from(text);
    let start = 0;
    for (let index = 0; index < characters.length; ) {
      let next = index + 1;
      while (next < characters.length && JOINING.test(characters[next]!)) next++;
      const segment = characters.slice(index, next);
      const changes =
        segment.length === 1 && !(properties[segment[0]!.codePointAt(0)!]! & this.#changedBit)
          ? [{ character: segment[0]!, change: 0 }]
          : this.#normalizeSegment(segment);
      start = applyChanges(builder, segment, changes, start);
      index = next;
    }
    return builder.finish();
  }

  toJSON(): Record<string, unknown> {
    return { type: this.form };
  }

  /** A base character with what joins it: nothing before or after it can matter. */
  #normalizeSegment(segment: readonly string[]): Change[] {
    const properties = characterProperties();
    const decomposedForm = this.form.startsWith("NFK") ? "NFKD" : "NFD";
    const unordered = segment.flatMap((character) => {
      const isChanged = properties[character.codePointAt(0)!]! & this.#changedBit;
      const parts = Array.from(isChanged ? character.normalize(decomposedForm) : character);
      return parts.map((part, index) => ({ character: part, change: index === 0 ? 0 : 1 }));
    });
    const whole = segment.join("");
    const decomposed = take(unordered, Array.from(whole.normalize(decomposedForm)));
    if (this.form === decomposedForm) return decomposed;
    const left = [...decomposed];
    return Array.from(whole.normalize(this.form), (character) => {
      const parts = take(left, Array.from(character.normalize("NFD")));
      const change = parts.reduce((sum, part) => sum + part.change, 0) - (parts.length - 1);
      return { character, change };
    });
  }
}

/** Takes the first entry for each character out of the list. */
function take(list: Change[], characters: readonly string[]): Change[] {
  return characters.map((character) => {
    const index = list.findIndex((entry) => entry.character === character);
    return index < 0 ? { character, change: 0 } : list.splice(index, 1)[0]!;
  });
}

/** Appends a segment's result; returns where the next segment starts. */
function applyChanges(
  builder: AlignedTextBuilder,
  segment: readonly string[],
  changes: readonly Change[],
  start: number,
): number {
  const starts = [start];
  for (const character of segment) starts.push(starts.at(-1)! + character.length);
  const end = starts.at(-1)!;
  let at = 0;
  for (const { character, change } of changes) {
    // What is added stands for the character before it.
    const from = change > 0 ? Math.max(0, at - 1) : Math.min(at, segment.length - 1);
    builder.append(character, starts[from]!, starts[from + 1]!);
    if (change <= 0) at += 1 - change;
  }
  return end;
}
