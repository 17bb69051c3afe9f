/** Models, each in one file with all its heads; none is loaded before it is asked for. */
export * from "./architecture.ts";
export * from "./auto.ts";
export type { CausalLanguageModel, GenerationInputs, GenerationOutputs } from "./causal-language-model.ts";
export { flattenChoices } from "./choices.ts";
export { rowLoss } from "./class-labels.ts";
export { isLayerClassifierTask, layerClassifier } from "./layer-classifier.ts";
export { concreteInputs, type InputSpec, type InputSpecs, symbolicInputs } from "./model-inputs.ts";
export type { ModelMemory, ModelOptions } from "./model-runtime.ts";
export { modelFolder } from "./model-source.ts";
export { type ModelPart, type ModelSummary, type ModelUse, summarizeModel } from "./model-summary.ts";
export { withNextTokenLoss } from "./next-tokens.ts";
export * from "./pretrained-model.ts";
export { findClass, loadArchitecture, type ModelType, modelTypes } from "./registry.ts";
