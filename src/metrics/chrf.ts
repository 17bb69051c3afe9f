/**
 * chrF and chrF++: F-score of character n-grams, and of word n-grams beside them, as sacrebleu computes it.
 *
 * Papers: Popović 2015 (chrF), 2017 (chrF++).
 */
import { ratio } from "./precision-recall.ts";
import { type ReferenceLists, referencesOf } from "./translation-references.ts";
import { ngrams, occurrences, overlap, splitWords } from "./words.ts";

export interface ChrfOptions {
  /** Longest character n-grams; 6 when left out. */
  readonly charOrder?: number | undefined;
  /** Longest word n-grams; 0 when left out, which is chrF; 2 is chrF++. */
  readonly wordOrder?: number | undefined;
  /** How many times recall counts as much as precision; 2 when left out. */
  readonly beta?: number | undefined;
  readonly lowercase?: boolean | undefined;
  /** Whether white space belongs to the character n-grams. */
  readonly whitespace?: boolean | undefined;
  /** Mean of the orders' F-scores with a tiny value for 0, as NLTK and Moses do, in place of the F-score of the means. */
  readonly epsSmoothing?: boolean | undefined;
}

interface OrderCounts {
  readonly given: number;
  readonly wanted: number;
  readonly matched: number;
}

/** The score of all hypotheses together in percent; `references` holds one list for each translator. */
export function chrf(hypotheses: readonly string[], references: ReferenceLists, options: ChrfOptions = {}): number {
  let sums: OrderCounts[] | undefined;
  for (const [at, own] of referencesOf(hypotheses, references).entries()) {
    const best = bestCounts(hypotheses[at] ?? "", own, options);
    sums = best.map(({ given, wanted, matched }, order) => ({
      given: given + (sums?.[order]?.given ?? 0),
      wanted: wanted + (sums?.[order]?.wanted ?? 0),
      matched: matched + (sums?.[order]?.matched ?? 0),
    }));
  }
  return scoreOf(sums ?? [], options);
}

/** The counts beside the reference that scores best. */
function bestCounts(hypothesis: string, references: readonly string[], options: ChrfOptions): OrderCounts[] {
  const given = orders(hypothesis, options);
  let best: { readonly score: number; readonly counts: OrderCounts[] } | undefined;
  for (const reference of references) {
    const counts = orders(reference, options).map((wanted, order): OrderCounts => {
      const own = given[order] ?? new Map<string, number>();
      return { given: wanted.size === 0 ? 0 : total(own), wanted: total(wanted), matched: overlap(own, wanted) };
    });
    const score = scoreOf(counts, options);
    if (best === undefined || score > best.score) best = { score, counts };
  }
  return best?.counts ?? [];
}

function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/** The n-grams of each order, characters first. */
function orders(text: string, options: ChrfOptions): Map<string, number>[] {
  const { charOrder = 6, wordOrder = 0, lowercase = false, whitespace = false } = options;
  const cased = lowercase ? text.toLowerCase() : text;
  const characters = [...(whitespace ? cased : splitWords(cased).join(""))];
  const words = wordOrder > 0 ? splitWords(cased).flatMap(punctuationApart) : [];
  return [
    ...Array.from({ length: charOrder }, (_, at) => occurrences(ngrams(characters, at + 1))),
    ...Array.from({ length: wordOrder }, (_, at) => occurrences(ngrams(words, at + 1))),
  ];
}

const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

/** One mark from the end of a word, or else from its beginning. */
function punctuationApart(word: string): string[] {
  const characters = [...word];
  const [first = "", last = ""] = [characters[0], characters.at(-1)];
  if (characters.length === 1) return [word];
  if (PUNCTUATION.test(last)) return [word.slice(0, -1), last];
  return PUNCTUATION.test(first) ? [first, word.slice(1)] : [word];
}

const EPSILON = 1e-16;

function scoreOf(counts: readonly OrderCounts[], { beta = 2, epsSmoothing = false }: ChrfOptions): number {
  const factor = beta ** 2;
  let [smoothed, precisions, recalls, effective] = [0, 0, 0, 0];
  for (const { given, wanted, matched } of counts) {
    const precision = given > 0 ? matched / given : EPSILON;
    const recall = wanted > 0 ? matched / wanted : EPSILON;
    const scale = factor * precision + recall;
    smoothed += scale > 0 ? ((1 + factor) * precision * recall) / scale : EPSILON;
    if (given === 0 || wanted === 0) continue;
    precisions += precision;
    recalls += recall;
    effective++;
  }
  if (epsSmoothing) return 100 * ratio(smoothed, counts.length);
  const [precision, recall] = [ratio(precisions, effective), ratio(recalls, effective)];
  return 100 * ratio((1 + factor) * precision * recall, factor * precision + recall);
}
