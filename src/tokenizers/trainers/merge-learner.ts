/**
 * Learns merges from word counts: again and again the most frequent pair of neighbours becomes one token.
 *
 * Sennrich et al. 2016, https://arxiv.org/abs/1508.07909. Counts of pairs are kept up to date instead of counted anew,
 * and a queue gives the most frequent pair; of equally frequent ones that with the smaller ids comes first. The results
 * are those of the reference's trainer, its bookkeeping of tokens that arise twice included.
 */
import type { Merge } from "../models/index.ts";
import { PairTable } from "../pair-table.ts";
import { PairQueue, type PairWords } from "./pair-queue.ts";
import type { CountedWords } from "./word-counts.ts";
import { type AlphabetOptions, TokenList, WordSymbols } from "./word-symbols.ts";

export interface MergeOptions extends AlphabetOptions {
  /** Tokens at most, special ones and alphabet included; the alphabet alone may exceed it. */
  readonly vocabSize: number;
  /** Pairs that are rarer are not merged. */
  readonly minFrequency: number;
  /** Take the first ids, in this order. */
  readonly specialTokens: readonly string[];
  /** Tokens that would reach so many characters, affixes not counted, are not made, but for pairs; no limit if absent. */
  readonly maxTokenLength?: number | undefined;
}

export class MergeLearner {
  readonly #options: MergeOptions;
  readonly #list = new TokenList();
  /** Merged pairs of ids, in order. */
  readonly #merges: (readonly [left: number, right: number])[] = [];
  readonly #words: WordSymbols;
  /** Characters of each merged token. */
  readonly #lengths: number[] = [];

  /** Number of each pair of ids; the next arrays are indexed by it. */
  readonly #pairs = new PairTable(1 << 16);
  #pairLefts = new Int32Array(1 << 16);
  #pairRights = new Int32Array(1 << 16);
  #pairCounts = new Float64Array(1 << 16);
  /** Pairs that arose in the present merge, and the words in which they did. */
  #arisen: number[] = [];
  #arisenWords: number[][] = [];
  /** Place of each pair among these plus one, or 0. */
  #arisenPlaces = new Int32Array(1 << 16);
  readonly #queue = new PairQueue({ left: (pair) => this.#pairLefts[pair]!, right: (pair) => this.#pairRights[pair]! });

  constructor(wordCounts: CountedWords, options: MergeOptions) {
    this.#options = options;
    for (const token of options.specialTokens) this.#list.add(token);
    this.#words = new WordSymbols(wordCounts, options, this.#list);
    this.#countFirstPairs();
  }

  /** Tokens so far, in the order of their ids. */
  get tokens(): readonly string[] {
    return this.#list.tokens;
  }

  /** Merges so far as texts. A pair that was merged twice counts where it was merged last. */
  get merges(): Merge[] {
    const last = new Map(this.#merges.map(([left, right], index) => [`${left} ${right}`, index]));
    const kept = this.#merges.filter(([left, right], index) => last.get(`${left} ${right}`) === index);
    return kept.map(([left, right]) => [this.tokens[left]!, this.tokens[right]!]);
  }

  /** Merges one more pair; false if the vocabulary is full or no pair is frequent enough. */
  step(): boolean {
    if (this.tokens.length >= this.#options.vocabSize) return false;
    const queue = this.#queue;
    while (queue.pop()) {
      const { pair, words } = queue;
      const count = this.#pairCounts[pair]!;
      if (queue.count !== count) {
        queue.push(pair, count, words);
        continue;
      }
      if (count < Math.max(1, this.#options.minFrequency)) return false;
      this.#merge(this.#pairLefts[pair]!, this.#pairRights[pair]!, words);
      return true;
    }
    return false;
  }

  #joinedToken(left: number, right: number): string {
    const { continuingSubwordPrefix: prefix } = this.#options;
    const tail = this.tokens[right]!;
    return this.tokens[left]! + (prefix && tail.startsWith(prefix) ? tail.slice(prefix.length) : tail);
  }

  #merge(left: number, right: number, words: PairWords): void {
    const merged = this.#list.add(this.#joinedToken(left, right));
    this.#lengths[merged] = this.#lengthOf(left) + this.#lengthOf(right);
    this.#merges.push([left, right]);
    for (let index = 0; index < words.length; index++) this.#mergeInWord(words[index]!, left, right, merged);
    this.#enqueueArisen();
  }

  #mergeInWord(word: number, left: number, right: number, merged: number): void {
    const { symbols, starts, ends } = this.#words;
    const count = this.#words.counts[word]!;
    const start = starts[word]!;
    const end = ends[word]!;
    let write = start;
    for (let read = start; read < end; read++, write++) {
      if (symbols[read] !== left || read + 1 >= end || symbols[read + 1] !== right) {
        symbols[write] = symbols[read]!;
        continue;
      }
      if (write > start) {
        this.#pairCounts[this.#pairOf(symbols[write - 1]!, left)]! -= count;
        this.#addPair(symbols[write - 1]!, merged, word, count);
      }
      if (read + 2 < end) {
        this.#pairCounts[this.#pairOf(right, symbols[read + 2]!)]! -= count;
        this.#addPair(merged, symbols[read + 2]!, word, count);
      }
      symbols[write] = merged;
      read++;
    }
    ends[word] = write;
  }

  /** Characters of a token; all that were not merged are one. */
  #lengthOf(token: number): number {
    return this.#lengths[token] ?? 1;
  }

