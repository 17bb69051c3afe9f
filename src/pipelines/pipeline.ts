/** Text in, answer out: a model folder with its tokenizer as one function. None is loaded before it is asked for. */
import { hubOptionNames } from "../checkpoints/index.ts";
import { ConfigurationError } from "../errors.ts";
import { modelFolder } from "../models/index.ts";
import { nearestName, refuseUnknownNames } from "../platform/option-names.ts";
import type { ClozePipeline } from "./cloze.ts";
import type { DependencyParsingPipeline } from "./dependency-parsing.ts";
import type { ExtractiveSummarizationPipeline } from "./extractive-summarization.ts";
import type { FeatureExtractionPipeline } from "./feature-extraction.ts";
import type { FillMaskPipeline } from "./fill-mask.ts";
import type { MultipleChoicePipeline } from "./multiple-choice.ts";
import type { NextSentencePredictionPipeline } from "./next-sentence-prediction.ts";
import type { QuestionAnsweringPipeline } from "./question-answering.ts";
import type { RelationExtractionPipeline } from "./relation-extraction.ts";
import type { SentenceSimilarityPipeline } from "./sentence-similarity.ts";
import type { SpanExtractionPipeline } from "./span-extraction.ts";
import type { SpellingCorrectionPipeline } from "./spelling-correction.ts";
import type { TextClassificationPipeline } from "./text-classification.ts";
import type { TextGenerationPipeline } from "./text-generation.ts";
import { type PipelineOptions, pipelineOptionNames } from "./text-model.ts";
import type { TextRankingPipeline } from "./text-ranking.ts";
import type { TokenClassificationPipeline } from "./token-classification.ts";
import type { ZeroShotClassificationPipeline } from "./zero-shot-classification.ts";

/** What each pipeline is, once loaded. */
export interface Pipelines {
  cloze: ClozePipeline;
  "dependency-parsing": DependencyParsingPipeline;
  "extractive-summarization": ExtractiveSummarizationPipeline;
  "feature-extraction": FeatureExtractionPipeline;
  "fill-mask": FillMaskPipeline;
  "multiple-choice": MultipleChoicePipeline;
  "next-sentence-prediction": NextSentencePredictionPipeline;
  "question-answering": QuestionAnsweringPipeline;
  "relation-extraction": RelationExtractionPipeline;
  "sentence-similarity": SentenceSimilarityPipeline;
  "span-extraction": SpanExtractionPipeline;
  "spelling-correction": SpellingCorrectionPipeline;
  "text-classification": TextClassificationPipeline;
  "text-generation": TextGenerationPipeline;
  "text-ranking": TextRankingPipeline;
  "token-classification": TokenClassificationPipeline;
  "zero-shot-classification": ZeroShotClassificationPipeline;
}

export type PipelineTask = keyof Pipelines;

type Loaders = {
  readonly [Task in PipelineTask]: (model: string, options: PipelineOptions) => Promise<Pipelines[Task]>;
};

const loaders: Loaders = {
  cloze: async (...given) => (await import("./cloze.ts")).loadCloze(...given),
  "dependency-parsing": async (...given) => (await import("./dependency-parsing.ts")).loadDependencyParsing(...given),
  "extractive-summarization": async (...given) =>
    (await import("./extractive-summarization.ts")).loadExtractiveSummarization(...given),
  "feature-extraction": async (...given) => (await import("./feature-extraction.ts")).loadFeatureExtraction(...given),
  "fill-mask": async (...given) => (await import("./fill-mask.ts")).loadFillMask(...given),
  "multiple-choice": async (...given) => (await import("./multiple-choice.ts")).loadMultipleChoice(...given),
  "next-sentence-prediction": async (...given) =>
    (await import("./next-sentence-prediction.ts")).loadNextSentencePrediction(...given),
  "question-answering": async (...given) => (await import("./question-answering.ts")).loadQuestionAnswering(...given),
  "relation-extraction": async (...given) =>
    (await import("./relation-extraction.ts")).loadRelationExtraction(...given),
  "sentence-similarity": async (...given) =>
    (await import("./sentence-similarity.ts")).loadSentenceSimilarity(...given),
  "span-extraction": async (...given) => (await import("./span-extraction.ts")).loadSpanExtraction(...given),
  "spelling-correction": async (...given) =>
    (await import("./spelling-correction.ts")).loadSpellingCorrection(...given),
  "text-classification": async (...given) =>
    (await import("./text-classification.ts")).loadTextClassification(...given),
  "text-generation": async (...given) => (await import("./text-generation.ts")).loadTextGeneration(...given),
  "text-ranking": async (...given) => (await import("./text-ranking.ts")).loadTextRanking(...given),
  "token-classification": async (...given) =>
    (await import("./token-classification.ts")).loadTokenClassification(...given),
  "zero-shot-classification": async (...given) =>
    (await import("./zero-shot-classification.ts")).loadZeroShotClassification(...given),
};

/** Every name that `pipeline` knows. */
export const pipelineTasks = Object.keys(loaders) as readonly PipelineTask[];

/**
 * Loads a model and its tokenizer for one task.
 *
 * ```ts
 * const unmask = await pipeline("fill-mask", "./my-bert");
 * await unmask("Paris is the [MASK] of France."); // [{ score, token, tokenStr, sequence }, …]
 * ```
 *
 * @param model a model folder, or the id of a published model, which is downloaded once.
 * @throws ConfigurationError for an unknown task or option, CheckpointError and TokenizerError for a folder that is
 *   missing or broken, ResourceError when a download fails.
 */
export async function pipeline<Task extends PipelineTask>(
  task: Task,
  model: string,
  options: PipelineOptions = {},
): Promise<Pipelines[Task]> {
  if (!Object.hasOwn(loaders, task)) throw unknownTask(String(task));
  refuseUnknownNames(options, [...pipelineOptionNames, ...hubOptionNames], "the options of pipeline");
  return loaders[task](await modelFolder(model, options), options);
}

function unknownTask(task: string): ConfigurationError {
  const nearest = nearestName(task, pipelineTasks);
  return new ConfigurationError(`There is no pipeline ${task}.`, {
    field: "pipeline",
    expected: pipelineTasks.join(", "),
    received: task,
    hint: nearest === undefined ? "Choose one of these." : `Did you mean ${nearest}?`,
  });
}
