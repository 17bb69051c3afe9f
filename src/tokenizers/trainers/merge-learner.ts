/**
 * Learns merges from word counts: again and again the most frequent pair of neighbours becomes one token.
 *
 * Sennrich et al. 2016, https://arxiv.org/abs/1508.07909. Counts of pairs are kept up to date instead of counted anew,
 * and a queue gives the most frequent pair; of equally frequent ones that with the smaller ids comes first. The results
 * are those of the reference's trainer, its bookkeeping of tokens that arise twice included.
 */
import type { Merge } from "../models/index.ts";
import { PairTable } from "../pair-table.ts";
import { PriorityQueue } from "./priority-queue.ts";

export interface MergeOptions {
  /** Tokens at most, special ones and alphabet included; the alphabet alone may exceed it. */
  readonly vocabSize: number;
  /** Pairs that are rarer are not merged. */
  readonly minFrequency: number;
  /** Take the first ids, in this order. */
  readonly specialTokens: readonly string[];
  /** Characters at most, the most frequent ones; others are as if they were not there. */
  readonly limitAlphabet?: number | undefined;
  /** Characters that are tokens even if the corpus lacks them. */
  readonly initialAlphabet?: readonly string[] | undefined;
  /** What stands before characters that continue a word. */
  readonly continuingSubwordPrefix?: string | undefined;
  /** What stands after the last character of a word. */
  readonly endOfWordSuffix?: string | undefined;
}

/** A pair that waits to be merged, with the words in which it arose together. */
interface Candidate {
  readonly pair: number;
  readonly left: number;
  readonly right: number;
  count: number;
  readonly words: readonly number[];
}

const isMoreFrequent = (a: Candidate, b: Candidate): boolean =>
  a.count !== b.count ? a.count > b.count : a.left !== b.left ? a.left < b.left : a.right < b.right;

export class MergeLearner {
  readonly #options: MergeOptions;
  /** Token of each id. */
  readonly #tokens: string[] = [];
  readonly #ids = new Map<string, number>();
  /** Merged pairs of ids, in order. */
  readonly #merges: (readonly [left: number, right: number])[] = [];

  /** Words as ids: word w is `#symbols[#starts[w]]` and the following `#lengths[w]`. */
  #symbols = new Int32Array(0);
  #starts = new Int32Array(0);
  #lengths = new Int32Array(0);
  #wordCounts = new Float64Array(0);

  /** Number of each pair of ids; the next arrays are indexed by it. */
  readonly #pairs = new PairTable(1 << 16);
  readonly #pairLefts: number[] = [];
  readonly #pairRights: number[] = [];
  readonly #pairCounts: number[] = [];
  /** Words in which the pair arose since it was last put into the queue. */
  readonly #pairWords: number[][] = [];
  #touchedPairs: number[] = [];
  readonly #queue = new PriorityQueue<Candidate>(isMoreFrequent);

  constructor(wordCounts: ReadonlyMap<string, number>, options: MergeOptions) {
    this.#options = options;
    for (const token of options.specialTokens) this.#addToken(token);
    for (const character of chooseAlphabet(wordCounts, options)) this.#addToken(character);
    this.#readWords(wordCounts);
    this.#countPairs();
    this.#enqueueTouched();
  }

  /** Tokens so far, in the order of their ids. */
  get tokens(): readonly string[] {
    return this.#tokens;
  }

