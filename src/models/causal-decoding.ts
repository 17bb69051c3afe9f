/**
 * A causal model as decoding sees it: it keeps keys and values of what it has read, and reads one token at a time. A model
 * that gives no keys and values reads the whole text again for each token.
 */
import type { NextTokenLogits, NextTokenModel, Prompts } from "../generation/index.ts";
import { Tensor } from "../tensor/index.ts";
import { cacheSizesOf, DecodingCache, type DecodingCacheSizes } from "./decoding-cache.ts";
import type { AnyModel } from "./pretrained-model.ts";

/** What a decoder knows of its prompts beside their tokens. */
export interface PromptContext {
  /** Of the prompts' tokens; 0, 1, … from the first token of text on when left out. */
  readonly positions?: readonly (readonly number[])[] | undefined;
  /** An encoder's states [B, E, D] for cross-attention, and which of them are text, [B, E]: all when left out. */
  readonly source?: { readonly states: Tensor; readonly mask?: Tensor | undefined } | undefined;
}

export class CausalDecoder implements NextTokenModel {
  readonly maximumLength: number;
  readonly #model: AnyModel;
  readonly #context: PromptContext;
  readonly #sizes: DecodingCacheSizes | undefined;
  #cache: DecodingCache | undefined;
  #givesHiddenStates = false;
  /** Of each row: everything that it has. */
  #ids: (readonly number[])[] = [];
  /** Of each row: 1 on text, 0 on padding. */
  #masks: (readonly number[])[] = [];
  /** Of each row: the position of every token. */
  #positions: (readonly number[])[] = [];
  /** Of each row: which prompt it goes on from. */
  #origins: readonly number[] = [];

  constructor(model: AnyModel, maximumLength: number, context: PromptContext = {}) {
    this.maximumLength = maximumLength;
    this.#model = model;
    // A window counts back over the arrays of a cache, which have room between what was read and what comes.
    this.#sizes = model.config.attentionWindows == null ? cacheSizesOf(model) : undefined;
    this.#context = context;
  }

  async begin({ ids, padding }: Prompts, { hiddenStates } = { hiddenStates: false }): Promise<NextTokenLogits> {
    this.#givesHiddenStates = hiddenStates;
    this.#cache = this.#sizes && new DecodingCache(this.#sizes, ids.length);
    this.#ids = [...ids];
    this.#origins = [...ids.keys()];
    this.#masks = ids.map((row, index) => row.map((_, at) => (at < (padding[index] ?? 0) ? 0 : 1)));
    this.#positions = this.#masks.map((mask, row) => this.#context.positions?.[row] ?? positionsOf(mask));
    return this.#read(ids);
  }

  async step(tokens: readonly number[], parents: readonly number[]): Promise<NextTokenLogits> {
    const grown = (rows: (readonly number[])[], next: (row: readonly number[], index: number) => number) =>
      parents.map((parent, index) => {
        const row = rows[parent] ?? [];
        return [...row, next(row, index)];
      });
    this.#ids = grown(this.#ids, (_, index) => tokens[index] ?? 0);
    this.#masks = grown(this.#masks, () => 1);
    this.#positions = grown(this.#positions, (row) => (row.at(-1) ?? -1) + 1);
    this.#origins = parents.map((parent) => this.#origins[parent] ?? 0);
    this.#cache = this.#cache?.take(parents);
    return this.#read(this.#cache === undefined ? this.#ids : tokens.map((token) => [token]));
  }

  /** What each row looks at beside its own text. */
  #sourceInputs(): object {
    const { source } = this.#context;
    if (source === undefined) return {};
    const mask = source.mask && { encoderAttentionMask: rowsAt(source.mask, this.#origins) };
    return { encoderHiddenStates: rowsAt(source.states, this.#origins), ...mask };
  }

  /**
   * Reads tokens [R][T] after what is in the cache; only the last one of each row goes through the head. A prompt comes
   * after an empty cache, so that one graph, with one set of packed weights, serves prompts and steps.
   */
  async #read(ids: readonly (readonly number[])[]): Promise<NextTokenLogits> {
    const [rows, length] = [ids.length, ids[0]?.length ?? 0];
    const cache = this.#cache;
    const room = new Array<number>(cache === undefined ? 0 : cache.capacity - cache.length).fill(0);
    const outputs = await this.#model.run(
      {
        inputIds: int64(ids),
        attentionMask: int64(this.#masks.map((mask) => mask.toSpliced(mask.length - length, 0, ...room))),
        positionIds: int64(this.#positions.map((row) => row.slice(-length))),
        positions: Tensor.from(
          ids.map((_, row) => row * length + length - 1),
          "int64",
        ),
        ...(cache && { pastKeyValues: cache.tensors }),
        ...this.#sourceInputs(),
      },
      { useCache: cache === undefined ? false : "added", outputHiddenStates: this.#givesHiddenStates },
    );
    cache?.append(outputs.pastKeyValues);
    const logits = { data: outputs.logits.data as Float32Array, rows };
    if (!this.#givesHiddenStates) return logits;
    const { data, dims } = (outputs.hiddenStates as readonly Tensor[]).at(-1) as Tensor;
    return { ...logits, hiddenStates: { data: data as Float32Array, width: dims[2] as number } };
  }
}

/** Those rows of a tensor, in that order. */
function rowsAt({ type, data, dims }: Tensor, rows: readonly number[]): Tensor {
  const width = data.length / (dims[0] ?? 1);
  const copy = new (data.constructor as Float32ArrayConstructor)(rows.length * width);
  for (const [at, row] of rows.entries()) copy.set(data.subarray(row * width, (row + 1) * width) as never, at * width);
  return new Tensor(type, copy, [rows.length, ...dims.slice(1)]);
}

function int64(rows: readonly (readonly number[])[]): Tensor {
  return Tensor.from(rows, "int64");
}

/** 0, 1, … from the first token of text on; 0 on padding, which nobody sees. */
function positionsOf(mask: readonly number[]): number[] {
  let next = 0;
  return mask.map((isText) => (isText === 1 ? next++ : 0));
}
