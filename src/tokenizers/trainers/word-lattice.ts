import { UNKNOWN_PENALTY } from "../models/unigram.ts";

/** A piece that may stand in a word: which, and where. */
interface Node {
  readonly piece: number;
  readonly start: number;
  readonly end: number;
}

/** All ways to write a word with the pieces that are left: what Unigram training looks at, word by word. */
export class WordLattice {
  /** Nodes of the word in the order of their starts, then of their lengths. */
  readonly #pieces: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #scores: number[] = [];
  #length = 0;
  #forward = new Float64Array(64);
  #backward = new Float64Array(64);
  #bestNodes = new Int32Array(64);

  /**
   * Lays out a word.
   *
   * @param scores log-probability of each piece; one that is not finite is gone.
   * @param without a piece that is left out.
   */
  read(word: string, nodesOf: NodeFinder, scores: Float64Array, worstScore: number, without = -1): void {
    this.#length = word.length;
    for (const list of [this.#pieces, this.#starts, this.#ends, this.#scores]) list.length = 0;
    for (let start = 0; start < word.length; ) {
      const next = start + (word.codePointAt(start)! > 0xffff ? 2 : 1);
      let hasCharacter = false;
      nodesOf(word, start, (piece, end) => {
        const score = scores[piece]!;
        if (!Number.isFinite(score) || piece === without) return;
        this.#add({ piece, start, end }, score);
        if (end === next) hasCharacter = true;
      });
      if (!hasCharacter) this.#add({ piece: UNKNOWN_PIECE, start, end: next }, worstScore - UNKNOWN_PENALTY);
      start = next;
    }
    if (this.#forward.length <= word.length) {
      this.#forward = new Float64Array(word.length * 2);
      this.#backward = new Float64Array(word.length * 2);
      this.#bestNodes = new Int32Array(word.length * 2);
    }
  }

  /** The best way to write the word: its pieces in order, and its log-probability. */
  best(): { pieces: number[]; score: number } {
    const best = this.#forward.fill(Number.NEGATIVE_INFINITY, 0, this.#length + 1);
    best[0] = 0;
    for (let node = 0; node < this.#pieces.length; node++) {
      const score = best[this.#starts[node]!]! + this.#scores[node]!;
      const end = this.#ends[node]!;
      if (score <= best[end]!) continue;
      best[end] = score;
      this.#bestNodes[end] = node;
    }
    const pieces: number[] = [];
    for (let end = this.#length; end > 0; end = this.#starts[this.#bestNodes[end]!]!) {
      pieces.push(this.#pieces[this.#bestNodes[end]!]!);
    }
    return { pieces: pieces.reverse(), score: best[this.#length]! };
  }

  /** Adds to `expected` how often each piece is to be expected in the word, weighted by its probability. */
  addExpected(weight: number, expected: Float64Array): void {
    const forward = this.#forward.fill(Number.NEGATIVE_INFINITY, 0, this.#length + 1);
    const backward = this.#backward.fill(Number.NEGATIVE_INFINITY, 0, this.#length + 1);
    forward[0] = 0;
    backward[this.#length] = 0;
    const count = this.#pieces.length;
    for (let node = 0; node < count; node++) {
      const end = this.#ends[node]!;
      forward[end] = logSum(forward[end]!, forward[this.#starts[node]!]! + this.#scores[node]!);
    }
    for (let node = count - 1; node >= 0; node--) {
      const start = this.#starts[node]!;
      backward[start] = logSum(backward[start]!, backward[this.#ends[node]!]! + this.#scores[node]!);
    }
    const total = forward[this.#length]!;
    for (let node = 0; node < count; node++) {
      const path = forward[this.#starts[node]!]! + this.#scores[node]! + backward[this.#ends[node]!]!;
      expected[this.#pieces[node]!]! += weight * Math.exp(path - total);
    }
  }

  #add({ piece, start, end }: Node, score: number): void {
    this.#pieces.push(piece);
    this.#starts.push(start);
    this.#ends.push(end);
    this.#scores.push(score);
  }
}

/** Stands for characters that no piece writes. */
const UNKNOWN_PIECE = 0;

/** Calls `receive` with each piece that stands at `start` in the word, from the shortest to the longest. */
export type NodeFinder = (word: string, start: number, receive: (piece: number, end: number) => void) => void;

/** log(exp(a) + exp(b)). */
function logSum(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low < high - 50 ? high : high + Math.log1p(Math.exp(low - high));
}
