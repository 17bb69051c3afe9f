/**
 * Masked language modeling and an objective on pairs in one step, as BERT is pretrained: the rows are the pairs', tokens
 * of both segments are hidden, and the loss is the sum of both.
 *
 * Paper: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, A.2.
 */
import type { SpecialTokens } from "../data/index.ts";
import { add, type SymbolicTensor } from "../graph/index.ts";
import { crossEntropy } from "../nn/index.ts";
import { evaluationMasking, type MaskingOptions, maskedInputs, tokenMasker } from "./masked-language-modeling.ts";
import { type Objective, objectiveInputs, type SymbolicInputs } from "./objective.ts";
import { type PairObjective, pairLabels, scorePairs } from "./sentence-pair-objective.ts";
import { tallyVocabulary, vocabularyScores } from "./vocabulary-scores.ts";

/** A model with both heads: logits [S, V] of the positions asked for, and [B, C] of the rows, as BERT or ALBERT calls them. */
export interface PreTrainingModel {
  forward(inputs: SymbolicInputs & { inputIds: SymbolicTensor }): {
    readonly predictionLogits: SymbolicTensor;
    readonly seqRelationshipLogits?: SymbolicTensor;
    readonly sopLogits?: SymbolicTensor;
  };
}

export function maskedLanguageModelingWith(
  pairs: PairObjective,
  tokens: SpecialTokens,
  masking: MaskingOptions = {},
): Objective<PreTrainingModel> {
  const mask = tokenMasker(tokens, masking);
  const maskAll = tokenMasker(tokens, { ...masking, ...evaluationMasking });
  const { positions, labels } = objectiveInputs;
  const forward = (model: PreTrainingModel, inputs: SymbolicInputs) => {
    const { labels: _labels, pairLabels: _pairLabels, ...rest } = inputs;
    const outputs = model.forward(rest as SymbolicInputs & { inputIds: SymbolicTensor });
    const { predictionLogits, seqRelationshipLogits, sopLogits } = outputs;
    return { predictionLogits, pairLogits: (seqRelationshipLogits ?? sopLogits) as SymbolicTensor };
  };
  return {
    name: `masked-language-modeling+${pairs.name}`,
    corpus: pairs.corpus,
    redraw: masking.draws !== "static",
    inputSpecs: { ...pairs.inputSpecs, positions, labels },
    packing: (options) => pairs.packing(options),
    prepareBatch: (batch, random) => ({ ...maskedInputs(batch, mask(batch, random)), ...pairLabels(batch) }),
    prepareEvaluationBatch: (batch, random) => ({
      ...maskedInputs(batch, maskAll(batch, random)),
      ...pairLabels(batch),
    }),
    loss(model, inputs) {
      const { predictionLogits, pairLogits } = forward(model, inputs);
      return add(
        crossEntropy(predictionLogits, inputs.labels as SymbolicTensor),
        crossEntropy(pairLogits, inputs.pairLabels as SymbolicTensor),
      );
    },
    evaluationOutputs(model, inputs) {
      const { predictionLogits, pairLogits } = forward(model, inputs);
      return { ...vocabularyScores(predictionLogits, inputs.labels as SymbolicTensor), pairLogits };
    },
    score(outputs, batch) {
      const masked = tallyVocabulary(outputs, batch.labels);
      const { loss: pairLoss, ...tallies } = scorePairs(outputs.pairLogits, batch, pairs.labelNames);
      return { maskedLoss: masked.loss, maskedAccuracy: masked.accuracy, pairLoss, ...tallies };
    },
  };
}
