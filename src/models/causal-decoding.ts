/**
 * A causal model as decoding sees it: it keeps keys and values of what it has read, and reads one token at a time. A model
 * that gives no keys and values reads the whole text again for each token.
 */
import type { NextTokenLogits, NextTokenModel, Prompts } from "../generation/index.ts";
import { Tensor } from "../tensor/index.ts";
import type { LayerCache } from "./key-value-cache.ts";
import type { AnyModel, Concrete } from "./pretrained-model.ts";

type KeyValues = readonly Concrete<LayerCache, Tensor>[];

export class CausalDecoder implements NextTokenModel {
  readonly maximumLength: number;
  readonly #model: AnyModel;
  readonly #given: readonly (readonly number[])[] | undefined;
  #past: KeyValues = [];
  /** Of each row: everything that it has. */
  #ids: (readonly number[])[] = [];
  /** Of each row: 1 on text, 0 on padding. */
  #masks: (readonly number[])[] = [];
  /** Of each row: the position of every token. */
  #positions: (readonly number[])[] = [];

  /** `positions` are those of the prompts; 0, 1, … from the first token of text on when left out. */
  constructor(model: AnyModel, maximumLength: number, positions?: readonly (readonly number[])[]) {
    this.maximumLength = maximumLength;
    this.#model = model;
    this.#given = positions;
  }

  async begin({ ids, padding }: Prompts): Promise<NextTokenLogits> {
    this.#past = [];
    this.#ids = [...ids];
    this.#masks = ids.map((row, index) => row.map((_, at) => (at < (padding[index] ?? 0) ? 0 : 1)));
    this.#positions = this.#masks.map((mask, row) => this.#given?.[row] ?? positionsOf(mask));
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
    this.#past = this.#past.map((layer) => mapValues(layer, (x) => takeRows(x, parents)));
    return this.#read(this.#past.length === 0 ? this.#ids : tokens.map((token) => [token]));
  }

  /** Reads tokens [R][T] after what is in the cache; only the last one of each row goes through the head. */
  async #read(ids: readonly (readonly number[])[]): Promise<NextTokenLogits> {
    const [rows, length] = [ids.length, ids[0]?.length ?? 0];
    const outputs = await this.#model.run(
      {
        inputIds: int64(ids),
        attentionMask: int64(this.#masks),
        positionIds: int64(this.#positions.map((row) => row.slice(-length))),
        positions: Tensor.from(
          ids.map((_, row) => row * length + length - 1),
          "int64",
        ),
        ...(this.#past.length === 0 ? {} : { pastKeyValues: this.#past }),
      },
      { useCache: true },
    );
    this.#past = (outputs.pastKeyValues as KeyValues | undefined) ?? [];
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

function mapValues<T extends object, V>(object: T, change: (value: Tensor) => V): T {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)])) as T;
}
