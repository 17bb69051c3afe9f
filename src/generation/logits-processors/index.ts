/** Everything that may change the scores of the next token. */
export * from "./length.ts";
export * from "./logits-processor.ts";
export * from "./repetition.ts";
export * from "./sampling.ts";
