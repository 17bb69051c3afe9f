/** Decoding strategies over anything that gives the next token's scores. Knows no model. */
export { type Generated, generateTokens } from "./generate.ts";
export { type GenerationOptions, type GenerationSettings, readGenerationConfig } from "./generation-settings.ts";
export * from "./logits-processors/index.ts";
export type { NextTokenLogits, NextTokenModel, Prompts } from "./next-token-model.ts";
