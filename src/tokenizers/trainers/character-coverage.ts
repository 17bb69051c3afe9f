import type { CountedWords } from "./word-counts.ts";

/**
 * The words without their rarest characters, at which they are cut: the characters that stay make up at least the share
 * `coverage` of the text. As in SentencePiece, Kudo and Richardson 2018, https://arxiv.org/abs/1808.06226.
 */
export function coverCharacters(words: CountedWords, coverage: number): CountedWords {
  if (coverage >= 1) return words;
  const counts = new Map<string, number>();
  let total = 0;
  words.forEach((word, count) => {
    for (const character of word) {
      counts.set(character, (counts.get(character) ?? 0) + count);
      total += count;
    }
  });
  const covered = new Set<string>();
  let sum = 0;
  for (const [character, count] of [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))) {
    if (sum >= coverage * total) break;
    covered.add(character);
    sum += count;
  }
  const parts = new Map<string, number>();
  words.forEach((word, count) => {
    const kept = Array.from(word, (character) => (covered.has(character) ? character : "\0")).join("");
    for (const part of kept.split("\0")) if (part !== "") parts.set(part, (parts.get(part) ?? 0) + count);
  });
  return {
    size: parts.size,
    forEach(visit) {
      for (const [part, count] of parts) visit(part, count);
    },
  };
}
