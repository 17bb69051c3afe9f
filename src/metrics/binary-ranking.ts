/** How well scores tell two classes apart, whatever the threshold. Gold: 1 or 0. */
import { ranks } from "./correlation.ts";
import { checkSameLength } from "./same-length.ts";

/** Share of pairs of a positive and a negative that the scores order rightly, ties by half (Hanley and McNeil 1982). */
export function areaUnderRocCurve(gold: readonly number[], scores: readonly number[]): number {
  checkSameLength(gold, scores, "scores");
  const positives = gold.filter((label) => label === 1).length;
  const negatives = gold.length - positives;
  if (positives === 0 || negatives === 0) return Number.NaN;
  const ranked = ranks(scores);
  const sum = gold.reduce((all, label, at) => all + (label === 1 ? (ranked[at] ?? 0) : 0), 0);
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Precision at each threshold, weighted by the recall that it adds; equal scores share a threshold. */
export function averagePrecision(gold: readonly number[], scores: readonly number[]): number {
  checkSameLength(gold, scores, "scores");
  const positives = gold.filter((label) => label === 1).length;
  if (positives === 0) return 0;
  const order = Array.from(gold.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  let [found, foundBefore, total] = [0, 0, 0];
  for (const [at, index] of order.entries()) {
    if (gold[index] === 1) found++;
    if (scores[order[at + 1] ?? -1] === scores[index]) continue;
    total += ((found - foundBefore) / positives) * (found / (at + 1));
    foundBefore = found;
  }
  return total;
}
