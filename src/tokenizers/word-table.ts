/**
 * Numbers words in the order in which they first come: a hash table with open addressing in a few typed arrays.
 *
 * A word is found by its units where it stands in its text, without being cut out of it, and a million words cost the
 * garbage collector nothing.
 */

const FIRST_WORDS = 1 << 10;
/** Units that are made into a string in one call; engines limit the number of arguments. */
const UNITS_AT_ONCE = 4096;

export class WordTable {
  #size = 0;
  /** Number of the word plus one, or 0. */
  #slots = new Int32Array(FIRST_WORDS * 2);
  #hashes = new Int32Array(FIRST_WORDS);
  /** Units of all words: those of word w are [`#starts[w]`, `#starts[w + 1]`). */
  #units = new Uint16Array(FIRST_WORDS * 4);
  #starts = new Int32Array(FIRST_WORDS + 1);
  /** Hash of the word that was looked for last. */
  #hash = 0;

  /** Words so far. */
  get size(): number {
    return this.#size;
  }

  /** Units of all words together. */
  get unitCount(): number {
    return this.#starts[this.#size]!;
  }

  /** The number of the word at units [start, end) of a text, or -1 if it is not known. */
  find(text: string, start: number, end: number): number {
    let hash = end - start;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1);
    hash ^= hash >>> 15;
    this.#hash = hash;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const word = this.#slots[slot]! - 1;
      if (word < 0 || (this.#hashes[word] === hash && this.#isWord(word, text, start, end))) return word;
    }
  }

  /** Numbers a word that `find` has just not found. */
  add(text: string, start: number, end: number): number {
    const first = this.#reserve(end - start);
    for (let at = start; at < end; at++) this.#units[first + at - start] = text.charCodeAt(at);
    return this.#enter(this.#hash, first + end - start);
  }

  /** The text of a word. */
  wordAt(word: number): string {
    const units = this.#units.subarray(this.#starts[word], this.#starts[word + 1]);
    let text = "";
    for (let at = 0; at < units.length; at += UNITS_AT_ONCE) {
      // Any list of numbers will do, but the types ask for an array.
      text += String.fromCharCode.apply(null, units.subarray(at, at + UNITS_AT_ONCE) as unknown as number[]);
    }
    return text;
  }

  /** Forgets the words for which `isKept` is false; the others are numbered anew, in the same order. */
  retain(isKept: (word: number) => boolean): void {
    const before = { size: this.#size, units: this.#units, starts: this.#starts, hashes: this.#hashes };
    this.clear();
    for (let word = 0; word < before.size; word++) {
      if (!isKept(word)) continue;
      // Everything moves to the front, so that nothing is overwritten before it was read.
      const [start, end, hash] = [before.starts[word]!, before.starts[word + 1]!, before.hashes[word]!];
      const first = this.#reserve(end - start);
      this.#units.copyWithin(first, start, end);
      this.#enter(hash, first + end - start);
    }
  }

  clear(): void {
    this.#size = 0;
    this.#slots.fill(0);
  }

  #isWord(word: number, text: string, start: number, end: number): boolean {
    const first = this.#starts[word]!;
    const length = end - start;
    if (this.#starts[word + 1]! - first !== length) return false;
    for (let at = 0; at < length; at++) if (this.#units[first + at] !== text.charCodeAt(start + at)) return false;
    return true;
  }

  /** Makes room for a word of `length` units, and says where they go. */
  #reserve(length: number): number {
    if (this.#size === this.#hashes.length) this.#growWords();
    const first = this.unitCount;
    if (first + length > this.#units.length) {
      const units = new Uint16Array(Math.max(first + length, this.#units.length * 2));
      units.set(this.#units);
      this.#units = units;
    }
    return first;
  }

  #enter(hash: number, end: number): number {
    const word = this.#size++;
    this.#hashes[word] = hash;
    this.#starts[word + 1] = end;
    this.#takeSlot(word);
    return word;
  }

  #takeSlot(word: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[word]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = word + 1;
  }

  #growWords(): void {
    const room = this.#hashes.length * 2;
    this.#hashes = grown(this.#hashes, room);
    this.#starts = grown(this.#starts, room + 1);
    this.#slots = new Int32Array(room * 2);
    for (let word = 0; word < this.#size; word++) this.#takeSlot(word);
  }
}

/** The same values with room for at least `needed`, and for twice as many as before. */
export function grown(values: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  const result = new Int32Array(Math.max(needed, values.length * 2));
  result.set(values);
  return result;
}
