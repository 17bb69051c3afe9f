/** Models, each in one file with all its heads. */
export { type InputSpecs, symbolicInputs } from "./model-inputs.ts";
export type { ModelOptions } from "./model-runtime.ts";
export * from "./pretrained-model.ts";
