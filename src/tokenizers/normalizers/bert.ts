/**
 * BERT's normalizer: clean the text, set ideographs apart, strip accents, lower-case.
 *
 * Devlin et al. 2019, https://arxiv.org/abs/1810.04805; the rules are those of the published `BasicTokenizer`.
 * Each rule looks at one character alone, so that the whole is a map from code points to strings, filled as they occur.
 */
import { type AlignedText, AlignedTextBuilder } from "../aligned-text.ts";
import {
  characterProperties,
  DECOMPOSED,
  IDEOGRAPH,
  NONSPACING_MARK,
  REMOVED,
  unitsOf,
  WHITESPACE,
} from "../character-properties.ts";
import type { JsonFields } from "../json-fields.ts";
import type { Normalizer } from "./normalizer.ts";
import { UnicodeFormNormalizer } from "./unicode-form.ts";

export interface BertNormalizerOptions {
  /** Delete control characters, and make every white space a plain one. */
  readonly cleanText: boolean;
  /** Put spaces around CJK ideographs, so that each becomes a word. */
  readonly handleChineseCharacters: boolean;
  /** Undefined: as `lowercase` says. */
  readonly stripAccents: boolean | undefined;
  readonly lowercase: boolean;
}

const decomposition = new UnicodeFormNormalizer("NFD");
const MARK = /\p{M}/u;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

export class BertNormalizer implements Normalizer {
  readonly isLocal = true;
  readonly options: BertNormalizerOptions;
  readonly #replacements = new Map<number, string>();
  /** Replacement of each unit that is a character by itself and becomes one unit; 0 where that is not so, or not known. */
  readonly #units = new Uint16Array(0x10000);

  constructor(options: BertNormalizerOptions) {
    this.options = options;
  }

  static fromJSON(fields: JsonFields): BertNormalizer {
    return new BertNormalizer({
      cleanText: fields.boolean("clean_text", true),
      handleChineseCharacters: fields.boolean("handle_chinese_chars", true),
      stripAccents: fields.optionalBoolean("strip_accents"),
      lowercase: fields.boolean("lowercase", true),
    });
  }

  normalize(source: AlignedText): AlignedText {
    if (PRINTABLE_ASCII.test(source.text)) {
      return this.options.lowercase ? source.withText(source.text.toLowerCase()) : source;
    }
    const ordered = this.#reorderMarks(source);
    const { text } = ordered;
    const builder = new AlignedTextBuilder(ordered);
    const units = this.#units;
    for (let at = 0; at < text.length; ) {
      const unit = units[text.charCodeAt(at)]!;
      if (unit !== 0) {
        builder.appendUnit(unit, at, at + 1);
        at++;
        continue;
      }
      const codePoint = text.codePointAt(at)!;
      const next = at + unitsOf(codePoint);
      const replacement = this.#replacementOf(codePoint);
      if (replacement !== "") builder.append(replacement, at, next);
      at = next;
    }
    return builder.finish();
  }

  toJSON(): Record<string, unknown> {
    const { cleanText, handleChineseCharacters, stripAccents, lowercase } = this.options;
    return {
      type: "BertNormalizer",
      clean_text: cleanText,
      handle_chinese_chars: handleChineseCharacters,
      strip_accents: stripAccents ?? null,
      lowercase,
    };
  }

  /** Stripping accents decomposes the text, which may reorder the marks that stay: the one rule beyond single characters. */
  #reorderMarks(source: AlignedText): AlignedText {
    if (!(this.options.stripAccents ?? this.options.lowercase) || !MARK.test(source.text)) return source;
    const properties = characterProperties();
    for (const character of source.text) {
      const isKept = !(properties[character.codePointAt(0)!]! & NONSPACING_MARK);
      if (isKept && MARK.test(character)) return decomposition.normalize(source);
    }
    return source;
  }

  #replacementOf(codePoint: number): string {
    let replacement = this.#replacements.get(codePoint);
    if (replacement === undefined) {
      replacement = replaceCharacter(codePoint, this.options);
      this.#replacements.set(codePoint, replacement);
      // Half of a pair may come alone in one text and with its other half in the next.
      const isCharacter = codePoint <= 0xffff && (codePoint & 0xf800) !== 0xd800;
      if (isCharacter && replacement.length === 1) this.#units[codePoint] = replacement.charCodeAt(0);
    }
    return replacement;
  }
}

function replaceCharacter(codePoint: number, options: BertNormalizerOptions): string {
  const properties = characterProperties();
  const kind = properties[codePoint]!;
  let result = String.fromCodePoint(codePoint);
  if (options.cleanText) {
    if (kind & REMOVED) return "";
    if (kind & WHITESPACE) return " ";
  }
  if (options.stripAccents ?? options.lowercase) result = stripAccents(result, kind);
  // Character by character: the whole word's lower case would end a Greek word in another sigma.
  if (options.lowercase) result = Array.from(result, (character) => character.toLowerCase()).join("");
  return options.handleChineseCharacters && kind & IDEOGRAPH ? ` ${result} ` : result;
}

function stripAccents(character: string, kind: number): string {
  const properties = characterProperties();
  const decomposed = kind & DECOMPOSED ? character.normalize("NFD") : character;
  return Array.from(decomposed)
    .filter((part) => !(properties[part.codePointAt(0)!]! & NONSPACING_MARK))
    .join("");
}
