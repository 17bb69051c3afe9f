/** What every pipeline stands on: a model and its tokenizer, which fit each other. */
import type { HubOptions } from "../checkpoints/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type AnyModel, loadArchitecture } from "../models/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";

export interface PipelineOptions extends HubOptions {
  /** `cpu` in Node, `wasm` in browsers, when left out. */
  readonly device?: string | undefined;
  /** Threads of one run; all processors when left out. */
  readonly threads?: number | undefined;
  /** Is told what is odd about the model or a text; `console.warn` when left out. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** A model, its tokenizer, and how many tokens both can take. */
export interface TextModel<M extends AnyModel> {
  readonly model: M;
  readonly tokenizer: Tokenizer;
  /** Tokens of the longest row. */
  readonly maximumLength: number;
}

/** Throws a ConfigurationError when the tokenizer has ids for which the model has no embeddings. */
export async function textModel<M extends AnyModel>(
  model: M,
  tokenizer: Tokenizer,
  folder: string,
): Promise<TextModel<M>> {
  const { sizes } = await loadArchitecture(model.config.modelType);
  const { vocabSize } = model.config as { vocabSize?: number };
  if (vocabSize !== undefined && tokenizer.length > vocabSize) {
    throw new ConfigurationError(`The tokenizer of ${folder} has more tokens than its model.`, {
      file: folder,
      field: "vocab_size",
      expected: `at most ${vocabSize} tokens`,
      received: String(tokenizer.length),
      hint: "Put the tokenizer that the model was trained with into the folder.",
    });
  }
  const { maximumLength } = sizes(model.config);
  return { model, tokenizer, maximumLength: Math.min(maximumLength, tokenizer.modelMaxLength ?? maximumLength) };
}

/**
 * Receives a model's warnings but for the one that the folder holds more than the task needs: who asks for one task of a
 * model with several heads knows.
 */
export function withoutUnusedHeads(onWarning: (text: string) => void): (text: string) => void {
  return (text) => {
    if (!text.includes(": in the file, but not part of this model: ")) onWarning(text);
  };
}
