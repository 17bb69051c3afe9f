/** A fine-tuned model's figures on labelled examples: what `cloze evaluate` prints for a task. */
import type { BootstrapOptions } from "../metrics/index.ts";
import type { ModelOptions } from "../models/index.ts";
import { loadTask, type TaskName } from "../tasks/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import type { ExampleFileSettings } from "./finetune-settings.ts";
import { retrievedCandidates } from "./retrieved-candidates.ts";
import type { StageReport } from "./stages.ts";
import { type EvaluatedTask, TaskEvaluator } from "./task-evaluator.ts";
import { inFile, readTaskExamples } from "./task-examples.ts";
import { taskModel, usualRowLength } from "./task-model.ts";
import { checkTaskSettings } from "./task-settings.ts";

export interface EvaluateTaskOptions extends ModelOptions, Partial<ExampleFileSettings> {
  /** Tokens of the longest row; what the model takes, 512 at most, when left out. */
  readonly sequenceLength?: number | undefined;
  /** Tokens that the windows of a long text share; texts are cut where the task allows it when left out. */
  readonly stride?: number | undefined;
  /** Of retrieval: a file of further texts, with `id` and `text`, among which the right ones are looked for. */
  readonly corpus?: string | undefined;
  /** Of ranking: the folder of a bi-encoder, whose nearest documents are ranked in place of those of the examples. */
  readonly retriever?: string | undefined;
  /** How many documents the retriever finds for each query; 10. */
  readonly topK?: number | undefined;
  /** Asks for intervals of the metrics. */
  readonly bootstrap?: BootstrapOptions | undefined;
  readonly report?: StageReport;
  readonly onWarning?: (text: string) => void;
}

export interface TaskModelEvaluation extends EvaluatedTask {
  readonly task: TaskName;
  readonly examples: number;
}

/** Evaluates the model of a folder on a file of examples: the same numbers every time. */
export async function evaluateTask(
  name: TaskName,
  folder: string,
  data: string,
  options: EvaluateTaskOptions = {},
): Promise<TaskModelEvaluation> {
  const {
    device,
    threads,
    report,
    onWarning,
    sequenceLength,
    stride,
    corpus: corpusFile,
    retriever,
    topK = 10,
    bootstrap,
    ...files
  } = options;
  const task = await loadTask(name);
  await checkTaskSettings(task, { stride });
  const source = await taskModel(task, folder);
  const { config, modelTask } = source;
  const model = await source.load({ device, threads, ...(onWarning && { onWarning }) });
  try {
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const isNumber = name === "text-classification" && config.numLabels === 1;
    const problemType = config.problemType ?? (isNumber ? "regression" : null);
    const examples = await readTaskExamples(name, data, { ...noFileSettings, ...files, problemType, onWarning });
    const parts = { config: model.config, modelTask, tokenizer };
    const corpus = corpusFile === undefined ? undefined : await corpusTexts(corpusFile, onWarning);
    const retrieving = { device, threads, topK, corpus, report, onWarning };
    const candidates =
      retriever === undefined ? undefined : await retrievedCandidates(retriever, examples as never, retrieving);
    const given = { sequenceLength: sequenceLength ?? usualRowLength(source), stride, corpus, candidates };
    const prepared = task.prepare(parts, (await task.completeOptions?.(given, folder)) ?? given);
    const evaluator = inFile(data, () => new TaskEvaluator(model, prepared, examples));
    return { task: name, ...(await evaluator.evaluate({ report, bootstrap })), examples: examples.length };
  } finally {
    await model.release();
  }
}

async function corpusTexts(file: string, onWarning: EvaluateTaskOptions["onWarning"]): Promise<string[]> {
  const rows = await readTaskExamples("retrieval-corpus", file, { ...noFileSettings, problemType: null, onWarning });
  return rows.map(({ text }) => text);
}

const noFileSettings: ExampleFileSettings = {
  column: [],
  noHeader: false,
  delimiter: null,
  format: null,
  skipBadRows: false,
};
