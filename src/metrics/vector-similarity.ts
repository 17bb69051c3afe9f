/** How near two vectors are. */
import { pairwiseSum } from "./pairwise-sum.ts";

function dot(a: readonly number[], b: readonly number[]): number {
  return pairwiseSum(a.map((value, at) => value * (b[at] ?? 0)));
}

/** Cosine of the angle, in [−1, 1]; 0 where a vector is 0. */
export function cosineSimilarity(a: readonly number[], b: readonly number[]): number {
  return dot(a, b) / Math.max(Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b)), 1e-8);
}

export function dotProduct(a: readonly number[], b: readonly number[]): number {
  return dot(a, b);
}

/** Length of the difference. */
export function euclideanDistance(a: readonly number[], b: readonly number[]): number {
  const difference = a.map((value, at) => value - (b[at] ?? 0));
  return Math.sqrt(dot(difference, difference));
}

/** Sum of the absolute differences. */
export function manhattanDistance(a: readonly number[], b: readonly number[]): number {
  return pairwiseSum(a.map((value, at) => Math.abs(value - (b[at] ?? 0))));
}
