/** Text in, answer out: a model folder with its tokenizer as one function. None is loaded before it is asked for. */
import { hubOptionNames } from "../checkpoints/index.ts";
import { ConfigurationError } from "../errors.ts";
import { modelFolder } from "../models/index.ts";
import { nearestName, refuseUnknownNames } from "../platform/option-names.ts";
import type { FillMaskPipeline } from "./fill-mask.ts";
import type { NextSentencePredictionPipeline } from "./next-sentence-prediction.ts";
import type { TextGenerationPipeline } from "./text-generation.ts";
import type { PipelineOptions } from "./text-model.ts";

/** What each pipeline is, once loaded. */
export interface Pipelines {
  "fill-mask": FillMaskPipeline;
  "next-sentence-prediction": NextSentencePredictionPipeline;
  "text-generation": TextGenerationPipeline;
}

export type PipelineTask = keyof Pipelines;

type Loaders = {
  readonly [Task in PipelineTask]: (model: string, options: PipelineOptions) => Promise<Pipelines[Task]>;
};

const loaders: Loaders = {
  "fill-mask": async (model, options) => (await import("./fill-mask.ts")).loadFillMask(model, options),
  "next-sentence-prediction": async (model, options) =>
    (await import("./next-sentence-prediction.ts")).loadNextSentencePrediction(model, options),
  "text-generation": async (model, options) =>
    (await import("./text-generation.ts")).loadTextGeneration(model, options),
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
  refuseUnknownNames(options, ["device", "threads", "onWarning", ...hubOptionNames], "the options of pipeline");
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
