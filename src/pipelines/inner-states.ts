/** Hidden states and attentions beside an answer: one option away in every pipeline. */

import { Tensor } from "../tensor/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import type { RowInputs } from "./text-model.ts";

/** The options that ask for them. */
export interface StateOptions {
  /** Return `{ result, states }` with the embeddings' and every layer's output. */
  readonly outputHiddenStates?: boolean | undefined;
  /** Return `{ result, states }` with every layer's attention probabilities. */
  readonly outputAttentions?: boolean | undefined;
}

/** What happened inside the model over one row of T tokens, padding left out. */
export interface RowStates {
  tokens: string[];
  /** [L + 1, T, D]: the embeddings' output, then that of each of the L layers. */
  hiddenStates?: Tensor;
  /** [L, H, T, T]: layer, head, token that looks, token looked at. */
  attentions?: Tensor;
}

/** A result with the states of every row that went through the model for it: windows, choices or labels are rows each. */
export interface WithStates<R> {
  result: R;
  states: RowStates[];
}

/** Options that ask for hidden states or attentions. */
export type AskingForStates = { readonly outputHiddenStates: true } | { readonly outputAttentions: true };

/** What a call with options `O` gives for an input whose result is `R`. */
export type Told<O, R> = O extends AskingForStates ? WithStates<R> : R;

export function asksForStates({ outputHiddenStates, outputAttentions }: StateOptions): boolean {
  return outputHiddenStates === true || outputAttentions === true;
}

/** The result alone unless states were asked for. */
export function told<R>({ result, states }: WithStates<R>, options: StateOptions): R | WithStates<R> {
  return asksForStates(options) ? { result, states } : result;
}

/** The states of one row of a batch. */
export function statesOfRow(
  inputs: RowInputs,
  outputs: { readonly hiddenStates?: readonly Tensor[]; readonly attentions?: readonly Tensor[] },
  row: number,
  tokenizer: Tokenizer,
): RowStates {
  const length = inputs.inputIds.dims.at(-1) as number;
  const shown = Array.from({ length }, (_, place) => place).filter(
    (place) => inputs.attentionMask === undefined || Number(inputs.attentionMask.data[row * length + place]) === 1,
  );
  const ids = shown.map((place) => Number(inputs.inputIds.data[row * length + place]));
  const { hiddenStates, attentions } = outputs;
  return {
    tokens: tokenizer.convertIdsToTokens(ids).map((token) => token ?? ""),
    ...(hiddenStates && { hiddenStates: stacked(hiddenStates.map((layer) => hiddenOf(layer, row, shown))) }),
    ...(attentions && { attentions: stacked(attentions.map((layer) => attentionsOf(layer, row, shown))) }),
  };
}

/** layer [B, T, D] → the shown tokens of a row, [t, D]. */
function hiddenOf({ data, dims }: Tensor, row: number, shown: readonly number[]): Tensor {
  const [, length = 0, width = 0] = dims;
  const values = new Float32Array(shown.length * width);
  shown.forEach((place, index) => {
    const start = (row * length + place) * width;
    values.set((data as Float32Array).subarray(start, start + width), index * width);
  });
  return new Tensor("float32", values, [shown.length, width]);
}

/** layer [B, H, T, T] → the shown tokens of a row, [H, t, t]. */
function attentionsOf({ data, dims }: Tensor, row: number, shown: readonly number[]): Tensor {
  const [, heads = 0, length = 0] = dims;
  const values = new Float32Array(heads * shown.length ** 2);
  let index = 0;
  for (let head = 0; head < heads; head++) {
    for (const from of shown) {
      const start = ((row * heads + head) * length + from) * length;
      for (const to of shown) values[index++] = data[start + to] as number;
    }
  }
  return new Tensor("float32", values, [heads, shown.length, shown.length]);
}

/** Tensors of one shape → one with an axis more. */
function stacked(tensors: readonly Tensor[]): Tensor {
  const dims = tensors[0]?.dims ?? [];
  const size = tensors[0]?.size ?? 0;
  const values = new Float32Array(tensors.length * size);
  tensors.forEach(({ data }, index) => {
    values.set(data as Float32Array, index * size);
  });
  return new Tensor("float32", values, [tensors.length, ...dims]);
}