  /** Counts a pair that arose in a word. */
  #addPair(left: number, right: number, word: number, count: number): void {
    const { maxTokenLength } = this.#options;
    if (maxTokenLength !== undefined && this.#lengthOf(left) + this.#lengthOf(right) >= maxTokenLength) return;
    const pair = this.#pairOf(left, right);
    this.#pairCounts[pair]! += count;
    let place = this.#arisenPlaces[pair]!;
    if (place === 0) {
      place = this.#arisen.push(pair);
      this.#arisenPlaces[pair] = place;
      this.#arisenWords.push([word]);
      return;
    }
    const words = this.#arisenWords[place - 1]!;
    if (words[words.length - 1] !== word) words.push(word);
  }

  #enqueueArisen(): void {
    for (let index = 0; index < this.#arisen.length; index++) {
      const pair = this.#arisen[index]!;
      this.#arisenPlaces[pair] = 0;
      const count = this.#pairCounts[pair]!;
      if (count > 0) this.#queue.push(pair, count, Int32Array.from(this.#arisenWords[index]!));
    }
    this.#arisen = [];
    this.#arisenWords = [];
  }

  /** The number of a pair, a new one if need be. */
  #pairOf(left: number, right: number): number {
    const known = this.#pairs.get(left, right);
    if (known >= 0) return known;
    const pair = this.#pairs.size;
    if (pair === this.#pairLefts.length) this.#growPairs();
    this.#pairs.set(left, right, pair);
    this.#pairLefts[pair] = left;
    this.#pairRights[pair] = right;
    return pair;
  }

  #growPairs(): void {
    const room = this.#pairLefts.length * 2;
    const longer = (values: Int32Array): Int32Array<ArrayBuffer> => {
      const result = new Int32Array(room);
      result.set(values);
      return result;
    };
    this.#pairLefts = longer(this.#pairLefts);
    this.#pairRights = longer(this.#pairRights);
    this.#arisenPlaces = longer(this.#arisenPlaces);
    const counts = new Float64Array(room);
    counts.set(this.#pairCounts);
    this.#pairCounts = counts;
  }

  /**
   * Counts the pairs of all words and notes where they are. Looks at everything twice, first to learn how long the lists
   * will be, so that they fit into one array.
   */
  #countFirstPairs(): void {
    const { symbols, starts, ends, counts, wordCount } = this.#words;
    const lastWords: number[] = [];
    const listLengths: number[] = [];
    for (let word = 0; word < wordCount; word++) {
      const end = ends[word]!;
      for (let at = starts[word]!; at + 1 < end; at++) {
        const pair = this.#pairOf(symbols[at]!, symbols[at + 1]!);
        this.#pairCounts[pair]! += counts[word]!;
        if (lastWords[pair] !== word) listLengths[pair] = (listLengths[pair] ?? 0) + 1;
        lastWords[pair] = word;
      }
    }
    const listEnds = Int32Array.from(listLengths);
    for (let pair = 1; pair < listEnds.length; pair++) listEnds[pair]! += listEnds[pair - 1]!;
    const lists = new Int32Array(listEnds.at(-1) ?? 0);
    const next = Int32Array.from(listEnds, (end, pair) => end - listLengths[pair]!);
    lastWords.fill(-1);
    for (let word = 0; word < wordCount; word++) {
      const end = ends[word]!;
      for (let at = starts[word]!; at + 1 < end; at++) {
        const pair = this.#pairs.get(symbols[at]!, symbols[at + 1]!);
        if (lastWords[pair] !== word) lists[next[pair]!++] = word;
        lastWords[pair] = word;
      }
    }
    listEnds.forEach((end, pair) => {
      this.#queue.push(pair, this.#pairCounts[pair]!, lists.subarray(end - listLengths[pair]!, end));
    });
  }
}
