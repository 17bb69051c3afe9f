/** Remembers how words were cut: in running text nearly every word has been seen before. */
import type { WordTokens } from "./models/index.ts";
import { grown, WordTable } from "./word-table.ts";

/** Longer words seldom come again: they are not worth the memory, nor the time to store them. */
const LONGEST_WORD = 32;
const MOST_WORDS = 1 << 17;
const FIRST_TOKENS = 1 << 12;

export class WordCache {
  /** Tokens of all words: those of word w are [`tokenStarts[w]`, `tokenStarts[w + 1]`). */
  ids = new Int32Array(FIRST_TOKENS);
  /** Start and end of each token within its word, in UTF-16 units. */
  starts = new Int32Array(FIRST_TOKENS);
  ends = new Int32Array(FIRST_TOKENS);
  tokenStarts = new Int32Array(FIRST_TOKENS);
  readonly #words = new WordTable();

  /** The number of the word at units [start, end) of a text, or -1 if it is not known. */
  find(text: string, start: number, end: number): number {
    return this.#words.find(text, start, end);
  }

  /**
   * Keeps the tokens of a word that `find` has just not found. The number that it returns holds until the next call, as
   * words that are too long are only kept that long.
   */
  add(text: string, start: number, end: number, tokens: WordTokens): number {
    // Beginning anew keeps the memory bounded and costs little: the frequent words are back at once.
    if (this.#words.size === MOST_WORDS) this.#words.clear();
    const word = this.#words.size;
    this.#write(word, tokens);
    if (end - start <= LONGEST_WORD) this.#words.add(text, start, end);
    return word;
  }

  #write(word: number, { count, ids, starts, ends }: WordTokens): void {
    if (word + 2 > this.tokenStarts.length) this.tokenStarts = grown(this.tokenStarts, word + 2);
    const first = this.tokenStarts[word]!;
    const last = first + count;
    if (last > this.ids.length) {
      this.ids = grown(this.ids, last);
      this.starts = grown(this.starts, last);
      this.ends = grown(this.ends, last);
    }
    for (let index = 0; index < count; index++) {
      this.ids[first + index] = ids[index]!;
      this.starts[first + index] = starts[index]!;
      this.ends[first + index] = ends[index]!;
    }
    this.tokenStarts[word + 1] = last;
  }
}
