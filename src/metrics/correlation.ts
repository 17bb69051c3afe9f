/** Correlations of two lists of numbers, in [−1, 1]; NaN where one of them does not vary. */
import { pairwiseSum } from "./pairwise-sum.ts";
import { checkSameLength } from "./same-length.ts";

function mean(values: readonly number[]): number {
  return pairwiseSum(values) / values.length;
}

/** Linear correlation (Pearson 1895). */
export function pearson(x: readonly number[], y: readonly number[]): number {
  checkSameLength(x, y, "values");
  const [meanX, meanY] = [mean(x), mean(y)];
  let [covariance, varianceX, varianceY] = [0, 0, 0];
  for (const [at, value] of x.entries()) {
    const [dx, dy] = [value - meanX, (y[at] ?? 0) - meanY];
    covariance += dx * dy;
    varianceX += dx * dx;
    varianceY += dy * dy;
  }
  const scale = Math.sqrt(varianceX) * Math.sqrt(varianceY);
  return scale === 0 ? Number.NaN : Math.max(-1, Math.min(1, covariance / scale));
}

/** Correlation of the ranks (Spearman 1904); equal values share the mean of their ranks. */
export function spearman(x: readonly number[], y: readonly number[]): number {
  return pearson(ranks(x), ranks(y));
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const result = new Array<number>(values.length).fill(0);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (let at = start; at < end; at++) result[order[at] as number] = (start + 1 + end) / 2;
    start = end;
  }
  return result;
}

/** Concordant less discordant pairs, corrected for ties: τ-b (Kendall 1945). Quadratic in the length. */
export function kendallTau(x: readonly number[], y: readonly number[]): number {
  checkSameLength(x, y, "values");
  let [balance, untiedX, untiedY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const signX = Math.sign((x[i] ?? 0) - (x[j] ?? 0));
      const signY = Math.sign((y[i] ?? 0) - (y[j] ?? 0));
      balance += signX * signY;
      untiedX += Math.abs(signX);
      untiedY += Math.abs(signY);
    }
  }
  const scale = Math.sqrt(untiedX) * Math.sqrt(untiedY);
  return scale === 0 ? Number.NaN : balance / scale;
}
