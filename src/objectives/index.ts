export {
  type CausalLanguageModel,
  type CausalLanguageModelingOptions,
  causalLanguageModeling,
  historyWindows,
} from "./causal-language-modeling.ts";
export { type ClassificationTallies, IGNORED_LABEL, tallyClassification } from "./classification-tally.ts";
export { type EvaluationBatchesOptions, evaluationBatches } from "./evaluation-batches.ts";
export { maskedLanguageModelingWith, type PreTrainingModel } from "./joint-objective.ts";
export {
  type MaskedLanguageModel,
  type MaskedTokens,
  type MaskingOptions,
  maskedLanguageModeling,
  type TokenMasker,
  tokenMasker,
} from "./masked-language-modeling.ts";
export {
  type NextSentencePredictionOptions,
  nextSentencePrediction,
  threeClassNextSentencePrediction,
} from "./next-sentence-prediction.ts";
export {
  inputSpecsOf,
  type Objective,
  type OutputArrays,
  type PackingOptions,
  type PreparedBatch,
  type SymbolicInputs,
  type Tally,
} from "./objective.ts";
export { loadObjective, type ObjectiveOptions, objectiveNames, pairObjectiveNames } from "./registry.ts";
export { type SentenceOrderPredictionOptions, sentenceOrderPrediction } from "./sentence-order-prediction.ts";
export type { PairClassifier, PairObjective } from "./sentence-pair-objective.ts";
export { type WordMark, wordStarts } from "./token-selection.ts";
