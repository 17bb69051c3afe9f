/**
 * A hash table from pairs of ids to numbers, for merges and their counts: open addressing in typed arrays, since a Map
 * with strings or composed numbers as keys is several times slower and larger.
 */
export class PairTable {
  #lefts: Int32Array;
  #rights: Int32Array;
  #values: Int32Array;
  #mask: number;
  #size = 0;

  /** `expected`: about how many pairs will come; the table grows if there are more. */
  constructor(expected = 16) {
    let capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    this.#lefts = new Int32Array(capacity).fill(-1);
    this.#rights = new Int32Array(capacity);
    this.#values = new Int32Array(capacity);
    this.#mask = capacity - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The number of a pair of ids (at least 0), or -1 if it is absent. */
  get(left: number, right: number): number {
    const slot = this.#slotOf(left, right);
    return this.#lefts[slot] === -1 ? -1 : this.#values[slot]!;
  }

  set(left: number, right: number, value: number): void {
    const slot = this.#slotOf(left, right);
    if (this.#lefts[slot] === -1) {
      this.#lefts[slot] = left;
      this.#rights[slot] = right;
      this.#size++;
      this.#values[slot] = value;
      if (this.#size * 2 > this.#mask) this.#grow();
    } else {
      this.#values[slot] = value;
    }
  }

  /** The pair's slot, or the free one where it would go. */
  #slotOf(left: number, right: number): number {
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const found = this.#lefts[slot];
      if (found === -1 || (found === left && this.#rights[slot] === right)) return slot;
    }
  }

  #grow(): void {
    const { lefts, rights, values } = { lefts: this.#lefts, rights: this.#rights, values: this.#values };
    const capacity = lefts.length * 2;
    this.#lefts = new Int32Array(capacity).fill(-1);
    this.#rights = new Int32Array(capacity);
    this.#values = new Int32Array(capacity);
    this.#mask = capacity - 1;
    for (let old = 0; old < lefts.length; old++) {
      if (lefts[old] === -1) continue;
      const slot = this.#slotOf(lefts[old]!, rights[old]!);
      this.#lefts[slot] = lefts[old]!;
      this.#rights[slot] = rights[old]!;
      this.#values[slot] = values[old]!;
    }
  }
}
