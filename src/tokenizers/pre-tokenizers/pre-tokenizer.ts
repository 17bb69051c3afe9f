import type { AlignedText } from "../aligned-text.ts";

/** Cuts normalized text into words, which the model then cuts into tokens. No token ever spans two words. */
export interface PreTokenizer {
  /** Appends the words of `text`, none of them empty, to `words`. */
  preTokenize(text: AlignedText, words: AlignedText[]): void;
  /** As tokenizer.json writes it. */
  toJSON(): Record<string, unknown>;
}
