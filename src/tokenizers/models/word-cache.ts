import { ownString } from "../own-string.ts";
import type { WordTokens } from "./model.ts";

/** Longer words seldom come again: they are not worth the memory, nor the time to store them. */
const LONGEST_WORD = 24;
const MOST_WORDS = 1 << 17;

/** Remembers how words were cut: in running text nearly every word has been seen before. */
export class WordCache {
  #words = new Map<string, WordTokens>();

  get(word: string): WordTokens | undefined {
    return this.#words.get(word);
  }

  set(word: string, tokens: WordTokens): void {
    if (word.length > LONGEST_WORD) return;
    // Beginning anew keeps the memory bounded and costs little: the frequent words are back at once.
    if (this.#words.size >= MOST_WORDS) this.#words = new Map();
    this.#words.set(ownString(word), tokens);
  }
}
