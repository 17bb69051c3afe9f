/**
 * A hash table from pairs of ids to numbers, for merges and their counts: open addressing in a typed array, since a Map
 * with strings or composed numbers as keys is several times slower and larger.
 */

/** Slots for each word of the filter: eight bits a slot. */
const WORDS_PER_FILTER = 4;
/** Fields of an entry. */
const WIDTH = 3;

export class PairTable {
  /** Left, right and value of each slot, side by side, since they are looked at together; left is -1 in free ones. */
  #entries: Int32Array;
  /** A bit for each pair's hash: most pairs that are asked for are absent, and this much stays in the nearest cache. */
  #filter: Int32Array;
  #mask: number;
  #size = 0;

  /** `expected`: about how many pairs will come; the table grows if there are more. */
  constructor(expected = 16) {
    let capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    this.#entries = freeEntries(capacity);
    this.#filter = new Int32Array(capacity / WORDS_PER_FILTER);
    this.#mask = capacity - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The number of a pair of ids (at least 0), or -1 if it is absent. */
  get(left: number, right: number): number {
    const hash = hashOf(left, right);
    const bit = hash & (this.#mask * 8 + 7);
    if (((this.#filter[bit >>> 5]! >>> (bit & 31)) & 1) === 0) return -1;
    const at = this.#find(left, right, hash);
    return this.#entries[at] === -1 ? -1 : this.#entries[at + 2]!;
  }

  set(left: number, right: number, value: number): void {
    const entries = this.#entries;
    const hash = hashOf(left, right);
    const at = this.#find(left, right, hash);
    const isNew = entries[at] === -1;
    entries[at] = left;
    entries[at + 1] = right;
    entries[at + 2] = value;
    if (!isNew) return;
    this.#mark(hash);
    if (++this.#size * 2 > this.#mask) this.#grow();
  }

  /** Where the pair's entry begins, or the free one where it would go. */
  #find(left: number, right: number, hash: number): number {
    const entries = this.#entries;
    for (let slot = (hash >>> 3) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * WIDTH;
      const found = entries[at];
      if (found === -1 || (found === left && entries[at + 1] === right)) return at;
    }
  }

  #mark(hash: number): void {
    const bit = hash & (this.#mask * 8 + 7);
    this.#filter[bit >>> 5]! |= 1 << (bit & 31);
  }

  #grow(): void {
    const old = this.#entries;
    this.#mask = this.#mask * 2 + 1;
    this.#entries = freeEntries(this.#mask + 1);
    this.#filter = new Int32Array((this.#mask + 1) / WORDS_PER_FILTER);
    for (let from = 0; from < old.length; from += WIDTH) {
      if (old[from] === -1) continue;
      const hash = hashOf(old[from]!, old[from + 1]!);
      const to = this.#find(old[from]!, old[from + 1]!, hash);
      for (let field = 0; field < WIDTH; field++) this.#entries[to + field] = old[from + field]!;
      this.#mark(hash);
    }
  }
}

function hashOf(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

function freeEntries(capacity: number): Int32Array {
  return new Int32Array(capacity * WIDTH).fill(-1);
}
