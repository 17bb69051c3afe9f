/**
 * Learns a Unigram vocabulary: begins with far too many pieces, estimates their probabilities by expectation
 * maximization, and drops those that the likelihood of the corpus misses least, until few enough are left.
 *
 * Kudo 2018, https://arxiv.org/abs/1804.10959, §3.2. Details are those of the reference's trainer, including that the
 * loss of a piece counts all pieces, not its own alternatives, where probability mass is passed on.
 */
import { TokenTrie } from "../models/token-trie.ts";
import { UNKNOWN_PENALTY } from "../models/unigram.ts";
import { repeatedSubstrings } from "./repeated-substrings.ts";
import type { CountedWords } from "./word-counts.ts";
import { type LatticePieces, UNKNOWN_PIECE, WordLattice } from "./word-lattice.ts";

export interface UnigramLearningOptions {
  /** Pieces at most; all characters of the corpus are kept beside them. */
  readonly vocabSize: number;
  /** Characters that are kept even if the corpus lacks them. */
  readonly initialAlphabet: readonly string[];
  /** Characters of a piece at most. */
  readonly maxPieceLength: number;
  /** Pieces to begin with, at most. */
  readonly seedSize: number;
  /** Share of the pieces that a pruning leaves. */
  readonly shrinkingFactor: number;
  /** Rounds of expectation maximization between two prunings. */
  readonly subIterations: number;
}

/** Pieces that are expected less often vanish. */
const LEAST_EXPECTED = 0.5;
/** Score of a piece that is gone. */
const GONE = Number.NaN;
/** Pruning ends at this multiple of the vocabulary's size; the rest is cut off at the end. */
const SURPLUS = 1.1;

export class UnigramLearner {
  readonly #options: UnigramLearningOptions;
  readonly #words: readonly string[];
  readonly #counts: readonly number[];
  /** All pieces of the beginning; the first stands for what is unknown. */
  readonly #texts: readonly string[];
  /** Finds the pieces that were left at the last pruning. */
  #trie: TokenTrie;
  /** Log-probability of each piece of the beginning; not finite for those that are gone. */
  readonly #scores: Float64Array;
  /** Pieces that are left, in the order in which the last pruning left them. */
  #alive: number[];
  readonly #lattice = new WordLattice();

  constructor(wordCounts: CountedWords, options: UnigramLearningOptions) {
    this.#options = options;
    const words: string[] = [];
    const wordTotals: number[] = [];
    wordCounts.forEach((word, count) => {
      words.push(word);
      wordTotals.push(count);
    });
    this.#words = words;
    this.#counts = wordTotals;
    const seeds = seedPieces(words, wordTotals, options);
    this.#texts = ["", ...seeds.map(({ text }) => text)];
    this.#trie = new TokenTrie(this.#texts);
    const logSum = Math.log(seeds.reduce((sum, { weight }) => sum + weight, 0));
    this.#scores = Float64Array.from([GONE, ...seeds.map(({ weight }) => Math.log(weight) - logSum)]);
    this.#alive = seeds.map((_, index) => index + 1);
  }

  /** Pieces that are left. */
  get size(): number {
    return this.#alive.length;
  }

