/** Matthews' correlation coefficient. */
import { type ClassLabel, classCounts, confusionMatrix } from "./confusion-matrix.ts";

/**
 * In [−1, 1]: 1 for all right, 0 for no better than chance, and 0 where one of the lists holds a single class.
 *
 * Papers: Matthews 1975 (two classes); Gorodkin 2004 (any number).
 */
export function matthewsCorrelation(gold: readonly ClassLabel[], predicted: readonly ClassLabel[]): number {
  const classes = classCounts(confusionMatrix(gold, predicted));
  const total = gold.length;
  const sum = (value: (counts: (typeof classes)[number]) => number): number =>
    classes.reduce((all, counts) => all + value(counts), 0);
  const covariance = sum(({ correct }) => correct) * total - sum((counts) => counts.gold * counts.predicted);
  const goldVariance = total ** 2 - sum((counts) => counts.gold ** 2);
  const predictedVariance = total ** 2 - sum((counts) => counts.predicted ** 2);
  const scale = Math.sqrt(goldVariance * predictedVariance);
  return scale === 0 ? 0 : covariance / scale;
}
