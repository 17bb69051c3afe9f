/** Models, each in one file with all its heads. */
export { symbolicInputs } from "./model-runtime.ts";
export * from "./pretrained-model.ts";
