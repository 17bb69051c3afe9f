/** Precision, recall and F1 of a classification: per class, averaged, and of one class that counts. */
import { type ClassLabel, classCounts, confusionMatrix, sortedLabels } from "./confusion-matrix.ts";
import {
  type AveragedScores,
  averagedScores,
  type PrecisionRecallF1,
  precisionRecallF1,
  ratio,
} from "./precision-recall.ts";
import { checkSameLength } from "./same-length.ts";

export interface ClassScores extends PrecisionRecallF1 {
  readonly label: ClassLabel;
  /** How often the class is in the gold labels. */
  readonly support: number;
}

export interface ClassificationScores extends AveragedScores {
  /** In the order of a confusion matrix. */
  readonly perClass: readonly ClassScores[];
}

/**
 * Shares in [0, 1], as scikit-learn's `precision_recall_fscore_support` with `zero_division=0`. Classes that are `left out`
 * count neither on their own nor in the averages, as a relation that says that there is none: what is taken for such a
 * class is still missed, and what is wrongly not taken for it is still wrong.
 */
export function classificationScores(
  gold: readonly ClassLabel[],
  predicted: readonly ClassLabel[],
  leftOut: readonly ClassLabel[] = [],
): ClassificationScores {
  const classes = classCounts(confusionMatrix(gold, predicted)).filter(({ label }) => !leftOut.includes(label));
  const perClass = classes.map((counts) => ({
    label: counts.label,
    ...precisionRecallF1(counts),
    support: counts.gold,
  }));
  return { perClass, ...averagedScores(classes) };
}

/** Precision, recall and F1 of one class against all others. */
export function binaryScores(
  gold: readonly ClassLabel[],
  predicted: readonly ClassLabel[],
  positive: ClassLabel = 1,
): PrecisionRecallF1 {
  const classes = classCounts(confusionMatrix(gold, predicted));
  const counts = classes.find(({ label }) => label === positive);
  return precisionRecallF1(counts ?? { correct: 0, predicted: 0, gold: 0 });
}

/**
 * F1 over the labels of examples that may have several each: every pair of an example and a label counts once. A label
 * that is given twice counts once.
 */
export function multiLabelScores(
  gold: readonly (readonly ClassLabel[])[],
  predicted: readonly (readonly ClassLabel[])[],
): ClassificationScores & { readonly exactMatch: number } {
  checkSameLength(gold, predicted);
  const counts = new Map<ClassLabel, { correct: number; predicted: number; gold: number }>();
  let same = 0;
  for (const [at, labels] of gold.entries()) {
    const [wanted, given] = [new Set(labels), new Set(predicted[at])];
    for (const label of new Set([...wanted, ...given])) {
      const entry = counts.get(label) ?? { correct: 0, predicted: 0, gold: 0 };
      counts.set(label, entry);
      if (wanted.has(label)) entry.gold++;
      if (given.has(label)) entry.predicted++;
      if (wanted.has(label) && given.has(label)) entry.correct++;
    }
    if (wanted.size === given.size && [...wanted].every((label) => given.has(label))) same++;
  }
  const classes = sortedLabels(counts.keys()).map((label) => ({
    label,
    ...(counts.get(label) ?? { correct: 0, predicted: 0, gold: 0 }),
  }));
  const perClass = classes.map((entry) => ({ label: entry.label, ...precisionRecallF1(entry), support: entry.gold }));
  return { perClass, ...averagedScores(classes), exactMatch: ratio(same, gold.length) };
}
