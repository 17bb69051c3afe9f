import { ROOT, type TokenTrie } from "../models/token-trie.ts";

/** The pieces that are left, as a lattice asks for them. */
export interface LatticePieces {
  /** Finds pieces by their text; some that it finds may be gone. */
  readonly trie: TokenTrie;
  /** Log-probability of each piece; one that is not finite is gone. */
  readonly scores: Float64Array;
  /** Score of a character that no piece writes. */
  readonly unknownScore: number;
}

/** Stands for characters that no piece writes. */
export const UNKNOWN_PIECE = 0;
/** Sums of probabilities are scaled back when they leave this range, so that long words do not underflow. */
const SMALLEST = 1e-100;
const LARGEST = 1e100;

/** All ways to write a word with the pieces that are left: what Unigram training looks at, word by word. */
export class WordLattice {
  /** Nodes of the word, each a piece that may stand there, in the order of their starts, then of their lengths. */
  #count = 0;
  #pieces = new Int32Array(256);
  #starts = new Int32Array(256);
  #ends = new Int32Array(256);
  #scores = new Float64Array(256);
  #longest = 0;
  #length = 0;
  /** Sums over the ways to write the word up to a place, and from there on, and the logarithms of what they lack. */
  #forward = new Float64Array(64);
  #forwardScales = new Float64Array(64);
  #backward = new Float64Array(64);
  #backwardScales = new Float64Array(64);
  #bestNodes = new Int32Array(64);

  /**
   * Lays out a word.
   *
   * @param without a piece that is left out.
   */
  read(word: string, { trie, scores, unknownScore }: LatticePieces, without = -1): void {
    this.#length = word.length;
    this.#count = 0;
    this.#longest = 0;
    for (let start = 0; start < word.length; ) {
      const next = start + (word.codePointAt(start)! > 0xffff ? 2 : 1);
      let hasCharacter = false;
      let node = ROOT;
      for (let at = start; at < word.length; ) {
        node = trie.child(node, word.charCodeAt(at++));
        if (node === 0) break;
        const piece = trie.tokenAt(node);
        if (piece < 0 || piece === without || !Number.isFinite(scores[piece])) continue;
        this.#add(piece, start, at, scores[piece]!);
        if (at === next) hasCharacter = true;
      }
      if (!hasCharacter) this.#add(UNKNOWN_PIECE, start, next, unknownScore);
      start = next;
    }
    if (this.#forward.length <= word.length) this.#growPlaces(word.length * 2);
  }

  /** The best way to write the word: its pieces in order, and its log-probability. */
  best(): { pieces: number[]; score: number } {
    const best = this.#forward.fill(Number.NEGATIVE_INFINITY, 0, this.#length + 1);
    best[0] = 0;
    for (let node = 0; node < this.#count; node++) {
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
  addExpected(weight: number, expected: Float64Array, probabilityOf: (piece: number) => number): void {
    // From here on the scores of the nodes are probabilities.
    for (let node = 0; node < this.#count; node++) this.#scores[node] = probabilityOf(this.#pieces[node]!);
    this.#sumForward();
    this.#sumBackward();
    const share = weight / this.#forward[this.#length]!;
    const totalScale = this.#forwardScales[this.#length]!;
    for (let node = 0; node < this.#count; node++) {
      const [start, end] = [this.#starts[node]!, this.#ends[node]!];
      const scale = this.#forwardScales[start]! + this.#backwardScales[end]! - totalScale;
      const path = this.#forward[start]! * this.#scores[node]! * this.#backward[end]! * share;
      expected[this.#pieces[node]!]! += scale === 0 ? path : path * Math.exp(scale);
    }
  }

  #sumForward(): void {
    const sums = this.#forward.fill(0, 0, this.#length + 1);
    const scales = this.#forwardScales;
    sums[0] = 1;
    let scale = 0;
    let place = -1;
    const finish = (at: number): void => {
      place = at;
      const sum = sums[at]!;
      if (sum < SMALLEST || sum > LARGEST) {
        // What was added beyond this place is on the old scale.
        const end = Math.min(this.#length, at + this.#longest);
        for (let ahead = at; ahead <= end; ahead++) sums[ahead]! /= sum;
        scale += Math.log(sum);
      }
      scales[at] = scale;
    };
    for (let node = 0; node < this.#count; node++) {
      const start = this.#starts[node]!;
      if (start !== place) finish(start);
      sums[this.#ends[node]!]! += sums[start]! * this.#scores[node]!;
    }
    finish(this.#length);
  }

  #sumBackward(): void {
    const sums = this.#backward.fill(0, 0, this.#length + 1);
    const scales = this.#backwardScales.fill(0, 0, this.#length + 1);
    sums[this.#length] = 1;
    let place = this.#length;
    const finish = (at: number): void => {
      const sum = sums[at]!;
      if (sum >= SMALLEST && sum <= LARGEST) return;
      // All that is still to be looked at must be on one scale.
      const end = Math.min(this.#length, at + this.#longest);
      for (let behind = at; behind <= end; behind++) {
        sums[behind]! /= sum;
        scales[behind]! += Math.log(sum);
      }
    };
    for (let node = this.#count - 1; node >= 0; node--) {
      const start = this.#starts[node]!;
      if (start !== place) {
        if (place < this.#length) finish(place);
        place = start;
        scales[start] = scales[this.#ends[node]!]!;
      }
      sums[start]! += sums[this.#ends[node]!]! * this.#scores[node]!;
    }
  }

  #add(piece: number, start: number, end: number, score: number): void {
    const node = this.#count++;
    if (node === this.#pieces.length) this.#growNodes();
    this.#pieces[node] = piece;
    this.#starts[node] = start;
    this.#ends[node] = end;
    this.#scores[node] = score;
    this.#longest = Math.max(this.#longest, end - start);
  }

  #growNodes(): void {
    const longer = <T extends Int32Array | Float64Array>(values: T, result: T): T => {
      result.set(values);
      return result;
    };
    const room = this.#pieces.length * 2;
    this.#pieces = longer(this.#pieces, new Int32Array(room));
    this.#starts = longer(this.#starts, new Int32Array(room));
    this.#ends = longer(this.#ends, new Int32Array(room));
    this.#scores = longer(this.#scores, new Float64Array(room));
  }

  #growPlaces(room: number): void {
    this.#forward = new Float64Array(room);
    this.#forwardScales = new Float64Array(room);
    this.#backward = new Float64Array(room);
    this.#backwardScales = new Float64Array(room);
    this.#bestNodes = new Int32Array(room);
  }
}
