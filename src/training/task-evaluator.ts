/** A model's figures on labelled examples. */
import { type Shape, type SymbolicTensor, shapeOf } from "../graph/index.ts";
import {
  type BootstrapInterval,
  type BootstrapOptions,
  bootstrapIntervals,
  bootstrapSettings,
} from "../metrics/index.ts";
import { type AnyModel, type InputSpecs, symbolicInputs } from "../models/index.ts";
import type { OutputArrays, PreparedBatch } from "../objectives/index.ts";
import { type AnyPreparedTask, type Features, longestRow, type TaskEvaluation } from "../tasks/index.ts";
import { FrozenFeatures } from "./frozen-features.ts";
import type { StageReport } from "./stages.ts";

export interface TaskEvaluationOptions {
  /** Rows of a batch; 32. */
  readonly batchSize?: number;
  readonly report?: StageReport | undefined;
  /** Whether to say how far the metrics might be off with other examples of the same kind. */
  readonly bootstrap?: BootstrapOptions | undefined;
}

/** A task's figures, with intervals of its metrics where they were asked for. */
export interface EvaluatedTask extends TaskEvaluation {
  readonly bootstrap?: Bootstrapped;
}

export interface Bootstrapped extends ReturnType<typeof bootstrapSettings> {
  /** Of every metric but the loss: the ends of its interval, and its standard deviation over the resamples. */
  readonly intervals: Readonly<Record<string, Omit<BootstrapInterval, "value">>>;
}

let evaluators = 0;

/** Evaluates one model on the same examples again and again. */
export class TaskEvaluator<Example> {
  /** Tasks of one name may still differ, so each evaluator has graphs of its own. */
  readonly #key = `task evaluation ${++evaluators}`;
  readonly #model: AnyModel;
  readonly #task: AnyPreparedTask;
  readonly examples: readonly Example[];
  readonly features: readonly Features[];

  readonly #frozen: FrozenFeatures | undefined;

  /** `isFrozen`: whether what the model does not learn can be computed once for all evaluations. */
  constructor(model: AnyModel, task: AnyPreparedTask, examples: readonly Example[], isFrozen = false) {
    this.#model = model;
    this.#task = task;
    this.examples = examples;
    this.#frozen = isFrozen ? new FrozenFeatures(model, task) : undefined;
    this.features = (task.evaluationFeatures ?? task.features)(examples);
  }

  /** The task's figures, with the mean loss of its features. */
  async evaluate({ bootstrap, ...options }: TaskEvaluationOptions = {}): Promise<EvaluatedTask> {
    const { results, loss } = await this.read(options);
    const { metrics, ...rest } = this.#task.evaluate(this.examples, this.features, results);
    return {
      metrics: { loss, ...metrics },
      ...rest,
      ...(bootstrap && { bootstrap: this.#bootstrap(results, bootstrap) }),
    };
  }

  /** What the model says of each of the features, and their mean loss. */
  async read({ batchSize = 32, report }: Omit<TaskEvaluationOptions, "bootstrap"> = {}) {
    const { features } = this;
    // Long ones first: what takes most memory comes at once.
    const order = features.map((_, index) => index);
    order.sort((a, b) => longestRow(features[b] as Features) - longestRow(features[a] as Features) || a - b);
    const results: unknown[] = new Array(features.length);
    let lossSum = 0;
    for (let start = 0; start < order.length; start += batchSize) {
      const indices = order.slice(start, start + batchSize);
      const together = indices.map((index) => features[index] as Features);
      const batch = this.#task.batch(together);
      const outputs = await this.#outputs(batch, together);
      lossSum += Number(outputs.loss?.data[0] ?? 0) * together.length;
      const read = this.#task.results(outputs, batch, together);
      indices.forEach((index, at) => {
        results[index] = read[at];
      });
      const done = Math.min(start + batchSize, order.length);
      report?.({ stage: "evaluating", done, total: order.length, unit: "rows" });
    }
    return { results: results as readonly unknown[], loss: lossSum / Math.max(1, features.length) };
  }

  /** The intervals of the metrics: examples are drawn with all that the model said of them. */
  #bootstrap(results: readonly unknown[], options: BootstrapOptions): Bootstrapped {
    const rows: number[][] = this.examples.map(() => []);
    for (const [index, { example }] of this.features.entries()) rows[example]?.push(index);
    const ofAll = [...this.features.keys()].filter((index) => (this.features[index] as Features).example < 0);
    const shared = ofAll.map((row) => ({ row, example: -1 }));
    const metricsOf = (drawn: readonly number[]): TaskEvaluation["metrics"] => {
      const drawnRows = drawn.flatMap((index, example) => (rows[index] ?? []).map((row) => ({ row, example })));
      const own = [...drawnRows, ...shared];
      return this.#task.evaluate(
        drawn.map((index) => this.examples[index]),
        own.map(({ row, example }) => ({ ...(this.features[row] as Features), example })),
        own.map(({ row }) => results[row]),
      ).metrics;
    };
    const all = bootstrapIntervals([...this.examples.keys()], metricsOf, options);
    const intervals = Object.entries(all).map(([name, { value: _, ...interval }]) => [name, interval]);
    return { ...bootstrapSettings(options), intervals: Object.fromEntries(intervals) };
  }

  async #outputs(batch: PreparedBatch, together: readonly Features[]): Promise<OutputArrays> {
    const specs = taskInputSpecs(this.#model, batch, this.#task);
    const names = Object.keys(specs);
    const frozen = this.#frozen;
    const executable = await this.#model.compiled(`${this.#key} ${names.join()}`, () => {
      const outputs = this.#task.outputs(this.#model, symbolicInputs(names, specs) as Record<string, SymbolicTensor>);
      return frozen?.cut(outputs) ?? outputs;
    });
    await frozen?.read(this.features);
    const features = frozen?.arrays(together, batch.inputIds?.dims.at(-1) ?? 0);
    return (await executable.run({ ...chosenInputs(batch, names), ...features })) as OutputArrays;
  }
}

/**
 * Type and shape of the arrays of a batch that the model takes: as it says itself, or where a task reads it in its own way,
 * such as several choices an example, as the arrays have them.
 */
export function taskInputSpecs(
  model: AnyModel,
  batch: PreparedBatch,
  task: Pick<AnyPreparedTask, "inputSpecs"> = {},
): InputSpecs {
  if (task.inputSpecs !== undefined) return task.inputSpecs(model, batch);
  const known = model.inputSpecs(new Set(Object.keys(batch)));
  const entries = Object.entries(batch).flatMap(([name, { type, dims }]) => {
    const spec = known[name];
    if (spec === undefined) return [];
    const fits = spec.type === type && spec.shape.length === dims.length;
    return [[name, fits ? spec : { type, shape: axesOf(dims) }] as const];
  });
  return Object.fromEntries(entries);
}

/** [B], [B, T] or [B, C, T]. */
function axesOf({ length: rank }: readonly number[]): Shape {
  return shapeOf(...["B", "C", "T"].filter((axis) => axis === "B" || (axis === "T" ? rank > 1 : rank > 2)));
}

/** The arrays with these names. */
export function chosenInputs(batch: PreparedBatch, names: readonly string[]): PreparedBatch {
  return Object.fromEntries(names.flatMap((name) => (batch[name] === undefined ? [] : [[name, batch[name]]])));
}
