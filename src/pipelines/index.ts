/** Text in, answer out. */

export type { EntityPair } from "../tasks/entity-markers.ts";
export type { ExtractedAnswer } from "../tasks/extracted-answers.ts";
export { type PoolingMode, poolingModes } from "../tasks/pooling.ts";
export { type Similarity, similarities } from "../tasks/sentence-modules.ts";
export {
  type AggregationStrategy,
  aggregationStrategies,
  type Entity,
  type EntityGroup,
  type TokenEntity,
} from "../tasks/token-groups.ts";
export type * from "./cloze.ts";
export type * from "./dependency-parsing.ts";
export type * from "./extractive-summarization.ts";
export type * from "./feature-extraction.ts";
export type * from "./fill-mask.ts";
export type { RowStates, StateOptions, Told, WithStates } from "./inner-states.ts";
export type * from "./multiple-choice.ts";
export type * from "./next-sentence-prediction.ts";
export { type Pipelines, type PipelineTask, pipeline, pipelineTasks } from "./pipeline.ts";
export type { CallOptions } from "./pipeline-inputs.ts";
export type * from "./question-answering.ts";
export type * from "./relation-extraction.ts";
export type * from "./sentence-similarity.ts";
export type * from "./span-extraction.ts";
export type * from "./spelling-correction.ts";
export type * from "./text-classification.ts";
export { type ScoreFunction, scoreFunctions } from "./text-classification.ts";
export type * from "./text-generation.ts";
export { type FoundText, type IndexedText, TextIndex, type TextIndexOptions } from "./text-index.ts";
export type { PipelineOptions } from "./text-model.ts";
export type * from "./text-ranking.ts";
export type * from "./token-classification.ts";
export { writeVectors } from "./vector-file.ts";
export type * from "./zero-shot-classification.ts";
