/** Accuracy: the share of predictions that are right. */
import { type ClassLabel, classCounts, confusionMatrix } from "./confusion-matrix.ts";
import { ratio } from "./precision-recall.ts";
import { checkSameLength } from "./same-length.ts";

/** A share in [0, 1]; 0 of nothing. */
export function accuracy(gold: readonly ClassLabel[], predicted: readonly ClassLabel[]): number {
  checkSameLength(gold, predicted);
  return ratio(gold.filter((label, at) => label === predicted[at]).length, gold.length);
}

/** Mean over the gold classes of the share of each that was found, in [0, 1]. */
export function balancedAccuracy(gold: readonly ClassLabel[], predicted: readonly ClassLabel[]): number {
  const classes = classCounts(confusionMatrix(gold, predicted)).filter((counts) => counts.gold > 0);
  return ratio(
    classes.reduce((sum, counts) => sum + counts.correct / counts.gold, 0),
    classes.length,
  );
}
