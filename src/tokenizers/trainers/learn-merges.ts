import { MergeLearner, type MergeOptions } from "./merge-learner.ts";
import { type OnTrainingProgress, ProgressReporter } from "./training-progress.ts";
import type { CountedWords } from "./word-counts.ts";

/** Merges between two looks at the clock. */
const STEPS_BETWEEN_REPORTS = 16;

/** Learns all merges that the options allow, reporting progress and letting the event loop run meanwhile. */
export async function learnMerges(
  wordCounts: CountedWords,
  options: MergeOptions,
  onProgress?: OnTrainingProgress,
): Promise<MergeLearner> {
  const learner = new MergeLearner(wordCounts, options);
  const reporter = new ProgressReporter(onProgress);
  for (let steps = 1; learner.step(); steps++) {
    if (steps % STEPS_BETWEEN_REPORTS !== 0 || !reporter.isDue) continue;
    await reporter.report({ stage: "merges", done: learner.tokens.length, total: options.vocabSize });
  }
  await reporter.report({ stage: "merges", done: learner.tokens.length, total: learner.tokens.length });
  return learner;
}
