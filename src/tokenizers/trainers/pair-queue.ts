/** Words in which a pair has arisen. */
export type PairWords = Int32Array | readonly number[];

/**
 * Pairs that wait to be merged: a binary heap that gives the most frequent one first, of equally frequent ones that with
 * the smaller ids. A pair may wait several times, with the words in which it arose each time. There may be millions, so
 * they lie in typed arrays.
 */
export class PairQueue {
  /** What the last `pop` found. */
  pair = 0;
  count = 0;
  words: PairWords = [];
  readonly #pairs: { readonly left: (pair: number) => number; readonly right: (pair: number) => number };
  #size = 0;
  #counts = new Float64Array(1 << 10);
  #entries = new Int32Array(1 << 10);
  /** Pair and words of each entry; entries are used again. */
  readonly #entryPairs: number[] = [];
  readonly #entryWords: PairWords[] = [];
  readonly #free: number[] = [];

  constructor(pairs: { readonly left: (pair: number) => number; readonly right: (pair: number) => number }) {
    this.#pairs = pairs;
  }

  push(pair: number, count: number, words: PairWords): void {
    const entry = this.#free.pop() ?? this.#entryPairs.length;
    this.#entryPairs[entry] = pair;
    this.#entryWords[entry] = words;
    if (this.#size === this.#counts.length) this.#grow();
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#comesBefore(count, entry, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#counts[at] = count;
    this.#entries[at] = entry;
  }

  /** Takes out the first pair and leaves it in `pair`, `count` and `words`; false if there is none. */
  pop(): boolean {
    if (this.#size === 0) return false;
    const entry = this.#entries[0]!;
    this.pair = this.#entryPairs[entry]!;
    this.words = this.#entryWords[entry]!;
    this.count = this.#counts[0]!;
    this.#entryWords[entry] = NO_WORDS;
    this.#free.push(entry);
    this.#size--;
    if (this.#size > 0) this.#sink(this.#counts[this.#size]!, this.#entries[this.#size]!);
    return true;
  }

  #sink(count: number, entry: number): void {
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      const other = child + 1;
      if (other < this.#size && this.#comesBefore(this.#counts[other]!, this.#entries[other]!, child)) child = other;
      if (this.#comesBefore(count, entry, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#counts[at] = count;
    this.#entries[at] = entry;
  }

  #move(from: number, to: number): void {
    this.#counts[to] = this.#counts[from]!;
    this.#entries[to] = this.#entries[from]!;
  }

  /** Whether an entry comes before that at place `at` of the heap. */
  #comesBefore(count: number, entry: number, at: number): boolean {
    const otherCount = this.#counts[at]!;
    if (count !== otherCount) return count > otherCount;
    const [pair, other] = [this.#entryPairs[entry]!, this.#entryPairs[this.#entries[at]!]!];
    const [left, otherLeft] = [this.#pairs.left(pair), this.#pairs.left(other)];
    return left !== otherLeft ? left < otherLeft : this.#pairs.right(pair) < this.#pairs.right(other);
  }

  #grow(): void {
    const [counts, entries] = [new Float64Array(this.#size * 2), new Int32Array(this.#size * 2)];
    counts.set(this.#counts);
    entries.set(this.#entries);
    this.#counts = counts;
    this.#entries = entries;
  }
}

const NO_WORDS: PairWords = [];
