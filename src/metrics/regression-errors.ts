/** How far predicted numbers are from the gold ones, in their own unit. */
import { checkSameLength } from "./same-length.ts";

/** Mean of (predicted − gold)². */
export function meanSquaredError(gold: readonly number[], predicted: readonly number[]): number {
  return meanOf(gold, predicted, (difference) => difference ** 2);
}

/** Mean of |predicted − gold|. */
export function meanAbsoluteError(gold: readonly number[], predicted: readonly number[]): number {
  return meanOf(gold, predicted, Math.abs);
}

function meanOf(gold: readonly number[], predicted: readonly number[], cost: (difference: number) => number): number {
  checkSameLength(gold, predicted);
  return gold.reduce((sum, value, at) => sum + cost((predicted[at] ?? 0) - value), 0) / gold.length;
}
