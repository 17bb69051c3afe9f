/** Labelled data for the fine-tuning tasks. */
export type { RelationExtractionExample, TextClassificationExample } from "./classification-fields.ts";
export { type ExampleOf, type ExampleTask, exampleFields } from "./example-fields.ts";
export type { ColumnMapping } from "./example-record.ts";
export type { ExampleFields } from "./field-schemas.ts";
export type {
  ChatExample,
  ExtractiveSummarizationExample,
  LanguageModelingExample,
  PreferenceExample,
  SourceTargetExample,
} from "./generation-fields.ts";
export {
  type Answer,
  BLANK,
  type ClozeExample,
  type MultipleChoiceExample,
  type QuestionAnsweringExample,
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
