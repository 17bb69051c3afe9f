/** Counts the words of a corpus, line by line: what trainers learn from instead of the text itself. */
import { AlignedText } from "../aligned-text.ts";
import type { Normalizer } from "../normalizers/index.ts";
import type { PreTokenizer, Spelling, WordReceiver } from "../pre-tokenizers/index.ts";
import { WordTable } from "../word-table.ts";
import { type OnTrainingProgress, ProgressReporter } from "./training-progress.ts";

/** Lines of text: an array, a generator, a stream. Only one line at a time is held. */
export type Lines = Iterable<string> | AsyncIterable<string>;

/** Lines between two looks at the clock. */
const LINES_BETWEEN_REPORTS = 64;

/** What is held at most: from a gigabyte of Chinese on, whose "words" are whole clauses, rare words are given up. */
const MOST_WORDS = 1 << 23;
const MOST_UNITS = 1 << 26;

export interface WordLimits {
  readonly mostWords: number;
  /** UTF-16 units of all words together. */
  readonly mostUnits: number;
}

/** Words and how often each occurs, always in the same order. */
export interface CountedWords {
  readonly size: number;
  forEach(visit: (word: string, count: number) => void): void;
}

/** The words of a corpus in the order in which they first came, and how often each occurs. */
export class WordCounts implements CountedWords, WordReceiver {
  readonly #limits: WordLimits;
  readonly #words = new WordTable();
  #counts = new Float64Array(1 << 10);
  /** How the words are to be written; one and the same for all. */
  #spelling: Spelling | undefined;

  constructor(limits: WordLimits = { mostWords: MOST_WORDS, mostUnits: MOST_UNITS }) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#words.size;
  }

  add({ text }: AlignedText, start: number, end: number, spelling?: Spelling): void {
    this.#spelling = spelling;
    let word = this.#words.find(text, start, end);
    if (word < 0) {
      const { mostWords, mostUnits } = this.#limits;
      if (this.#words.size >= mostWords || this.#words.unitCount + end - start > mostUnits) {
        this.#dropRare();
        // This gives the hash of the new word to the table once more.
        this.#words.find(text, start, end);
      }
      word = this.#words.add(text, start, end);
      if (word === this.#counts.length) {
        const counts = new Float64Array(word * 2);
        counts.set(this.#counts);
        this.#counts = counts;
      }
      this.#counts[word] = 0;
    }
    this.#counts[word]! += 1;
  }

  forEach(visit: (word: string, count: number) => void): void {
    for (let word = 0; word < this.#words.size; word++) {
      const text = this.#words.wordAt(word);
      visit(this.#spelling ? this.#spelling.rewrite(text) : text, this.#counts[word]!);
    }
  }

  /** Forgets the rarest words, so many that half of the room is free again. */
  #dropRare(): void {
    const counts = this.#counts;
    const most = this.#words.size >> 1;
    const byCount = counts.slice(0, this.#words.size).sort();
    // The count at the middle: words that occur no more often go, also where these are more than half.
    const rare = byCount[byCount.length - most - 1] ?? 0;
    let kept = 0;
    this.#words.retain((word) => {
      if (counts[word]! <= rare) return false;
      counts[kept++] = counts[word]!;
      return true;
    });
  }
}

/** How lines are cut into words: as the tokenizer will do it. */
export interface WordCutting {
  readonly normalizer?: Normalizer | undefined;
  readonly preTokenizer: PreTokenizer;
}

/** Counts how often each word occurs. */
export async function countWords(
  lines: Lines,
  { normalizer, preTokenizer }: WordCutting,
  onProgress?: OnTrainingProgress<"words">,
  counts = new WordCounts(),
): Promise<WordCounts> {
  const reporter = new ProgressReporter(onProgress);
  const total = Array.isArray(lines) ? lines.length : undefined;
  let done = 0;
  const take = (line: string): boolean => {
    const text = new AlignedText(line, false);
    preTokenizer.preTokenize(normalizer?.normalize(text) ?? text, counts);
    done++;
    return done % LINES_BETWEEN_REPORTS === 0 && reporter.isDue;
  };
  if (Symbol.asyncIterator in lines) {
    for await (const line of lines) if (take(line)) await reporter.report({ stage: "words", done, total });
  } else {
    for (const line of lines) if (take(line)) await reporter.report({ stage: "words", done, total });
  }
  await reporter.report({ stage: "words", done, total: done });
  return counts;
}
