import { type AlignedText, AlignedTextBuilder } from "../aligned-text.ts";
import { unitsOf } from "../character-properties.ts";

/** Cuts normalized text into words, which the model then cuts into tokens. No token ever spans two words. */
export interface PreTokenizer {
  /** Hands the words of `text`, none of them empty, to `words` in their order. */
  preTokenize(text: AlignedText, words: WordReceiver): void;
  /** Where words always end, whatever stands around: at plain spaces, at all white space, or, if absent, nowhere for sure. */
  readonly cuts?: "spaces" | "white space" | undefined;
  /** What is done to the text before it is cut, where it is not the normalizer's work. */
  normalize?(text: AlignedText): AlignedText;
  /** The same for texts of another language, where the rules depend on it. */
  forLanguage?(language: string): PreTokenizer;
  /** As tokenizer.json writes it. */
  toJSON(): Record<string, unknown>;
}

/** Takes words where they stand in a text: most have been seen before and need not be cut out. */
export interface WordReceiver {
  /**
   * Units [start, end) of `text` are a word.
   *
   * @param spelling how the model wants it written, if not as it stands there.
   */
  add(text: AlignedText, start: number, end: number, spelling?: Spelling): void;
}

/** Rewrites words character by character, for example as bytes. */
export interface Spelling {
  rewrite(word: string): string;
  /** UTF-16 units that a character becomes: no fewer than it has. */
  unitsOf(codePoint: number): number;
}

/** The word in this spelling. Every unit stands for the character that it came from. */
function respelled(word: AlignedText, spelling: Spelling): AlignedText {
  const { text } = word;
  const builder = new AlignedTextBuilder(word);
  for (let at = 0; at < text.length; ) {
    const next = at + unitsOf(text.codePointAt(at)!);
    builder.append(spelling.rewrite(text.slice(at, next)), at, next);
    at = next;
  }
  return builder.finish();
}

/** Keeps the words as texts of their own. */
export class WordList implements WordReceiver {
  readonly words: AlignedText[] = [];

  add(text: AlignedText, start: number, end: number, spelling?: Spelling): void {
    const word = text.slice(start, end);
    this.words.push(spelling ? respelled(word, spelling) : word);
  }
}
