/**
 * What nDCG can be when equal scores may stand in any order. scikit-learn's `ndcg_score(ignore_ties=True)` sorts with
 * NumPy's unstable sort, whose order of equal scores differs from processor to processor.
 */
import { ndcgOfScores } from "../metrics/index.ts";

/** More orders than this are not tried out: then only the one that the metric itself takes. */
const MAX_ORDERS = 10_000;

/** The means over queries for all orders of their ties, each value once. */
export function ndcgOverTieOrders(gains: readonly number[][], scores: readonly number[][]): number[] {
  let sums = new Set([0]);
  for (const [query, own] of gains.entries()) {
    const values = new Set(tieOrders(own, scores[query] ?? []).map(rounded));
    sums = new Set([...sums].flatMap((sum) => [...values].map((value) => rounded(sum + value))));
    if (sums.size > MAX_ORDERS) return [ndcgOfScores(gains, scores, { ignoreTies: true })];
  }
  return [...sums].map((sum) => sum / gains.length);
}

function rounded(value: number): number {
  return Number(value.toPrecision(14));
}

/** The nDCG of one query for every order of its ties. */
function tieOrders(gains: readonly number[], scores: readonly number[]): number[] {
  const levels = [...new Set(scores)].sort((a, b) => b - a);
  const groups = levels.map((level) => gains.filter((_, at) => scores[at] === level));
  const count = groups.reduce((product, { length }) => product * factorial(length), 1);
  if (count > MAX_ORDERS) return [ndcgOfScores([[...gains]], [[...scores]], { ignoreTies: true })];
  let orders: number[][] = [[]];
  for (const group of groups) {
    const tied = permutations(group);
    orders = orders.flatMap((order) => tied.map((end) => [...order, ...end]));
  }
  const places = gains.map((_, at) => -at);
  return orders.map((order) => ndcgOfScores([order], [places]));
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

/** Of equal values one order is as good as another. */
function permutations(values: readonly number[]): number[][] {
  if (values.length === 0) return [[]];
  return [...new Set(values)].flatMap((first) => {
    const rest = [...values];
    rest.splice(rest.indexOf(first), 1);
    return permutations(rest).map((end) => [first, ...end]);
  });
}
