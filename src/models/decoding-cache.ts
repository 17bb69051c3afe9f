/** Keys and values of what a decoder has read, in arrays with room for more, so that a step adds to them in place. */
import { Tensor } from "../tensor/index.ts";
import type { InputSpecs } from "./model-inputs.ts";
import type { AnyModel } from "./pretrained-model.ts";

/** Of each layer. */
type KeyValues = readonly { readonly key: Tensor; readonly value: Tensor }[];

export interface DecodingCacheSizes {
  readonly layers: number;
  readonly heads: number;
  /** Of a head. */
  readonly width: number;
}

/** What a model takes as `pastKeyValues`; undefined for one that keeps nothing. */
export function cacheSizesOf(model: AnyModel): DecodingCacheSizes | undefined {
  const specs = Object.entries(model.inputSpecs(new Set(["inputIds", "pastKeyValues.0.key"])) as InputSpecs);
  const keys = specs.filter(([name]) => /^pastKeyValues\.\d+\.key$/.test(name));
  const [, first] = keys[0] ?? [];
  if (first === undefined) return undefined;
  return { layers: keys.length, heads: Number(first.shape[1]), width: Number(first.shape[3]) };
}

/** Room is made for this many tokens at a time, so that arrays grow seldom. */
const bucket = 64;

export class DecodingCache {
  readonly rows: number;
  /** Tokens that it holds. */
  length = 0;
  /** Tokens that it has room for. */
  capacity = 0;
  readonly #sizes: DecodingCacheSizes;
  /** Of each two rows: how many tokens they have in common, from the first on, at least. */
  #common: readonly (readonly number[])[];
  /** Keys and values of each layer in turn, [R, H, capacity, K] each. */
  #arrays: Float32Array[];

  /** An empty one. */
  constructor(sizes: DecodingCacheSizes, rows: number) {
    this.rows = rows;
    this.#sizes = sizes;
    this.#common = Array.from({ length: rows }, () => new Array<number>(rows).fill(0));
    this.#arrays = Array.from({ length: 2 * sizes.layers }, () => new Float32Array(0));
  }

  /** What a model takes; the last `capacity − length` tokens are to be hidden from it. */
  get tensors(): KeyValues {
    const { layers, heads, width } = this.#sizes;
    const dims = [this.rows, heads, this.capacity, width];
    const tensors = this.#arrays.map((array) => new Tensor("float32", array, dims));
    return Array.from({ length: layers }, (_, layer) => ({
      key: tensors[2 * layer] as Tensor,
      value: tensors[2 * layer + 1] as Tensor,
    }));
  }

  /** Adds what a model made of T more tokens, [R, H, T, K] each. */
  append(added: KeyValues): void {
    const count = added[0]?.key.dims[2] ?? 0;
    if (this.length + count > this.capacity) this.#resize(this.length + count);
    const { heads, width } = this.#sizes;
    for (const [index, { data }] of added.flatMap(({ key, value }) => [key, value]).entries()) {
      const target = this.#arrays[index] as Float32Array;
      for (let head = 0; head < this.rows * heads; head++) {
        const own = (data as Float32Array).subarray(head * count * width, (head + 1) * count * width);
        target.set(own, (head * this.capacity + this.length) * width);
      }
    }
    this.length += count;
  }

  /**
   * One with its rows at these places, a row may be left out, another come twice: this one, changed, where the number of rows
   * stays.
   */
  take(places: readonly number[]): DecodingCache {
    const common = places.map((one) =>
      places.map((other) => (one === other ? this.length : (this.#common[one]?.[other] ?? 0))),
    );
    if (places.length === this.rows) {
      this.#exchange(places);
      this.#common = common;
      return this;
    }
    const taken = new DecodingCache(this.#sizes, places.length);
    taken.#common = common;
    taken.length = this.length;
    taken.capacity = this.capacity;
    taken.#arrays = this.#copies(places, this.capacity);
    return taken;
  }

  /** Puts in each row what is at its place, as far as the two differ: beams share most of their past. */
  #exchange(places: readonly number[]): void {
    const { heads, width } = this.#sizes;
    const moved = [...places.entries()].filter(([row, place]) => row !== place);
    for (const array of this.#arrays) {
      const parts: [start: number, values: Float32Array][] = [];
      // All is read before anything is overwritten.
      for (const [row, place] of moved) {
        const first = this.#common[row]?.[place] ?? 0;
        for (let head = 0; head < heads; head++) {
          const [from, to] = [place, row].map((one) => (one * heads + head) * this.capacity * width) as [
            number,
            number,
          ];
          const values = array.slice(from + first * width, from + this.length * width);
          parts.push([to + first * width, values]);
        }
      }
      for (const [start, values] of parts) array.set(values, start);
    }
  }

  #resize(length: number): void {
    const capacity = Math.ceil(length / bucket) * bucket;
    const places = Array.from({ length: this.rows }, (_, row) => row);
    this.#arrays = this.#copies(places, capacity);
    this.capacity = capacity;
  }

  /** The tokens that it holds of these rows, in arrays with room for `capacity`. */
  #copies(places: readonly number[], capacity: number): Float32Array[] {
    const { heads, width } = this.#sizes;
    return this.#arrays.map((array) => {
      const copy = new Float32Array(places.length * heads * capacity * width);
      for (const [row, place] of places.entries()) {
        for (let head = 0; head < heads; head++) {
          const start = (place * heads + head) * this.capacity * width;
          copy.set(array.subarray(start, start + this.length * width), (row * heads + head) * capacity * width);
        }
      }
      return copy;
    });
  }
}
