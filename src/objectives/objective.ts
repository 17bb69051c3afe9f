/**
 * What a pretraining objective is: how text is laid out, what is hidden of it, and the loss on what was hidden. One file
 * each; the training loop and the evaluation know nothing of any of them.
 */
import type { NamedArray, Packing, TokenBatch } from "../data/index.ts";
import { type SymbolicTensor, shapeOf, type TensorSpec } from "../graph/index.ts";
import type { Random } from "../random.ts";

/** The arrays of one step by name. */
export type PreparedBatch = Readonly<Record<string, NamedArray>>;

/** The same arrays while a graph is traced. */
export type SymbolicInputs = Readonly<Record<string, SymbolicTensor>>;

/** Values that a run gave. */
export type OutputArrays = Readonly<Record<string, { readonly data: ArrayLike<number | bigint> }>>;

/** A sum over `count` things, so that batches add up: the metric is sum / count. */
export interface Tally {
  readonly sum: number;
  readonly count: number;
}

export interface PackingOptions {
  /** T */
  readonly sequenceLength: number;
  /** For one pass that sees every token once: text in its order, padding instead of repetition. */
  readonly evaluation?: boolean;
}

/** `Model` is what the loss asks of a model: the outputs of its `forward`. */
export interface Objective<Model = never> {
  /** As on the command line: `masked-language-modeling`, or several joined by `+`. */
  readonly name: string;
  /** How a corpus is tokenized for it. */
  readonly corpus: { readonly sentences: "lines" | "split"; readonly lineEnd: "" | "\n" };
  /** Whether examples are laid out anew in each epoch. */
  readonly redraw: boolean;
  packing(options: PackingOptions): Packing;
  /** Type and shape of the arrays that a prepared batch holds; some are left out where they say nothing. */
  readonly inputSpecs: Readonly<Record<string, TensorSpec>>;
  /** Pure given `random`, which is not moved; the batch is left as it was. */
  prepareBatch(batch: TokenBatch, random: Random): PreparedBatch;
  /**
   * The same for evaluation: the same draws every time, and nothing that could be told by copying. Every selected token
   * is [MASK]; under 80/10/10 a tenth of the accuracy could come from tokens that stayed.
   */
  prepareEvaluationBatch(batch: TokenBatch, random: Random): PreparedBatch;
  /** Mean loss in nats over what was hidden → []; 0, not NaN, when nothing was. */
  loss(model: Model, inputs: SymbolicInputs): SymbolicTensor;
  /** What `score` needs of a run. */
  evaluationOutputs(model: Model, inputs: SymbolicInputs): Readonly<Record<string, SymbolicTensor>>;
  /** Metrics of one batch: losses in nats, accuracies as shares. */
  score(outputs: OutputArrays, batch: PreparedBatch): Readonly<Record<string, Tally>>;
}

const perToken: TensorSpec = { type: "int64", shape: shapeOf("B", "T") };
const perSelected: TensorSpec = { type: "int64", shape: shapeOf("S") };
const perRow: TensorSpec = { type: "int64", shape: shapeOf("B") };

/** The inputs that objectives share. B rows, T tokens, S selected positions. */
export const objectiveInputs = {
  inputIds: perToken,
  attentionMask: perToken,
  tokenTypeIds: perToken,
  positions: perSelected,
  labels: perSelected,
  nextTokenIds: perToken,
  pairLabels: perRow,
} as const satisfies Record<string, TensorSpec>;

/** Type and shape of the arrays that a batch of an objective has. */
export function inputSpecsOf(
  { inputSpecs }: Pick<Objective, "inputSpecs">,
  batch: PreparedBatch,
): Readonly<Record<string, TensorSpec>> {
  return Object.fromEntries(Object.keys(batch).map((name) => [name, inputSpecs[name] as TensorSpec]));
}