  /** Merges so far as texts. A pair that was merged twice counts where it was merged last. */
  get merges(): Merge[] {
    const last = new Map(this.#merges.map(([left, right], index) => [`${left} ${right}`, index]));
    const kept = this.#merges.filter(([left, right], index) => last.get(`${left} ${right}`) === index);
    return kept.map(([left, right]) => [this.#tokens[left]!, this.#tokens[right]!]);
  }

  /** Merges one more pair; false if the vocabulary is full or no pair is frequent enough. */
  step(): boolean {
    if (this.#tokens.length >= this.#options.vocabSize) return false;
    while (true) {
      const candidate = this.#queue.pop();
      if (!candidate) return false;
      const count = this.#pairCounts[candidate.pair]!;
      if (candidate.count !== count) {
        candidate.count = count;
        this.#queue.push(candidate);
        continue;
      }
      if (count < Math.max(1, this.#options.minFrequency)) return false;
      this.#merge(candidate);
      return true;
    }
  }

  #merge({ left, right, words }: Candidate): void {
    const { continuingSubwordPrefix: prefix } = this.#options;
    const tail = this.#tokens[right]!;
    const merged = this.#addToken(
      this.#tokens[left]! + (prefix && tail.startsWith(prefix) ? tail.slice(prefix.length) : tail),
    );
    this.#merges.push([left, right]);
    for (const word of words) this.#mergeInWord(word, left, right, merged);
    this.#enqueueTouched();
  }

  #mergeInWord(word: number, left: number, right: number, merged: number): void {
    const symbols = this.#symbols;
    const start = this.#starts[word]!;
    const end = start + this.#lengths[word]!;
    let write = start;
    for (let read = start; read < end; read++, write++) {
      if (symbols[read] !== left || read + 1 >= end || symbols[read + 1] !== right) {
        symbols[write] = symbols[read]!;
        continue;
      }
      if (write > start) {
        this.#countPair(symbols[write - 1]!, left, -1, word);
        this.#countPair(symbols[write - 1]!, merged, 1, word);
      }
      if (read + 2 < end) {
        this.#countPair(right, symbols[read + 2]!, -1, word);
        this.#countPair(merged, symbols[read + 2]!, 1, word);
      }
      symbols[write] = merged;
      read++;
    }
    this.#lengths[word] = write - start;
  }

  /** Counts one pair more or less, as often as the word occurs. */
  #countPair(left: number, right: number, change: 1 | -1, word: number): void {
    let pair = this.#pairs.get(left, right);
    if (pair < 0) {
      pair = this.#pairLefts.length;
      this.#pairs.set(left, right, pair);
      this.#pairLefts.push(left);
      this.#pairRights.push(right);
      this.#pairCounts.push(0);
      this.#pairWords.push([]);
    }
    this.#pairCounts[pair]! += change * this.#wordCounts[word]!;
    if (change < 0) return;
    const words = this.#pairWords[pair]!;
    if (words.length === 0) this.#touchedPairs.push(pair);
    if (words[words.length - 1] !== word) words.push(word);
  }

  #enqueueTouched(): void {
    for (const pair of this.#touchedPairs) {
      const words = this.#pairWords[pair]!;
      this.#pairWords[pair] = [];
      const count = this.#pairCounts[pair]!;
      if (count <= 0) continue;
      this.#queue.push({ pair, left: this.#pairLefts[pair]!, right: this.#pairRights[pair]!, count, words });
    }
    this.#touchedPairs = [];
  }

  /** The id of a token, a new one if need be. */
  #addToken(token: string): number {
    const known = this.#ids.get(token);
    if (known !== undefined) return known;
    const id = this.#tokens.length;
    this.#tokens.push(token);
    this.#ids.set(token, id);
    return id;
  }

  #readWords(wordCounts: ReadonlyMap<string, number>): void {
    const { continuingSubwordPrefix: prefix = "", endOfWordSuffix: suffix = "" } = this.#options;
    let size = 0;
    for (const word of wordCounts.keys()) size += word.length;
    this.#symbols = new Int32Array(size);
    this.#starts = new Int32Array(wordCounts.size);
    this.#lengths = new Int32Array(wordCounts.size);
    this.#wordCounts = Float64Array.from(wordCounts.values());
    if (prefix || suffix) this.#addVariants(wordCounts.keys(), prefix, suffix);
    let index = 0;
    let at = 0;
    for (const word of wordCounts.keys()) {
      this.#starts[index] = at;
      for (const symbol of symbolsOf(word, prefix, suffix, this.#ids)) this.#symbols[at++] = this.#ids.get(symbol)!;
      this.#lengths[index] = at - this.#starts[index]!;
      index++;
    }
  }

  /** Characters with a prefix or suffix become tokens in the order of their text, so that training is deterministic. */
  #addVariants(words: Iterable<string>, prefix: string, suffix: string): void {
    const variants = new Set<string>();
    for (const word of words) {
      for (const symbol of symbolsOf(word, prefix, suffix, this.#ids)) if (!this.#ids.has(symbol)) variants.add(symbol);
    }
    for (const variant of [...variants].sort()) this.#addToken(variant);
  }

  #countPairs(): void {
    for (let word = 0; word < this.#starts.length; word++) {
      const start = this.#starts[word]!;
      const end = start + this.#lengths[word]!;
      for (let at = start; at + 1 < end; at++) this.#countPair(this.#symbols[at]!, this.#symbols[at + 1]!, 1, word);
    }
  }
}

/** The characters of the words that are in the alphabet, with prefix and suffix where they stand. */
function* symbolsOf(
  word: string,
  prefix: string,
  suffix: string,
  alphabet: ReadonlyMap<string, number>,
): Generator<string> {
  let at = 0;
  for (const character of word) {
    const isFirst = at === 0;
    at += character.length;
    if (!alphabet.has(character)) continue;
    yield (isFirst ? "" : prefix) + character + (at === word.length ? suffix : "");
  }
}

/** The characters that become tokens, in the order of their code points. */
function chooseAlphabet(wordCounts: ReadonlyMap<string, number>, options: MergeOptions): string[] {
  const counts = new Map<string, number>();
  for (const [word, count] of wordCounts) {
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
  }
  for (const character of options.initialAlphabet ?? []) counts.set(character, Number.POSITIVE_INFINITY);
  const byFrequency = [...counts].sort(([a, m], [b, n]) => (m === n ? compareCodePoints(a, b) : n > m ? 1 : -1));
  return byFrequency
    .slice(0, options.limitAlphabet ?? byFrequency.length)
    .map(([character]) => character)
    .sort(compareCodePoints);
}

function compareCodePoints(a: string, b: string): number {
  return a.codePointAt(0)! - b.codePointAt(0)!;
}
