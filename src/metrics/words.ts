/** Words and how often they occur, as the reference tools count them. */

/** What Python's `str.split()` splits at: other than in JavaScript, the byte order mark does not belong to it. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`[${SPACE}]+`, "u");

/** The stretches between white space. */
export function splitWords(text: string): string[] {
  return text.split(SPACES).filter((word) => word !== "");
}

/** How often each item occurs. */
export function occurrences<T>(items: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** How many items two bags share. */
export function overlap<T>(a: ReadonlyMap<T, number>, b: ReadonlyMap<T, number>): number {
  let shared = 0;
  for (const [item, count] of a) shared += Math.min(count, b.get(item) ?? 0);
  return shared;
}

/** Between the items of an n-gram's key: a character that no text holds. */
const SEPARATOR = "\u0000";

/** The n-grams of a list, each as one string. */
export function ngrams(items: readonly string[], n: number): string[] {
  return Array.from({ length: Math.max(0, items.length - n + 1) }, (_, at) => items.slice(at, at + n).join(SEPARATOR));
}