  /** Estimates and prunes once; false if the vocabulary is small enough. */
  step(): boolean {
    for (let round = 0; round < this.#options.subIterations; round++) this.#estimate();
    if (this.#alive.length + 1 <= Math.floor(this.#options.vocabSize * SURPLUS)) return false;
    this.#prune();
    return true;
  }

  /** The vocabulary: all characters, then the best of the other pieces, sorted by their log-probabilities. */
  result(): { text: string; score: number }[] {
    const scores = new Map(this.#alive.map((piece) => [this.#texts[piece]!, this.#scores[piece]!]));
    const worst = this.#worstScore();
    const chosen = new Map<string, number>();
    let penalty = 0;
    const characters = new Set(this.#options.initialAlphabet.flatMap((text) => Array.from(text).slice(0, 1)));
    for (const word of this.#words) for (const character of word) characters.add(character);
    for (const character of [...characters].sort()) {
      const known = scores.get(character);
      chosen.set(character, known ?? worst + penalty);
      // Characters that were lost come last, and in a definite order.
      if (known === undefined) penalty += 0.0001;
    }
    for (const [text, score] of scores) {
      if (chosen.size >= this.#options.vocabSize) break;
      chosen.set(text, score);
    }
    return [...chosen]
      .map(([text, score]) => ({ text, score }))
      .sort((a, b) => b.score - a.score || (a.text < b.text ? -1 : 1));
  }

  /** One round of expectation maximization, with a prior that favours few pieces. */
  #estimate(): void {
    const expected = new Float64Array(this.#texts.length);
    const probabilities = this.#scores.map((score) => Math.exp(score));
    probabilities[UNKNOWN_PIECE] = Math.exp(this.#pieces().unknownScore);
    const probabilityOf = (piece: number): number => probabilities[piece]!;
    this.#forEachWord((lattice, count) => lattice.addExpected(count, expected, probabilityOf));
    const kept = this.#alive.filter((piece) => expected[piece]! >= LEAST_EXPECTED);
    const logSum = digamma(kept.reduce((sum, piece) => sum + expected[piece]!, 0));
    for (const piece of this.#alive) this.#scores[piece] = GONE;
    for (const piece of kept) this.#scores[piece] = digamma(expected[piece]!) - logSum;
    this.#alive = kept;
  }

  /** Drops the pieces whose loss the corpus feels least. */
  #prune(): void {
    const { vocabSize, shrinkingFactor } = this.#options;
    const uses = new Float64Array(this.#texts.length);
    let wordTotal = 0;
    this.#forEachWord((lattice, count) => {
      wordTotal += count;
      for (const piece of lattice.best().pieces) uses[piece]! += count;
    });
    const total = uses.reduce((sum, each) => sum + each, 0);
    const kept: number[] = [];
    const candidates: { piece: number; loss: number }[] = [];
    const pieceCount = this.#alive.length + 1;
    const pieces = this.#pieces();
    for (const piece of this.#alive) {
      const { isBest, alternatives } = this.#alternativesOf(piece, pieces);
      if (uses[piece] === 0 && !isBest) continue;
      if (alternatives.length === 0) {
        kept.push(piece);
        continue;
      }
      if (uses[piece] === 0) continue;
      const share = uses[piece]! / wordTotal;
      const own = Math.log(uses[piece]!) - Math.log(total);
      const newTotal = Math.log(total + uses[piece]! * (pieceCount - 1));
      const instead = alternatives.reduce((sum, each) => sum + Math.log(uses[each]! + uses[piece]!) - newTotal, 0);
      candidates.push({ piece, loss: share * (own - instead) });
    }
    candidates.sort((a, b) => b.loss - a.loss);
    const size = Math.max(Math.floor(vocabSize * SURPLUS), Math.floor(pieceCount * shrinkingFactor)) - 1;
    for (const { piece } of candidates.slice(0, Math.max(0, size - kept.length))) kept.push(piece);
    const survivors = new Set(kept);
    for (const piece of this.#alive) if (!survivors.has(piece)) this.#scores[piece] = GONE;
    this.#alive = kept;
    this.#trie = new TokenTrie(this.#texts.map((text, piece) => (survivors.has(piece) ? text : undefined)));
  }

  /** Whether a piece is the best way to write its own text, and the next best way if so. */
  #alternativesOf(piece: number, pieces: LatticePieces): { isBest: boolean; alternatives: readonly number[] } {
    const text = this.#texts[piece]!;
    this.#lattice.read(text, pieces, piece);
    const other = this.#lattice.best();
    // A single character has no other way but to be unknown, and then it is so in the reference too.
    const hasOther = !(text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff));
    if (!hasOther) return { isBest: true, alternatives: [] };
    const isBest = this.#scores[piece]! >= other.score;
    return { isBest, alternatives: isBest ? other.pieces : [] };
  }

  #forEachWord(visit: (lattice: WordLattice, count: number) => void): void {
    const pieces = this.#pieces();
    this.#words.forEach((word, index) => {
      this.#lattice.read(word, pieces);
      visit(this.#lattice, this.#counts[index]!);
    });
  }

  #pieces(): LatticePieces {
    return { trie: this.#trie, scores: this.#scores, unknownScore: this.#worstScore() - UNKNOWN_PENALTY };
  }

  #worstScore(): number {
    return this.#alive.reduce((worst, piece) => Math.min(worst, this.#scores[piece]!), 0);
  }
}

/** All characters with their counts, then repeated substrings, weighted by count and length, the best first. */
function seedPieces(
  words: readonly string[],
  wordTotals: readonly number[],
  { maxPieceLength, seedSize }: UnigramLearningOptions,
): { text: string; weight: number }[] {
  const counts = new Map<string, number>();
  for (const [index, word] of words.entries()) {
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + wordTotals[index]!);
  }
  const characters = [...counts].map(([text, weight]) => ({ text, weight }));
  const substrings = repeatedSubstrings(words, maxPieceLength);
  const others = substrings.map(({ text, count }) => ({ text, weight: count * Array.from(text).length }));
  const isBetter = (a: { text: string; weight: number }, b: { text: string; weight: number }): number =>
    b.weight - a.weight || (a.text < b.text ? 1 : -1);
  return [...characters.sort(isBetter), ...others.sort(isBetter).slice(0, Math.max(0, seedSize - characters.length))];
}

/** The derivative of log Γ, by its asymptotic series; good to 1e-9 for x > 0. */
function digamma(x: number): number {
  let result = 0;
  let at = x;
  for (; at < 7; at++) result -= 1 / at;
  at -= 0.5;
  const inverse2 = 1 / (at * at);
  const inverse4 = inverse2 * inverse2;
  return (
    result +
    Math.log(at) +
    (1 / 24) * inverse2 -
    (7 / 960) * inverse4 +
    (31 / 8064) * inverse4 * inverse2 -
    (127 / 30720) * inverse4 * inverse4
  );
}
