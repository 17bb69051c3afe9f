/**
 * A hash table from pairs of ids to numbers, for merges and their counts: open addressing in a typed array, since a Map
 * with strings or composed numbers as keys is several times slower and larger.
 */

/** Fields of an entry. */
const WIDTH = 3;

export class PairTable {
  /** Left, right and value of each slot, side by side, since they are looked at together; left is -1 in free ones. */
  #entries: Int32Array;
  #mask: number;
  #size = 0;

  /** `expected`: about how many pairs will come; the table grows if there are more. */
  constructor(expected = 16) {
    let capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    this.#entries = freeEntries(capacity);
    this.#mask = capacity - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The number of a pair of ids (at least 0), or -1 if it is absent. */
  get(left: number, right: number): number {
    const at = this.#find(left, right);
    return this.#entries[at] === -1 ? -1 : this.#entries[at + 2]!;
  }

  set(left: number, right: number, value: number): void {
    const entries = this.#entries;
    const at = this.#find(left, right);
    const isNew = entries[at] === -1;
    entries[at] = left;
    entries[at + 1] = right;
    entries[at + 2] = value;
    if (isNew && ++this.#size * 2 > this.#mask) this.#grow();
  }

  /** Where the pair's entry begins, or the free one where it would go. */
  #find(left: number, right: number): number {
    const entries = this.#entries;
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * WIDTH;
      const found = entries[at];
      if (found === -1 || (found === left && entries[at + 1] === right)) return at;
    }
  }

  #grow(): void {
    const old = this.#entries;
    this.#mask = this.#mask * 2 + 1;
    this.#entries = freeEntries(this.#mask + 1);
    for (let from = 0; from < old.length; from += WIDTH) {
      if (old[from] === -1) continue;
      const to = this.#find(old[from]!, old[from + 1]!);
      for (let field = 0; field < WIDTH; field++) this.#entries[to + field] = old[from + field]!;
    }
  }
}

function freeEntries(capacity: number): Int32Array {
  return new Int32Array(capacity * WIDTH).fill(-1);
}
