/** A rank and a position in one number; doubles hold 2^53 exactly, ranks stay below 2^22 and words below 2^31 units. */
const POSITIONS = 2 ** 31;

/** The pairs of a word that can be merged: a binary heap, lowest rank first, of equal ranks the leftmost. */
export class MergeQueue {
  /** What the last `pop` found. */
  rank = 0;
  position = 0;
  readonly #heap: number[] = [];

  clear(): void {
    this.#heap.length = 0;
  }

  push(rank: number, position: number): void {
    const heap = this.#heap;
    const key = rank * POSITIONS + position;
    let at = heap.length;
    heap.push(key);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= key) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = key;
  }

  /** Takes the first pair and leaves it in `rank` and `position`; false if there is none. */
  pop(): boolean {
    const heap = this.#heap;
    if (heap.length === 0) return false;
    const key = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    this.rank = Math.floor(key / POSITIONS);
    this.position = key - this.rank * POSITIONS;
    return true;
  }

  #sink(key: number): void {
    const heap = this.#heap;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= key) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = key;
  }
}
