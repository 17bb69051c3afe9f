/** Every task by its name. None is loaded before it is asked for. */
import type { AnyTask, TaskName } from "./task.ts";

const loaders: Readonly<Record<TaskName, () => Promise<AnyTask>>> = {
  "text-classification": async () => (await import("./text-classification.ts")).textClassification,
  "relation-extraction": async () => (await import("./relation-extraction.ts")).relationExtraction,
  "token-classification": async () => (await import("./token-classification.ts")).tokenClassification,
  "span-extraction": async () => (await import("./span-extraction.ts")).spanExtraction,
  "extractive-summarization": async () => (await import("./extractive-summarization.ts")).extractiveSummarization,
  "dependency-parsing": async () => (await import("./dependency-parsing.ts")).dependencyParsing,
  "question-answering": async () => (await import("./question-answering.ts")).questionAnswering,
  "multiple-choice": async () => (await import("./multiple-choice.ts")).multipleChoice,
  cloze: async () => (await import("./cloze.ts")).cloze,
  "spelling-correction": async () => (await import("./spelling-correction.ts")).spellingCorrection,
  retrieval: async () => (await import("./retrieval.ts")).retrieval,
  "text-ranking": async () => (await import("./text-ranking.ts")).textRanking,
};

export const taskNames = Object.keys(loaders) as readonly TaskName[];

export function loadTask(name: TaskName): Promise<AnyTask> {
  return loaders[name]();
}
