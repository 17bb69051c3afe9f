import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { bestTree } from "./spanning-tree.ts";

/** Whether all ways lead to the root, and from one word alone directly. */
function isTree(heads: readonly number[]): boolean {
  const reachesRoot = (start: number): boolean => {
    let word = start;
    for (let steps = 0; steps <= heads.length && word !== 0; steps++) word = heads[word - 1] as number;
    return word === 0;
  };
  return heads.filter((head) => head === 0).length === 1 && heads.every((_, at) => reachesRoot(at + 1));
}

const sumOf = (scores: readonly (readonly number[])[], heads: readonly number[]): number =>
  heads.reduce((sum, head, word) => sum + (scores[word]?.[head] as number), 0);

/** The highest sum of all trees, by trying every one. */
function highestSum(scores: readonly (readonly number[])[]): number {
  const words = scores.length;
  let best = Number.NEGATIVE_INFINITY;
  for (let code = 0; code < (words + 1) ** words; code++) {
    const heads = Array.from({ length: words }, (_, at) => Math.floor(code / (words + 1) ** at) % (words + 1));
    if (isTree(heads)) best = Math.max(best, sumOf(scores, heads));
  }
  return best;
}

describe("the best tree", () => {
  it.each([1, 2, 3, 4, 5])("of %i words is the best of all", (words) => {
    const random = new Random(words);
    for (let round = 0; round < 60; round++) {
      // Small whole numbers make ties and cycles.
      const scores = Array.from({ length: words }, () => Array.from({ length: words + 1 }, () => random.integer(6)));
      const heads = bestTree(scores);
      expect(isTree(heads)).toBe(true);
      expect(sumOf(scores, heads)).toBe(highestSum(scores));
    }
  });

  it("is a tree for long sentences too", () => {
    const random = new Random(7);
    const scores = Array.from({ length: 150 }, () => Array.from({ length: 151 }, () => random.normal()));
    expect(isTree(bestTree(scores))).toBe(true);
  });

  it("of no words is empty", () => expect(bestTree([])).toEqual([]));
});
