import { describe, expect, it } from "vitest";
import { Random } from "../../random.ts";
import { Vocabulary } from "../vocabulary.ts";
import { BpeModel, type BpeOptions, type Merge } from "./bpe.ts";

function model(tokens: string, merges: string[], options: Partial<BpeOptions> = {}): BpeModel {
  const pairs = merges.map((merge) => merge.split(" ") as unknown as Merge);
  return new BpeModel(new Vocabulary(tokens.split(" ")), pairs, options);
}

function cut(bpe: BpeModel, word: string): string[] {
  const { ids, count } = bpe.tokenize(word);
  return Array.from(ids.subarray(0, count), (id) => bpe.vocabulary.tokenOf(id)!);
}

function places(bpe: BpeModel, word: string): (readonly [number, number])[] {
  const { starts, ends, count } = bpe.tokenize(word);
  return Array.from({ length: count }, (_, at) => [starts[at]!, ends[at]!] as const);
}

describe("BpeModel", () => {
  it("merges in the order of training, not from the left", () => {
    const bpe = model("a b c ab bc abc", ["b c", "a b", "a bc"]);
    expect(cut(bpe, "abc")).toEqual(["abc"]);
    expect(cut(bpe, "abab")).toEqual(["ab", "ab"]);
    expect(cut(model("a b c ab bc", ["b c", "a b"]), "abc")).toEqual(["a", "bc"]);
  });

  it("merges equal pairs from the left", () => {
    expect(cut(model("a aa", ["a a"]), "aaaaa")).toEqual(["aa", "aa", "a"]);
  });

  it("knows where tokens stand in the word", () => {
    expect(places(model("a b ab 😀", ["a b"]), "ab😀a")).toEqual([
      [0, 2],
      [2, 4],
      [4, 5],
    ]);
  });

  it("marks the end of a word", () => {
    const bpe = model("a b b</w> ab</w>", ["a b</w>"], { endOfWordSuffix: "</w>" });
    expect(cut(bpe, "ab")).toEqual(["ab</w>"]);
    expect(cut(bpe, "abab")).toEqual(["a", "b", "ab</w>"]);
  });

  it("marks what continues a word", () => {
    const bpe = model("a ##b ab", ["a ##b"], { continuingSubwordPrefix: "##" });
    expect(cut(bpe, "ab")).toEqual(["ab"]);
  });

  it("writes unknown characters as the unknown token, fused or not, as bytes, or not at all", () => {
    expect(cut(model("? a", [], { unknownToken: "?" }), "xxa")).toEqual(["?", "?", "a"]);
    const fused = model("? a", [], { unknownToken: "?", fuseUnknown: true });
    expect(cut(fused, "xxax")).toEqual(["?", "a", "?"]);
    expect(places(fused, "xxax").map(([, end]) => end)).toEqual([2, 3, 4]);
    expect(cut(model("? a <0xC3> <0xA9>", [], { unknownToken: "?", byteFallback: true }), "éax")).toEqual([
      ...["<0xC3>", "<0xA9>", "a", "?"],
    ]);
    expect(cut(model("a", []), "xa")).toEqual(["a"]);
  });

  it("takes whole words first if told to ignore merges", () => {
    expect(cut(model("a b ab", [], { ignoreMerges: true }), "ab")).toEqual(["ab"]);
    expect(cut(model("a b ab", []), "ab")).toEqual(["a", "b"]);
  });

  it("gives what merging step by step gives", () => {
    const merges = ["a b", "b a", "ab a", "aa b", "a a", "ba ba", "ab ab"];
    const bpe = model("a b ab ba aba aab aa baba abab", merges);
    const random = new Random(3);
    for (let round = 0; round < 500; round++) {
      const word = Array.from({ length: 1 + random.integer(12) }, () => "ab"[random.integer(2)]).join("");
      expect(cut(bpe, word), word).toEqual(mergeStepByStep(word, merges));
    }
  });

  it("takes a word of a million letters in its stride", () => {
    const bpe = model("a aa aaaa", ["a a", "aa aa"]);
    expect(bpe.tokenize("a".repeat(1_000_000)).count).toBe(250_000);
  }, 10_000);
});

/** The algorithm as the paper describes it. */
function mergeStepByStep(word: string, merges: readonly string[]): string[] {
  const symbols = [...word];
  while (true) {
    const ranks = symbols.slice(1).map((right, index) => merges.indexOf(`${symbols[index]} ${right}`));
    const best = Math.min(...ranks.filter((rank) => rank >= 0));
    if (!Number.isFinite(best)) return symbols;
    const at = ranks.indexOf(best);
    symbols.splice(at, 2, symbols[at]! + symbols[at + 1]!);
  }
}
