import { ConfigurationError, DataError } from "../../errors.ts";
import type { CountedWords } from "./word-counts.ts";

/** Refuses counts that make no sense. */
export function checkCounts(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= 0)) continue;
    throw new ConfigurationError(`${name} should be a whole number of at least 0, but is ${String(value)}.`, {
      field: name,
      expected: "a whole number of at least 0",
      received: String(value),
      hint: "Correct the option.",
    });
  }
}

/** A tokenizer cannot be learnt from nothing. */
export function requireWords(wordCounts: CountedWords): void {
  if (wordCounts.size > 0) return;
  throw new DataError("The corpus for the tokenizer holds no words.", {
    expected: "lines of text",
    received: "no text",
    hint: "Check the corpus: text in UTF-8, a sentence or paragraph a line.",
  });
}
