/** Text in, answer out. */
export type { FillMaskOptions, FillMaskPipeline, FillMaskPrediction, FillMaskResult } from "./fill-mask.ts";
export type {
  NextSentenceInput,
  NextSentenceLabel,
  NextSentencePredictionOptions,
  NextSentencePredictionPipeline,
} from "./next-sentence-prediction.ts";
export { type Pipelines, type PipelineTask, pipeline, pipelineTasks } from "./pipeline.ts";
export type { GeneratedText, TextGenerationOptions, TextGenerationPipeline } from "./text-generation.ts";
export type { PipelineOptions } from "./text-model.ts";
