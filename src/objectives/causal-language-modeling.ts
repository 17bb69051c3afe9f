/**
 * Causal language modeling: each token is told from those before it.
 *
 * Papers: Radford et al. 2018 (GPT, eq. 1: −Σ log P(u_i | u_{i−k} … u_{i−1}) with a context of k tokens) and 2019 (GPT-2).
 *
 * With `history` k, the prediction of token i reads tokens i−k … i−1 and nothing earlier. A layer that attends to a window
 * of w tokens (itself counted) lets information move w − 1 tokens, so through L layers it moves Σ (w_l − 1): the windows
 * are chosen to sum to exactly k − 1 and are shared out evenly, the lower layers getting the remainder.
 */
import { causalPacking, int64Array, type SpecialTokens, type TokenBatch } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import { crossEntropy } from "../nn/index.ts";
import { type Objective, objectiveInputs, type PreparedBatch, type SymbolicInputs } from "./objective.ts";
import { tallyVocabulary, vocabularyScores } from "./vocabulary-scores.ts";

/** A left-to-right model: logits [B, T, V], at each token those of the next. */
export interface CausalLanguageModel {
  forward(inputs: { inputIds: SymbolicTensor; attentionWindows?: readonly number[] }): {
    readonly logits: SymbolicTensor;
  };
}

export interface CausalLanguageModelingOptions {
  /** k: how many tokens before it a prediction may read; all of the row if left out. */
  history?: number;
  /** L: the model's attention layers. Needed with `history`. */
  layers?: number;
}

/**
 * The window of each layer, its own token counted, that together let a prediction read exactly `history` tokens.
 *
 * history 10 over 4 layers → [4, 3, 3, 3]: 1 + 3 + 2 + 2 + 2 tokens.
 */
export function historyWindows(history: number, layers: number): number[] {
  for (const [field, value] of Object.entries({ history, layers })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new ConfigurationError("A limited history needs a number of tokens and of layers.", {
      field,
      expected: "a positive integer",
      received: String(value),
    });
  }
  const reach = history - 1;
  return Array.from(
    { length: layers },
    (_, layer) => 1 + Math.floor(reach / layers) + (layer < reach % layers ? 1 : 0),
  );
}

function causalInputs(batch: TokenBatch): PreparedBatch {
  const dims = [batch.batchSize, batch.sequenceLength];
  return {
    inputIds: int64Array(batch.inputIds, dims),
    nextTokenIds: int64Array(batch.nextTokenIds as Int32Array, dims),
  };
}

export function causalLanguageModeling(
  tokens: SpecialTokens,
  options: CausalLanguageModelingOptions = {},
): Objective<CausalLanguageModel> {
  const { history, layers } = options;
  const windows = history === undefined ? {} : { attentionWindows: historyWindows(history, layers ?? 0) };
  const logitsOf = (model: CausalLanguageModel, inputs: SymbolicInputs) =>
    model.forward({ inputIds: inputs.inputIds as SymbolicTensor, ...windows }).logits;
  return {
    name: "causal-language-modeling",
    corpus: { sentences: "lines", lineEnd: "\n" },
    redraw: true,
    inputSpecs: { inputIds: objectiveInputs.inputIds, nextTokenIds: objectiveInputs.nextTokenIds },
    packing: ({ sequenceLength, evaluation = false }) =>
      causalPacking(tokens, { sequenceLength, shift: !evaluation, tail: evaluation ? "pad" : "wrap" }),
    prepareBatch: causalInputs,
    prepareEvaluationBatch: causalInputs,
    loss: (model, inputs) => crossEntropy(logitsOf(model, inputs), inputs.nextTokenIds as SymbolicTensor),
    evaluationOutputs: (model, inputs) =>
      vocabularyScores(logitsOf(model, inputs), inputs.nextTokenIds as SymbolicTensor),
    score(outputs, batch) {
      const { loss, accuracy } = tallyVocabulary(outputs, batch.nextTokenIds);
      return { loss, nextTokenAccuracy: accuracy };
    },
  };
}
