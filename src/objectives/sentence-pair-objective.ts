/** What objectives on pairs of segments share: the rows, the label of each, the loss over classes. */
import {
  int64Array,
  type PairClasses,
  type SpecialTokens,
  sentencePairPacking,
  type TokenBatch,
} from "../data/index.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import { crossEntropy } from "../nn/index.ts";
import { tallyClassification, tallyConfusion } from "./classification-tally.ts";
import {
  type Objective,
  type OutputArrays,
  objectiveInputs,
  type PreparedBatch,
  type SymbolicInputs,
  type Tally,
} from "./objective.ts";

/** A classifier of pairs: logits [B, C]. */
export interface PairClassifier {
  forward(inputs: SymbolicInputs & { inputIds: SymbolicTensor }): { readonly logits: SymbolicTensor };
}

export interface PairObjective extends Objective<PairClassifier> {
  /** [C]: what the labels mean, as they are shown. */
  readonly labelNames: readonly string[];
}

export interface PairObjectiveSettings {
  readonly name: string;
  readonly classes: PairClasses;
  readonly labelNames: readonly string[];
  /** Share of rows whose target is a random shorter length; 0.1. */
  readonly shortSequenceProbability?: number | undefined;
}

/** The arrays of a batch of pairs that are not corrupted. */
function pairInputs(batch: TokenBatch): PreparedBatch {
  const dims = [batch.batchSize, batch.sequenceLength];
  return {
    inputIds: int64Array(batch.inputIds, dims),
    attentionMask: int64Array(batch.attentionMask as Int32Array, dims),
    tokenTypeIds: int64Array(batch.tokenTypeIds as Int32Array, dims),
    ...pairLabels(batch),
  };
}

export function pairLabels(batch: TokenBatch): PreparedBatch {
  return { pairLabels: int64Array(batch.pairLabels as Int32Array, [batch.batchSize]) };
}

export function pairObjective(tokens: SpecialTokens, settings: PairObjectiveSettings): PairObjective {
  const { name, classes, labelNames, shortSequenceProbability = 0.1 } = settings;
  const { inputIds, attentionMask, tokenTypeIds, pairLabels: labels } = objectiveInputs;
  const logitsOf = (model: PairClassifier, { pairLabels: _labels, ...inputs }: SymbolicInputs) =>
    model.forward(inputs as SymbolicInputs & { inputIds: SymbolicTensor }).logits;
  return {
    name,
    labelNames,
    corpus: { sentences: "split", lineEnd: "" },
    redraw: true,
    inputSpecs: { inputIds, attentionMask, tokenTypeIds, pairLabels: labels },
    packing: ({ sequenceLength }) => sentencePairPacking(tokens, { sequenceLength, classes, shortSequenceProbability }),
    prepareBatch: pairInputs,
    prepareEvaluationBatch: pairInputs,
    loss: (model, inputs) => crossEntropy(logitsOf(model, inputs), inputs.pairLabels as SymbolicTensor),
    evaluationOutputs: (model, inputs) => ({ logits: logitsOf(model, inputs) }),
    score: (outputs, batch) => {
      const { loss, ...tallies } = scorePairs(outputs.logits, batch, labelNames);
      return { loss, ...tallies };
    },
  };
}

/** Loss, accuracy and confusion of pairs; `loss` in nats. */
export function scorePairs(
  logits: OutputArrays[string] | undefined,
  batch: PreparedBatch,
  labelNames: readonly string[],
): { loss: Tally; pairAccuracy: Tally } & Record<string, Tally> {
  const { loss, accuracy, predictions } = tallyClassification(logits, batch.pairLabels);
  return { loss, pairAccuracy: accuracy, ...tallyConfusion(batch.pairLabels, predictions, labelNames) };
}
