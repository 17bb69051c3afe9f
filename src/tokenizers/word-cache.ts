/**
 * Remembers how words were cut: in running text nearly every word has been seen before.
 *
 * Everything lies in a few typed arrays, so that a hundred thousand words cost the garbage collector nothing, and a word
 * is found by its units where it stands in its text, without being cut out of it.
 */
import type { WordTokens } from "./models/model.ts";

/** Longer words seldom come again: they are not worth the memory, nor the time to store them. */
const LONGEST_WORD = 32;
const MOST_WORDS = 1 << 17;
const FIRST_WORDS = 1 << 10;
/** Units of keys, and tokens, for which there is room at first, for each word. */
const ROOM_EACH = 4;

export class WordCache {
  /** Tokens of all words: those of word w are [`tokenStarts[w]`, `tokenStarts[w + 1]`). */
  ids = new Int32Array(FIRST_WORDS * ROOM_EACH);
  /** Start and end of each token within its word, in UTF-16 units. */
  starts = new Int32Array(FIRST_WORDS * ROOM_EACH);
  ends = new Int32Array(FIRST_WORDS * ROOM_EACH);
  tokenStarts = new Int32Array(FIRST_WORDS + 2);

  #size = 0;
  /** Hash table with open addressing: number of the word plus one, or 0. */
  #slots = new Int32Array(FIRST_WORDS * 2);
  #hashes = new Int32Array(FIRST_WORDS);
  #keys = new Uint16Array(FIRST_WORDS * ROOM_EACH);
  #keyStarts = new Int32Array(FIRST_WORDS + 1);
  /** Hash of the word that was looked for last. */
  #hash = 0;

  /** The number of the word that stands at units [start, end) of a text, or -1 if it is not known. */
  find(text: string, start: number, end: number): number {
    let hash = end - start;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1);
    hash ^= hash >>> 15;
    this.#hash = hash;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const word = this.#slots[slot]! - 1;
      if (word < 0 || (this.#hashes[word] === hash && this.#isKey(word, text, start, end))) return word;
    }
  }

  /**
   * Keeps the tokens of a word that `find` has just not found. The number that it returns holds until the next call, as
   * words that are too long are only kept that long.
   */
  add(text: string, start: number, end: number, tokens: WordTokens): number {
    const isKept = end - start <= LONGEST_WORD;
    // Beginning anew keeps the memory bounded and costs little: the frequent words are back at once.
    if (this.#size === MOST_WORDS) this.#clear();
    const word = this.#size;
    if (isKept && word === this.#hashes.length) this.#growWords();
    this.#writeTokens(word, tokens);
    if (isKept) this.#writeKey(word, text, start, end);
    return word;
  }

  #isKey(word: number, text: string, start: number, end: number): boolean {
    const keyStart = this.#keyStarts[word]!;
    const length = end - start;
    if (this.#keyStarts[word + 1]! - keyStart !== length) return false;
    for (let at = 0; at < length; at++) if (this.#keys[keyStart + at] !== text.charCodeAt(start + at)) return false;
    return true;
  }

  #writeTokens(word: number, { ids, starts, ends }: WordTokens): void {
    const first = this.tokenStarts[word]!;
    const last = first + ids.length;
    if (last > this.ids.length) {
      this.ids = longer(this.ids, last);
      this.starts = longer(this.starts, last);
      this.ends = longer(this.ends, last);
    }
    for (let index = 0; index < ids.length; index++) {
      this.ids[first + index] = ids[index]!;
      this.starts[first + index] = starts[index]!;
      this.ends[first + index] = ends[index]!;
    }
    this.tokenStarts[word + 1] = last;
  }

  #writeKey(word: number, text: string, start: number, end: number): void {
    const keyStart = this.#keyStarts[word]!;
    const keyEnd = keyStart + end - start;
    if (keyEnd > this.#keys.length) {
      const keys = new Uint16Array(Math.max(keyEnd, this.#keys.length * 2));
      keys.set(this.#keys);
      this.#keys = keys;
    }
    for (let at = start; at < end; at++) this.#keys[keyStart + at - start] = text.charCodeAt(at);
    this.#keyStarts[word + 1] = keyEnd;
    this.#hashes[word] = this.#hash;
    this.#size++;
    this.#enter(word);
  }

  #enter(word: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[word]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = word + 1;
  }

  #growWords(): void {
    const room = this.#hashes.length * 2;
    this.#hashes = longer(this.#hashes, room);
    this.#keyStarts = longer(this.#keyStarts, room + 1);
    this.tokenStarts = longer(this.tokenStarts, room + 2);
    this.#slots = new Int32Array(room * 2);
    for (let word = 0; word < this.#size; word++) this.#enter(word);
  }

  #clear(): void {
    this.#size = 0;
    this.#slots.fill(0);
  }
}

function longer(values: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  const result = new Int32Array(Math.max(needed, values.length * 2));
  result.set(values);
  return result;
}
