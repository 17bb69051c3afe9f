/**
 * GPT-2's pre-tokenizer: cuts text into words that carry the space before them, and writes each word's UTF-8 bytes as
 * characters, so that 256 symbols cover all text.
 *
 * Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", §2.2. The published pattern is
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`; it is matched here by hand.
 */
import type { AlignedText } from "../aligned-text.ts";
import { forEachByte } from "../byte-characters.ts";
import { characterProperties, LETTER, NUMBER, unitsOf, WHITESPACE } from "../character-properties.ts";
import type { JsonFields } from "../json-fields.ts";
import { prependText } from "../normalizers/edges.ts";
import type { PreTokenizer, Spelling, WordReceiver } from "./pre-tokenizer.ts";

const SPACE = 0x20;
const APOSTROPHE = 0x27;
const CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
/** Characters that are made into a string in one call; engines limit the number of arguments. */
const CODES_AT_ONCE = 4096;
/** What bytes and characters agree on. */
const WORD_OF_ASCII = /^ ?[!-~]+$/;

export interface ByteLevelOptions {
  /** Put a space before a text that begins without one. */
  readonly addPrefixSpace: boolean;
  /** Only kept and written back: the post-processor of the same name obeys it. */
  readonly trimOffsets: boolean;
  /** Cut into words; if not, the text stays whole. */
  readonly useRegex: boolean;
}

export class ByteLevelPreTokenizer implements PreTokenizer {
  readonly options: ByteLevelOptions;

  constructor(options: Partial<ByteLevelOptions> = {}) {
    this.options = { addPrefixSpace: true, trimOffsets: true, useRegex: true, ...options };
  }

  get cuts(): "spaces" | undefined {
    return this.options.useRegex ? "spaces" : undefined;
  }

  static fromJSON(fields: JsonFields): ByteLevelPreTokenizer {
    return new ByteLevelPreTokenizer(readByteLevelOptions(fields));
  }

  preTokenize(source: AlignedText, words: WordReceiver): void {
    if (source.text === "") return;
    const spaced = this.options.addPrefixSpace && source.text[0] !== " " ? prependText(source, " ") : source;
    if (!this.options.useRegex) {
      words.add(spaced, 0, spaced.text.length, BYTES);
      return;
    }
    const { text } = spaced;
    for (let at = 0; at < text.length; ) {
      const end = endOfWord(text, at);
      words.add(spaced, at, end, BYTES);
      at = end;
    }
  }

  toJSON(): Record<string, unknown> {
    return byteLevelToJSON(this.options);
  }
}

/** The fields that the pre-tokenizer, the post-processor and the decoder of this name share. */
export function readByteLevelOptions(fields: JsonFields): ByteLevelOptions {
  return {
    addPrefixSpace: fields.boolean("add_prefix_space", true),
    trimOffsets: fields.boolean("trim_offsets", true),
    useRegex: fields.boolean("use_regex", true),
  };
}

export function byteLevelToJSON(options: ByteLevelOptions): Record<string, unknown> {
  return {
    type: "ByteLevel",
    add_prefix_space: options.addPrefixSpace,
    trim_offsets: options.trimOffsets,
    use_regex: options.useRegex,
  };
}

/** UTF-8, each byte as its character. */
const BYTES: Spelling = {
  rewrite(word) {
    if (WORD_OF_ASCII.test(word)) return word[0] === " " ? `Ġ${word.slice(1)}` : word;
    let written = "";
    for (let done = 0; done < word.length; ) {
      const codes: number[] = [];
      while (done < word.length && codes.length < CODES_AT_ONCE) {
        const codePoint = word.codePointAt(done)!;
        done += unitsOf(codePoint);
        forEachByte(codePoint, (code) => codes.push(code));
      }
      written += String.fromCharCode.apply(null, codes);
    }
    return written;
  },
  unitsOf: (codePoint) => (codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4),
};

/** End of the pattern's match at `start`; there always is one. */
function endOfWord(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === APOSTROPHE) {
    for (const contraction of CONTRACTIONS) {
      if (text.startsWith(contraction, start)) return start + contraction.length;
    }
  }
  const bodyStart = first === SPACE ? start + 1 : start;
  const bodyKind = kindAt(text, bodyStart);
  if (bodyKind !== WHITESPACE) return endOfRun(text, bodyStart, bodyKind);
  const end = endOfRun(text, start, WHITESPACE);
  // A space before a word belongs to that word, so the last one of a run stays behind.
  return end < text.length && end - start > 1 ? end - 1 : end;
}

/** LETTER, NUMBER, WHITESPACE (also at the end of the text) or 0 for all else. */
function kindAt(text: string, at: number): number {
  if (at >= text.length) return WHITESPACE;
  return characterProperties()[text.codePointAt(at)!]! & (LETTER | NUMBER | WHITESPACE);
}

function endOfRun(text: string, start: number, kind: number): number {
  const properties = characterProperties();
  let at = start;
  while (at < text.length) {
    const codePoint = text.codePointAt(at)!;
    if ((properties[codePoint]! & (LETTER | NUMBER | WHITESPACE)) !== kind) break;
    at += unitsOf(codePoint);
  }
  return at;
}
