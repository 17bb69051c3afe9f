/** Cohen's kappa. */
import { type ClassLabel, classCounts, confusionMatrix } from "./confusion-matrix.ts";

/**
 * Agreement beyond chance, at most 1 (Cohen 1960); NaN where chance alone agrees always.
 */
export function cohenKappa(gold: readonly ClassLabel[], predicted: readonly ClassLabel[]): number {
  const classes = classCounts(confusionMatrix(gold, predicted));
  const observed = classes.reduce((sum, { correct }) => sum + correct, 0) / gold.length;
  const expected = classes.reduce((sum, counts) => sum + counts.gold * counts.predicted, 0) / gold.length ** 2;
  return expected === 1 ? Number.NaN : (observed - expected) / (1 - expected);
}
