/**
 * BLEU, as sacrebleu computes it.
 *
 * Papers: Papineni et al. 2002; Chen and Cherry 2014 (smoothing); Post 2018 (sacrebleu).
 */
import { type BleuTokenizer, bleuTokens } from "./bleu-tokenizers.ts";
import { ratio } from "./precision-recall.ts";
import { type ReferenceLists, referencesOf } from "./translation-references.ts";
import { ngrams, occurrences } from "./words.ts";

export interface BleuOptions {
  /** "13a" when left out; "zh" for Chinese. */
  readonly tokenize?: BleuTokenizer | undefined;
  readonly lowercase?: boolean | undefined;
  /** What stands for a precision of 0: "exp" (halved each time; when left out), a floor, k added to all counts, or nothing. */
  readonly smoothMethod?: "exp" | "floor" | "add-k" | "none" | undefined;
  /** The floor, 0.1 when left out, or k, 1 when left out. */
  readonly smoothValue?: number | undefined;
  /** Longest n-grams; 4 when left out. */
  readonly maxNgramOrder?: number | undefined;
  /** Leaves out the orders that the hypotheses are too short for; meant for single sentences. */
  readonly effectiveOrder?: boolean | undefined;
}

export interface BleuScore {
  /** Percent. */
  readonly score: number;
  /** For each order the n-grams that are in a reference, after smoothing by addition. */
  readonly counts: readonly number[];
  /** For each order all n-grams of the hypotheses. */
  readonly totals: readonly number[];
  /** Percent, after smoothing. */
  readonly precisions: readonly number[];
  /** In [0, 1]: below 1 where the hypotheses are shorter than the references. */
  readonly brevityPenalty: number;
  /** Tokens. */
  readonly hypothesisLength: number;
  /** Tokens of the references that are nearest in length. */
  readonly referenceLength: number;
}

/** The score of all hypotheses together; `references` holds one list for each translator. */
export function bleu(hypotheses: readonly string[], references: ReferenceLists, options: BleuOptions = {}): BleuScore {
  const { tokenize = "13a", lowercase = false, maxNgramOrder = 4 } = options;
  const tokens = (text: string): string[] => bleuTokens((lowercase ? text.toLowerCase() : text).trimEnd(), tokenize);
  const counts = new Array<number>(maxNgramOrder).fill(0);
  const totals = new Array<number>(maxNgramOrder).fill(0);
  let [hypothesisLength, referenceLength] = [0, 0];
  for (const [at, own] of referencesOf(hypotheses, references).entries()) {
    const given = tokens(hypotheses[at] ?? "");
    const wanted = own.map(tokens);
    hypothesisLength += given.length;
    referenceLength += nearestLength(given.length, wanted);
    for (let n = 1; n <= maxNgramOrder; n++) {
      const { matched, total } = matches(given, wanted, n);
      counts[n - 1] = (counts[n - 1] ?? 0) + matched;
      totals[n - 1] = (totals[n - 1] ?? 0) + total;
    }
  }
  return scoreOf({ counts, totals, hypothesisLength, referenceLength }, options);
}

/** Of equally near lengths the smaller. */
function nearestLength(length: number, references: readonly (readonly string[])[]): number {
  const lengths = references.map((reference) => reference.length);
  lengths.sort((a, b) => Math.abs(a - length) - Math.abs(b - length) || a - b);
  return lengths[0] ?? 0;
}

/** N-grams that any reference holds, each as often as the one that holds it most. */
function matches(given: readonly string[], references: readonly (readonly string[])[], n: number) {
  const counts = references.map((reference) => occurrences(ngrams(reference, n)));
  let [matched, total] = [0, 0];
  for (const [gram, count] of occurrences(ngrams(given, n))) {
    total += count;
    matched += Math.min(count, Math.max(...counts.map((reference) => reference.get(gram) ?? 0)));
  }
  return { matched, total };
}

type BleuCounts = Pick<BleuScore, "counts" | "totals" | "hypothesisLength" | "referenceLength">;

function scoreOf(sums: BleuCounts, options: BleuOptions): BleuScore {
  const { hypothesisLength, referenceLength } = sums;
  const { smoothMethod = "exp", effectiveOrder = false } = options;
  const smoothValue = options.smoothValue ?? (smoothMethod === "floor" ? 0.1 : 1);
  const tooShort = hypothesisLength < referenceLength;
  const shortfall = hypothesisLength > 0 ? Math.exp(1 - referenceLength / hypothesisLength) : 0;
  const brevityPenalty = tooShort ? shortfall : 1;
  const precisions = sums.counts.map(() => 0);
  if (!sums.counts.some((count) => count > 0)) return { ...sums, score: 0, precisions, brevityPenalty };
  const [counts, totals] = [[...sums.counts], [...sums.totals]];
  let order = counts.length;
  let halved = 1;
  for (let at = 0; at < precisions.length; at++) {
    if (smoothMethod === "add-k" && at > 0) {
      counts[at] = (counts[at] ?? 0) + smoothValue;
      totals[at] = (totals[at] ?? 0) + smoothValue;
    }
    const total = totals[at] ?? 0;
    if (total === 0) break;
    if (effectiveOrder) order = at + 1;
    if (counts[at] !== 0) precisions[at] = (100 * (counts[at] ?? 0)) / total;
    else if (smoothMethod === "exp") {
      halved *= 2;
      precisions[at] = 100 / (halved * total);
    } else if (smoothMethod === "floor") precisions[at] = (100 * smoothValue) / total;
  }
  const logarithms = precisions.slice(0, order).reduce((sum, precision) => sum + Math.log(precision), 0);
  return {
    ...sums,
    counts,
    totals,
    score: brevityPenalty * Math.exp(ratio(logarithms, order)),
    precisions,
    brevityPenalty,
  };
}
