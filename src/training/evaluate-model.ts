/** A model folder's figures on a text: what `cloze evaluate` prints for an objective. */
import { openCorpus } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import { AutoModelForCausalLM, AutoModelForMaskedLM, loadArchitecture, type ModelOptions } from "../models/index.ts";
import { loadObjective } from "../objectives/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { Evaluator, type Metrics } from "./evaluation.ts";
import { specialTokensOf, tokenizeAndSplit } from "./pretraining-corpus.ts";
import type { StageReport } from "./stages.ts";

/** The objectives that a model can be evaluated on. */
export const evaluationObjectives = ["masked-language-modeling", "causal-language-modeling"] as const;
export type EvaluationObjective = (typeof evaluationObjectives)[number];

export interface EvaluateModelOptions extends ModelOptions {
  /** Tokens of a row; what the model takes, 512 at most, when left out. */
  readonly sequenceLength?: number | undefined;
  /** Of causal language modeling: how many tokens before it a prediction may read; all of the row when left out. */
  readonly history?: number | undefined;
  readonly report?: StageReport;
  readonly onWarning?: (text: string) => void;
}

export interface ModelEvaluation {
  readonly task: EvaluationObjective;
  /**
   * `loss` in nats a predicted token, `perplexity` e to its power, an accuracy as a share (masked: on positions that are
   * all [MASK], 15% of the text, the same ones every time), and for causal models `bitsPerByte` of the UTF-8 text.
   */
  readonly metrics: Metrics;
  /** Documents of the text. */
  readonly examples: number;
}

const longestRow = 512;

/** Evaluates the model of a folder on a text file or folder: the same numbers every time. */
export async function evaluateModel(
  task: EvaluationObjective,
  folder: string,
  data: string,
  options: EvaluateModelOptions = {},
): Promise<ModelEvaluation> {
  const { report = () => undefined, onWarning, device, threads, history } = options;
  if (history !== undefined && task !== "causal-language-modeling") {
    throw new ConfigurationError(`history has no effect on ${task}.`, {
      field: "history",
      received: String(history),
      hint: "Leave it out, or evaluate causal-language-modeling.",
    });
  }
  const loader = task === "causal-language-modeling" ? AutoModelForCausalLM : AutoModelForMaskedLM;
  const model = await loader.fromPretrained(folder, { device, threads, ...(onWarning && { onWarning }) });
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const architecture = await loadArchitecture(model.config.modelType);
  const { maximumLength, layers } = architecture.sizes(model.config);
  const causal = history === undefined ? {} : { causal: { history, layers } };
  const objective = await loadObjective(task, specialTokensOf(tokenizer), causal);
  const source = await openCorpus(data, { onWarning });
  const parts = { cacheFolder: undefined, report };
  const { training: corpus } = await tokenizeAndSplit(source, tokenizer, 0, objective.corpus, parts);
  const evaluator = new Evaluator(model, objective);
  try {
    const sequenceLength = options.sequenceLength ?? Math.min(maximumLength, longestRow);
    const tallies = await evaluator.tally(corpus, { sequenceLength, report });
    const metrics: Record<string, number> = {};
    for (const [name, { sum, count }] of Object.entries(tallies)) metrics[name] = sum / Math.max(1, count);
    metrics.perplexity = Math.exp(metrics.loss ?? Number.NaN);
    // Every token of the text is predicted once, so the nats of all of them are the text's.
    const nats = tallies.loss?.sum ?? Number.NaN;
    if (task === "causal-language-modeling") metrics.bitsPerByte = nats / Math.LN2 / corpus.counts.bytes;
    return { task, metrics, examples: corpus.counts.documents };
  } finally {
    await model.release();
  }
}
