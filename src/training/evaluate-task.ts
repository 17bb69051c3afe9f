/** A fine-tuned model's figures on labelled examples: what `cloze evaluate` prints for a task. */

import type { AnyModel } from "../models/index.ts";
import { AutoConfig, classFor, type LoadOptions, loadArchitecture, type ModelOptions } from "../models/index.ts";
import { loadTask, type TaskEvaluation, type TaskName } from "../tasks/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import type { ExampleFileSettings } from "./finetune-settings.ts";
import type { StageReport } from "./stages.ts";
import { TaskEvaluator } from "./task-evaluator.ts";
import { inFile, readTaskExamples } from "./task-examples.ts";

export interface EvaluateTaskOptions extends ModelOptions, Partial<ExampleFileSettings> {
  /** Tokens of the longest row; what the model takes, 512 at most, when left out. */
  readonly sequenceLength?: number | undefined;
  /** Tokens that the windows of a long text share; texts are cut where the task allows it when left out. */
  readonly stride?: number | undefined;
  readonly report?: StageReport;
  readonly onWarning?: (text: string) => void;
}

export interface TaskModelEvaluation extends TaskEvaluation {
  readonly task: TaskName;
  readonly examples: number;
}

const longestRow = 512;

/** Evaluates the model of a folder on a file of examples: the same numbers every time. */
export async function evaluateTask(
  name: TaskName,
  folder: string,
  data: string,
  options: EvaluateTaskOptions = {},
): Promise<TaskModelEvaluation> {
  const { device, threads, report, onWarning, sequenceLength, stride, ...files } = options;
  const task = await loadTask(name);
  const config = await AutoConfig.fromPretrained(folder);
  const architecture = await loadArchitecture(config.modelType);
  const modelClass = classFor(architecture, task.modelTask) as unknown as {
    fromPretrained(folder: string, options: LoadOptions): Promise<AnyModel>;
  };
  const model = await modelClass.fromPretrained(folder, { device, threads, ...(onWarning && { onWarning }) });
  try {
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const problemType = config.problemType ?? (config.numLabels === 1 ? "regression" : null);
    const examples = await readTaskExamples(name, data, { ...noFileSettings, ...files, problemType, onWarning });
    const { maximumLength } = architecture.sizes(config);
    const length = sequenceLength ?? Math.min(maximumLength, longestRow);
    const prepared = task.prepare({ config: model.config, tokenizer }, { sequenceLength: length, stride });
    const evaluator = inFile(data, () => new TaskEvaluator(model, prepared, examples));
    return { task: name, ...(await evaluator.evaluate({ report })), examples: examples.length };
  } finally {
    await model.release();
  }
}

const noFileSettings: ExampleFileSettings = {
  column: [],
  noHeader: false,
  delimiter: null,
  format: null,
  skipBadRows: false,
};
