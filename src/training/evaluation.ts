/** An objective's metrics on held-out text: every token once, and the same draws every time. */
import type { TokenizedCorpus } from "../data/index.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import { type AnyModel, symbolicInputs } from "../models/index.ts";
import {
  evaluationBatches,
  inputSpecsOf,
  type Objective,
  type OutputArrays,
  type PreparedBatch,
  type Tally,
} from "../objectives/index.ts";
import type { StageReport } from "./stages.ts";

/** Averages by name: losses in nats, accuracies as shares. */
export type Metrics = Readonly<Record<string, number>>;

export interface EvaluationOptions {
  readonly sequenceLength: number;
  /** Rows of a batch; 16. */
  readonly batchSize?: number;
  /** Stop after so many batches. */
  readonly maxBatches?: number;
  readonly report?: StageReport;
}

let evaluators = 0;

/** Evaluates one model again and again; its graph is compiled once, as long as the weights stay. */
export class Evaluator {
  /** Objectives of one name may still differ, so each evaluator has graphs of its own. */
  readonly #key = `evaluation ${++evaluators}`;
  readonly #model: AnyModel;
  readonly #objective: Objective<AnyModel>;

  constructor(model: AnyModel, objective: Objective<AnyModel>) {
    this.#model = model;
    this.#objective = objective;
  }

  async evaluate(corpus: TokenizedCorpus, options: EvaluationOptions): Promise<Metrics> {
    const totals = Object.entries(await this.tally(corpus, options));
    return Object.fromEntries(totals.map(([name, { sum, count }]) => [name, sum / Math.max(1, count)]));
  }

  /** The metrics as sums and counts. */
  async tally(corpus: TokenizedCorpus, options: EvaluationOptions): Promise<Readonly<Record<string, Tally>>> {
    const totals: Record<string, Tally> = {};
    const total = options.maxBatches === undefined ? corpus.counts.tokens : undefined;
    let tokens = 0;
    for await (const { batch, prepared } of evaluationBatches(this.#objective, corpus, { batchSize: 16, ...options })) {
      tokens += batch.inputIds.length;
      options.report?.({ stage: "evaluating", done: Math.min(tokens, total ?? tokens), total, unit: "tokens" });
      const outputs = await this.outputs(prepared);
      for (const [name, { sum, count }] of Object.entries(this.#objective.score(outputs, prepared))) {
        const before = totals[name] ?? { sum: 0, count: 0 };
        totals[name] = { sum: before.sum + sum, count: before.count + count };
      }
    }
    return totals;
  }

  /** What the objective's score needs, for one batch. */
  async outputs(batch: PreparedBatch): Promise<OutputArrays> {
    const specs = inputSpecsOf(this.#objective, batch);
    const names = Object.keys(specs);
    const executable = await this.#model.compiled(`${this.#key} ${names.join()}`, () => {
      const inputs = symbolicInputs(names, specs) as Record<string, SymbolicTensor>;
      return this.#objective.evaluationOutputs(this.#model, inputs);
    });
    return (await executable.run(batch)) as OutputArrays;
  }
}
