import { TokenizerError } from "../../errors.ts";
import { type AlignedText, AlignedTextBuilder } from "../aligned-text.ts";
import type { PreTokenizer, WordReceiver } from "../pre-tokenizers/pre-tokenizer.ts";
import { applyRules, rule } from "../rewritten-text.ts";
import { ACCENT } from "./character-classes.ts";
import { normalizePunctuation } from "./punctuation.ts";
import { separateWords } from "./words.ts";

const IS_ACCENT = new RegExp(`[${ACCENT}]`, "u");
/** Romanian letters lose their diacritics, as the published English-Romanian model was trained. */
const ROMANIAN = [
  ...[rule("[\\u015e\\u0218]", "S"), rule("[\\u015f\\u0219]", "s"), rule("[\\u0162\\u021a]", "T")],
  ...[rule("[\\u0163\\u021b]", "t"), rule("\\u0102|\\u00c2", "A"), rule("\\u0103|\\u00e2", "a")],
  ...[rule("\\u00ce", "I"), rule("\\u00ee", "i")],
];

export interface MosesOptions {
  /** Code of the text's language, such as `en`; rules for quotes, apostrophes and abbreviations depend on it. */
  readonly language: string;
  /** Make all letters small and drop their accents. */
  readonly lowercaseAndRemoveAccents: boolean;
}

/**
 * XLM's way to cut text into words: the Moses scripts' normalization and tokenizer.
 *
 * Lample and Conneau 2019, https://arxiv.org/abs/1901.07291, §5.1. Only text that went through it has its normalized
 * form; tokens are still found in the original one.
 */
export class MosesPreTokenizer implements PreTokenizer {
  readonly options: MosesOptions;

  constructor(options: MosesOptions) {
    this.options = options;
  }

  preTokenize(source: AlignedText, words: WordReceiver): void {
    const { language, lowercaseAndRemoveAccents } = this.options;
    const separated = separateWords(this.normalize(source), language);
    for (let start = 0; start < separated.text.length; ) {
      const space = separated.text.indexOf(" ", start);
      const end = space < 0 ? separated.text.length : space;
      const word = separated.slice(start, end);
      const result = lowercaseAndRemoveAccents ? lowercaseWithoutAccents(word) : word;
      if (result.text !== "") words.add(result, 0, result.text.length);
      start = end + 1;
    }
  }

  /** The text before it is cut. */
  normalize(source: AlignedText): AlignedText {
    const { language } = this.options;
    const text = normalizePunctuation(source, language);
    return language === "ro" ? applyRules(text, ROMANIAN) : text;
  }

  forLanguage(language: string): MosesPreTokenizer {
    if (!["zh", "ja", "th"].includes(language)) return new MosesPreTokenizer({ ...this.options, language });
    throw new TokenizerError(`XLM cuts ${language} with a dictionary, which is not here.`, {
      field: "lang",
      expected: "a language that puts spaces between words",
      received: language,
      hint: "Cut the text before (Intl.Segmenter can), and pass the words with isSplitIntoWords: true and without lang.",
    });
  }

  toJSON(): Record<string, unknown> {
    return { type: "Moses", language: this.options.language };
  }
}

function lowercaseWithoutAccents(word: AlignedText): AlignedText {
  const builder = new AlignedTextBuilder(word);
  // A sigma at the end of the word has a small letter of its own.
  const lowercase = word.text.toLowerCase();
  let at = 0;
  let lowercaseAt = 0;
  for (const character of word.text) {
    const next = at + character.length;
    const lowercaseNext = lowercaseAt + character.toLowerCase().length;
    for (const part of lowercase.slice(lowercaseAt, lowercaseNext).normalize("NFD")) {
      if (!IS_ACCENT.test(part)) builder.append(part, at, next);
    }
    at = next;
    lowercaseAt = lowercaseNext;
  }
  return builder.finish();
}
