/** A model folder's figures on a text: what `cloze evaluate` prints for an objective. */
import { openCorpus } from "../data/index.ts";
import { ConfigurationError, DataError } from "../errors.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import {
  type AnyModel,
  AutoConfig,
  classFor,
  type LoadOptions,
  loadArchitecture,
  type ModelOptions,
  type ModelTask,
} from "../models/index.ts";
import { loadObjective, type Objective, objectiveNames, pairObjectiveNames } from "../objectives/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { Evaluator, type Metrics } from "./evaluation.ts";
import { headOf, requireCausal } from "./objective-heads.ts";
import { specialTokensOf, tokenizeAndSplit } from "./pretraining-corpus.ts";
import type { StageReport } from "./stages.ts";

/** The objectives that a model can be evaluated on; one on pairs can follow `masked-language-modeling+`. */
export const evaluationObjectives = objectiveNames;

export interface EvaluateModelOptions extends ModelOptions {
  /** Tokens of a row; what the model takes, 512 at most, when left out. */
  readonly sequenceLength?: number | undefined;
  /** Of causal language modeling: how many tokens before it a prediction may read; all of the row when left out. */
  readonly history?: number | undefined;
  readonly report?: StageReport;
  readonly onWarning?: (text: string) => void;
}

export interface ModelEvaluation {
  readonly task: string;
  /**
   * `loss` in nats a predicted token or pair (`maskedLoss` and `pairLoss` where both are learned), `perplexity` e to the
   * power of that of tokens, an accuracy as a share (masked: on positions that are all [MASK], 15% of the text, the same
   * ones every time), and for causal models `bitsPerByte` of the UTF-8 text.
   */
  readonly metrics: Metrics;
  /** Documents of the text. */
  readonly examples: number;
}

const longestRow = 512;

/** Evaluates the model of a folder on a text file or folder: the same numbers every time. */
export async function evaluateModel(
  task: string,
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
  const config = await AutoConfig.fromPretrained(folder, { onWarning: () => undefined });
  const architecture = await loadArchitecture(config.modelType);
  const head = headOf(task, architecture);
  if (head === "causalLM") requireCausal(config, architecture, folder);
  const modelClass = classFor(architecture, head) as unknown as {
    fromPretrained(from: string, options: LoadOptions): Promise<AnyModel>;
  };
  const model = await modelClass.fromPretrained(folder, { device, threads, ...(onWarning && { onWarning }) });
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const { maximumLength, layers } = architecture.sizes(model.config);
  const causal = history === undefined ? {} : { causal: { history, layers } };
  const objective = forHead(await loadObjective(task, specialTokensOf(tokenizer), causal), head);
  const source = await openCorpus(data, { onWarning });
  const parts = { cacheFolder: undefined, report };
  const { training: corpus } = await tokenizeAndSplit(source, tokenizer, 0, objective.corpus, parts);
  const evaluator = new Evaluator(model, objective);
  try {
    const sequenceLength = options.sequenceLength ?? Math.min(maximumLength, longestRow);
    const tallies = await evaluator.tally(corpus, { sequenceLength, report });
    if (Object.values(tallies).every(({ count }) => count === 0)) {
      throw new DataError(`The text gives no examples of ${task}.`, {
        file: source.name,
        expected: "documents with a blank line between them; pairs of segments need several sentences in each",
        received: `${corpus.counts.documents} documents, ${corpus.counts.sentences} sentences`,
        hint: "Give a longer text.",
      });
    }
    const metrics: Record<string, number> = {};
    for (const [name, { sum, count }] of Object.entries(tallies)) metrics[name] = sum / Math.max(1, count);
    const perToken = pairObjectiveNames.includes(task) ? undefined : (metrics.loss ?? metrics.maskedLoss);
    if (perToken !== undefined) metrics.perplexity = Math.exp(perToken);
    // Every token of the text is predicted once, so the nats of all of them are the text's.
    const nats = tallies.loss?.sum ?? Number.NaN;
    if (task === "causal-language-modeling") metrics.bitsPerByte = nats / Math.LN2 / corpus.counts.bytes;
    return { task, metrics, examples: corpus.counts.documents };
  } finally {
    await model.release();
  }
}

/** An objective on pairs alone takes the pairs' logits of a model that was pretrained with others beside it. */
function forHead(objective: Objective<AnyModel>, head: ModelTask): Objective<AnyModel> {
  const isAlone = pairObjectiveNames.includes(objective.name);
  if (!isAlone || head === "nextSentencePrediction") return objective;
  return {
    ...objective,
    evaluationOutputs(model, inputs) {
      const forward = (given: object): { logits: SymbolicTensor } => {
        const { seqRelationshipLogits, sopLogits } = model.forward(given);
        return { logits: seqRelationshipLogits ?? sopLogits };
      };
      return objective.evaluationOutputs({ forward } as unknown as AnyModel, inputs);
    },
  };
}
