/** Labelled data for the fine-tuning tasks. */
export { BLANK } from "./blanks.ts";
export type { RelationExtractionExample, TextClassificationExample } from "./classification-fields.ts";
export type { ExampleOf, ExampleTask } from "./example-fields.ts";
export type { ColumnMapping } from "./example-record.ts";
export type { ExampleFields } from "./field-schemas.ts";
export type {
  ChatExample,
  ExtractiveSummarizationExample,
  LanguageModelingExample,
  PreferenceExample,
  SourceTargetExample,
} from "./generation-fields.ts";
export type {
  Answer,
  ClozeExample,
  MultipleChoiceExample,
  QuestionAnsweringExample,
} from "./question-fields.ts";
export {
  type ExampleFormat,
  exampleFormats,
  type LoadedExamples,
  loadExamples,
  type ReadExample,
  type ReadExamplesOptions,
  readExamples,
} from "./read-examples.ts";
export type { RetrievalCorpusExample, RetrievalExample } from "./retrieval-fields.ts";
export type { DependencyParsingExample, SpanExtractionExample, TokenClassificationExample } from "./token-fields.ts";
