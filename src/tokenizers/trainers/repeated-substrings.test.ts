import { describe, expect, it } from "vitest";
import { Random } from "../../random.ts";
import { repeatedSubstrings } from "./repeated-substrings.ts";

/** Every substring that occurs twice and is followed by different characters somewhere, by trying all. */
function byTryingAll(words: string[], maxLength: number): Map<string, number> {
  const flat = words.map((word) => `${word}\0`).join("");
  const found = new Map<string, number>();
  for (const word of words) {
    for (let start = 0; start < word.length; start++) {
      for (let end = start + 2; end <= Math.min(word.length, start + maxLength); end++) {
        const text = word.slice(start, end);
        const followers = new Set<string>();
        let count = 0;
        for (let at = flat.indexOf(text); at >= 0; at = flat.indexOf(text, at + 1)) {
          count++;
          followers.add(flat[at + text.length]!);
        }
        if (count > 1 && followers.size > 1) found.set(text, count);
      }
    }
  }
  return found;
}

describe("repeatedSubstrings", () => {
  it("finds those that branch", () => {
    const found = repeatedSubstrings(["lowest", "lower", "newest"], 16);
    expect(found.sort((a, b) => (a.text < b.text ? -1 : 1))).toEqual([
      { text: "lowe", count: 2 },
      { text: "owe", count: 2 },
      { text: "we", count: 3 },
    ]);
  });

  it("finds what trying all finds", () => {
    const random = new Random(5);
    for (let round = 0; round < 100; round++) {
      const words = Array.from({ length: 1 + random.integer(8) }, () =>
        Array.from({ length: 1 + random.integer(9) }, () => "abc"[random.integer(3)]).join(""),
      );
      const maxLength = 2 + random.integer(6);
      const found = repeatedSubstrings(words, maxLength).map(({ text, count }): [string, number] => [text, count]);
      expect(new Map(found), words.join(" ")).toEqual(byTryingAll(words, maxLength));
      expect(new Set(found.map(([text]) => text)).size).toBe(found.length);
    }
  });
});
