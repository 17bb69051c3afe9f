import { describe, expect, it } from "vitest";
import { TokenTrie } from "../models/token-trie.ts";
import { WordLattice } from "./word-lattice.ts";

const texts = ["", "a", "b", "ab", "ba", "aba"];
const scores = Float64Array.from([Number.NaN, -3, -4, -5, -40, -6]);
const pieces = { trie: new TokenTrie(texts), scores, unknownScore: -50 };

function expectedOf(word: string): Float64Array {
  const lattice = new WordLattice();
  lattice.read(word, pieces);
  const expected = new Float64Array(texts.length);
  lattice.addExpected(1, expected, (piece) => Math.exp(piece === 0 ? pieces.unknownScore : scores[piece]!));
  return expected;
}

describe("WordLattice", () => {
  it("weighs all ways to write a word", () => {
    // a+b+a, ab+a, a+ba, aba.
    const [apart, left, right, whole] = [Math.exp(-10), Math.exp(-8), Math.exp(-43), Math.exp(-6)];
    const all = apart + left + right + whole;
    const expected = expectedOf("aba");
    expect(expected[1]).toBeCloseTo((2 * apart + left + right) / all, 12);
    expect(expected[3]).toBeCloseTo(left / all, 12);
    expect(expected[5]).toBeCloseTo(whole / all, 12);
  });

  it("covers each character once, in words whose probability no number holds", () => {
    for (const length of [10, 500, 20_000]) {
      const word = "aabab?".repeat(length).slice(0, length);
      const expected = expectedOf(word);
      const covered = expected.reduce((sum, count, piece) => sum + count * Math.max(1, texts[piece]!.length), 0);
      expect(covered / length).toBeCloseTo(1, 7);
    }
  });

  it("finds the best way", () => {
    const lattice = new WordLattice();
    lattice.read("abab?", pieces);
    expect(lattice.best()).toEqual({ pieces: [3, 3, 0], score: -60 });
    lattice.read("abab", pieces, 3);
    expect(lattice.best()).toEqual({ pieces: [5, 2], score: -10 });
  });
});
