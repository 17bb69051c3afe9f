import { describe, expect, it } from "vitest";
import { WhitespaceSplitPreTokenizer } from "../pre-tokenizers/whitespace-split.ts";
import { coverCharacters } from "./character-coverage.ts";
import { type CountedWords, countWords, WordCounts } from "./word-counts.ts";

const preTokenizer = new WhitespaceSplitPreTokenizer();

function listOf(counts: CountedWords): [string, number][] {
  const list: [string, number][] = [];
  counts.forEach((word, count) => {
    list.push([word, count]);
  });
  return list;
}

describe("countWords", () => {
  it("counts words in the order in which they first come", async () => {
    const counts = await countWords(["b a b", "", "\u{1f600} a b"], { preTokenizer });
    expect(listOf(counts)).toEqual([
      ["b", 3],
      ["a", 2],
      ["\u{1f600}", 1],
    ]);
  });

  it("counts many words and long ones", async () => {
    const words = Array.from({ length: 5000 }, (_, index) => `w${index % 3000}`);
    const counts = await countWords([words.join(" "), "x".repeat(10_000)], { preTokenizer });
    expect(counts.size).toBe(3001);
    const list = listOf(counts);
    expect([list[0], list[1999], list[2000], list[3000]]).toEqual([
      ["w0", 2],
      ["w1999", 2],
      ["w2000", 1],
      ["x".repeat(10_000), 1],
    ]);
  });

  it("gives up rare words where there is no room, and keeps the frequent ones' counts", async () => {
    const rare = Array.from({ length: 1000 }, (_, index) => `often rare${index} often`);
    const limited = new WordCounts({ mostWords: 50, mostUnits: 10_000 });
    const counts = await countWords(rare, { preTokenizer }, undefined, limited);
    expect(counts.size).toBeLessThanOrEqual(50);
    expect(listOf(counts)[0]).toEqual(["often", 2000]);
    const byUnits = new WordCounts({ mostWords: 10_000, mostUnits: 200 });
    expect(listOf(await countWords(rare, { preTokenizer }, undefined, byUnits))[0]).toEqual(["often", 2000]);
    expect(byUnits.size).toBeLessThan(40);
  });
});

describe("coverCharacters", () => {
  it("cuts words at characters beyond the share", async () => {
    const counts = await countWords(["aaaa aqa bb", "bb"], { preTokenizer });
    expect(listOf(coverCharacters(counts, 1))).toEqual(listOf(counts));
    // Of 11 characters a has 6, b 4, q 1.
    expect(listOf(coverCharacters(counts, 0.9))).toEqual([
      ["aaaa", 1],
      ["a", 2],
      ["bb", 2],
    ]);
    expect(listOf(coverCharacters(counts, 0.5))).toEqual([
      ["aaaa", 1],
      ["a", 2],
    ]);
  });
});
