import { describe, expect, it } from "vitest";
import { TokenList } from "./models/token-list.ts";
import { WordCache } from "./word-cache.ts";

/** Tokens of `word` as a test would cut it: one for each unit. */
function tokensOf(word: string): TokenList {
  const tokens = new TokenList();
  for (let at = 0; at < word.length; at++) tokens.push(word.charCodeAt(at), at, at + 1);
  return tokens;
}

function remember(cache: WordCache, word: string): number {
  const text = `<${word}>`;
  const found = cache.find(text, 1, 1 + word.length);
  return found >= 0 ? found : cache.add(text, 1, 1 + word.length, tokensOf(word));
}

function idsOf(cache: WordCache, word: number): string {
  return String.fromCharCode(...cache.ids.subarray(cache.tokenStarts[word], cache.tokenStarts[word + 1]));
}

describe("WordCache", () => {
  it("finds words where they stand", () => {
    const cache = new WordCache();
    remember(cache, "sea");
    remember(cache, "seat");
    expect(idsOf(cache, cache.find("the seat", 4, 8))).toBe("seat");
    expect(idsOf(cache, cache.find("the seat", 4, 7))).toBe("sea");
    expect(cache.find("the seat", 3, 7)).toBe(-1);
  });

  it("stays bounded and right, however many words come", () => {
    const cache = new WordCache();
    for (let number = 0; number < 300_000; number++) {
      const word = number.toString(36);
      expect(idsOf(cache, remember(cache, word)) === word, word).toBe(true);
      if (number % 7 === 0) expect(idsOf(cache, remember(cache, "often"))).toBe("often");
    }
    expect(cache.ids.length).toBeLessThan(1 << 21);
  });

  it("does not keep long words", () => {
    const cache = new WordCache();
    const long = "x".repeat(10_000);
    expect(idsOf(cache, remember(cache, long))).toBe(long);
    expect(cache.find(long, 0, long.length)).toBe(-1);
    expect(idsOf(cache, remember(cache, "short"))).toBe("short");
  });
});
