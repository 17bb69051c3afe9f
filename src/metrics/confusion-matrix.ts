/** Which class was taken for which. */
import { checkSameLength } from "./same-length.ts";

/** A class's name or number. */
export type ClassLabel = string | number;

export interface ConfusionMatrix {
  /** Numbers by their size, then names by their code points. */
  readonly labels: readonly ClassLabel[];
  /** counts[i][j]: examples of class i that were predicted as class j. */
  readonly counts: readonly (readonly number[])[];
}

/** Counts over the classes of both lists, and `labels` beside them. */
export function confusionMatrix(
  gold: readonly ClassLabel[],
  predicted: readonly ClassLabel[],
  labels: readonly ClassLabel[] = [],
): ConfusionMatrix {
  checkSameLength(gold, predicted);
  const names = sortedLabels([...labels, ...gold, ...predicted]);
  const indices = new Map(names.map((name, index) => [name, index]));
  const counts = names.map(() => names.map(() => 0));
  for (const [at, label] of gold.entries()) {
    const row = counts[indices.get(label) ?? -1];
    const column = indices.get(predicted[at] as ClassLabel) ?? -1;
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1;
  }
  return { labels: names, counts };
}

/** Each label once, in the order of a confusion matrix. */
export function sortedLabels(labels: Iterable<ClassLabel>): ClassLabel[] {
  return [...new Set(labels)].sort((a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a < b ? -1 : 1;
  });
}

/** Of each class: how often it was right, predicted and gold. */
export function classCounts({ labels, counts }: ConfusionMatrix) {
  return labels.map((label, at) => ({
    label,
    correct: counts[at]?.[at] ?? 0,
    predicted: counts.reduce((sum, row) => sum + (row[at] ?? 0), 0),
    gold: (counts[at] ?? []).reduce((sum, count) => sum + count, 0),
  }));
}
