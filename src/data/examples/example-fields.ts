/** Every task's fields, by the task's name. */
import { relationExtraction, textClassification, textRegression } from "./classification-fields.ts";
import type { ExampleFields } from "./field-schemas.ts";
import { chat, extractiveSummarization, languageModeling, preference, sourceTarget } from "./generation-fields.ts";
import { cloze, multipleChoice, questionAnswering } from "./question-fields.ts";
import { retrieval, retrievalCorpus } from "./retrieval-fields.ts";
import { dependencyParsing, spanExtraction, tokenClassification } from "./token-fields.ts";

export { textRegression };

export const exampleFields = {
  "text-classification": textClassification,
  "relation-extraction": relationExtraction,
  "token-classification": tokenClassification,
  "span-extraction": spanExtraction,
  "dependency-parsing": dependencyParsing,
  "question-answering": questionAnswering,
  "extractive-summarization": extractiveSummarization,
  "multiple-choice": multipleChoice,
  cloze,
  "spelling-correction": sourceTarget,
  retrieval,
  "text-ranking": retrieval,
  "retrieval-corpus": retrievalCorpus,
  text2text: sourceTarget,
  summarization: sourceTarget,
  translation: sourceTarget,
  "language-modeling": languageModeling,
  chat,
  preference,
} as const;

/** The tasks that labelled data can be read for. */
export type ExampleTask = keyof typeof exampleFields;

/** A row of a task. */
export type ExampleOf<Task extends ExampleTask> =
  (typeof exampleFields)[Task] extends ExampleFields<infer Row> ? Row : never;
