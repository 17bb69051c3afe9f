/** Counts the words of a corpus, line by line: what trainers learn from instead of the text itself. */
import { ownString } from "../own-string.ts";
import { type OnTrainingProgress, ProgressReporter } from "./training-progress.ts";

/** Lines of text: an array, a generator, a stream. Only one line at a time is held. */
export type Lines = Iterable<string> | AsyncIterable<string>;

/** Lines between two looks at the clock. */
const LINES_BETWEEN_REPORTS = 64;

/**
 * Counts how often each word occurs.
 *
 * @param wordsOf cuts a line as the tokenizer will.
 */
export async function countWords(
  lines: Lines,
  wordsOf: (line: string) => readonly string[],
  onProgress?: OnTrainingProgress<"words">,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const reporter = new ProgressReporter(onProgress);
  const total = Array.isArray(lines) ? lines.length : undefined;
  let done = 0;
  const take = (line: string): boolean => {
    for (const word of wordsOf(line)) {
      const count = counts.get(word);
      counts.set(count === undefined ? ownString(word) : word, (count ?? 0) + 1);
    }
    done++;
    return done % LINES_BETWEEN_REPORTS === 0 && reporter.isDue;
  };
  if (Symbol.asyncIterator in lines) {
    for await (const line of lines) if (take(line)) await reporter.report({ stage: "words", done, total });
  } else {
    for (const line of lines) if (take(line)) await reporter.report({ stage: "words", done, total });
  }
  await reporter.report({ stage: "words", done, total: done });
  return counts;
}
