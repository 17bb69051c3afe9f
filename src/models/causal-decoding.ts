/** A causal model as decoding sees it: it keeps keys and values of what it has read, and reads one token at a time. */
import type { NextTokenLogits, NextTokenModel, Prompts } from "../generation/index.ts";
import { Tensor } from "../tensor/index.ts";
import type { AnyModel } from "./pretrained-model.ts";

type KeyValues = readonly { readonly key: Tensor; readonly value: Tensor }[];

export class CausalDecoder implements NextTokenModel {
  readonly maximumLength: number;
  readonly #model: AnyModel;
  #past: KeyValues = [];
  /** Of each row: 1 on text, 0 on padding. */
  #masks: (readonly number[])[] = [];

  constructor(model: AnyModel, maximumLength: number) {
    this.#model = model;
    this.maximumLength = maximumLength;
  }

  async begin({ ids, padding }: Prompts): Promise<NextTokenLogits> {
    this.#past = [];
    this.#masks = ids.map((row, index) => row.map((_, at) => (at < (padding[index] ?? 0) ? 0 : 1)));
    return this.#read(ids);
  }

  async step(tokens: readonly number[], parents: readonly number[]): Promise<NextTokenLogits> {
    this.#masks = parents.map((parent) => [...(this.#masks[parent] ?? []), 1]);
    this.#past = this.#past.map(({ key, value }) => ({ key: takeRows(key, parents), value: takeRows(value, parents) }));
    return this.#read(tokens.map((token) => [token]));
  }

  /** Reads tokens [R][T] after what is in the cache; only the last one of each row goes through the head. */
  async #read(ids: readonly (readonly number[])[]): Promise<NextTokenLogits> {
    const [rows, length] = [ids.length, ids[0]?.length ?? 0];
    const outputs = await this.#model.run(
      {
        inputIds: int64(ids),
        attentionMask: int64(this.#masks),
        positionIds: int64(this.#masks.map((mask) => positionsOf(mask).slice(-length))),
        positions: Tensor.from(
          ids.map((_, row) => row * length + length - 1),
          "int64",
        ),
        ...(this.#past.length === 0 ? {} : { pastKeyValues: this.#past }),
      },
      { useCache: true },
    );
    this.#past = outputs.pastKeyValues as KeyValues;
    return { data: outputs.logits.data as Float32Array, rows };
  }
}

function int64(rows: readonly (readonly number[])[]): Tensor {
  return Tensor.from(rows, "int64");
}

/** 0, 1, … from the first token of text on; 0 on padding, which nobody sees. */
function positionsOf(mask: readonly number[]): number[] {
  let next = 0;
  return mask.map((isText) => (isText === 1 ? next++ : 0));
}

/** x [R, …] → its rows at these places. */
function takeRows(x: Tensor, places: readonly number[]): Tensor {
  const [rows = 0, ...rest] = x.dims;
  if (places.length === rows && places.every((place, row) => place === row)) return x;
  const size = rest.reduce((product, dim) => product * dim, 1);
  const data = new Float32Array(places.length * size);
  const source = x.data as Float32Array;
  for (const [row, place] of places.entries()) data.set(source.subarray(place * size, (place + 1) * size), row * size);
  return new Tensor("float32", data, [places.length, ...rest]);
}
