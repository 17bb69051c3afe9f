/** What a bi-encoder finds for queries, for a cross-encoder to put in order. */
import type { ReadExample } from "../data/index.ts";
import type { ModelOptions } from "../models/index.ts";
import { loadTask, nearestDocuments, type RetrievalFeatures, type TaskOptions } from "../tasks/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import type { StageReport } from "./stages.ts";
import { TaskEvaluator } from "./task-evaluator.ts";
import { taskModel, usualRowLength } from "./task-model.ts";

export interface RetrieverOptions extends ModelOptions {
  /** Documents for each query. */
  readonly topK: number;
  /** Further documents that are searched. */
  readonly corpus?: readonly string[] | undefined;
  readonly report?: StageReport | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** The documents nearest to each query among all of the examples and the corpus, by the bi-encoder of a folder. */
export async function retrievedCandidates(
  folder: string,
  examples: readonly ReadExample<"retrieval">[],
  { topK, corpus, report, onWarning, ...modelOptions }: RetrieverOptions,
): Promise<Map<string, string[]>> {
  const task = await loadTask("retrieval");
  const source = await taskModel(task, folder);
  const model = await source.load({ ...modelOptions, ...(onWarning && { onWarning }) });
  try {
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const given: TaskOptions = { sequenceLength: usualRowLength(source), corpus };
    const options = (await task.completeOptions?.(given, folder)) ?? given;
    const parts = { config: model.config, modelTask: source.modelTask, tokenizer };
    const evaluator = new TaskEvaluator(model, task.prepare(parts, options), examples);
    const { results } = await evaluator.read({
      report: report && ((stage) => report({ ...stage, stage: "retrieving" })),
    });
    const features = evaluator.features as readonly RetrievalFeatures[];
    return nearestDocuments(features, results as Float32Array[], options.vectors?.similarity ?? "cosine", topK);
  } finally {
    await model.release();
  }
}
