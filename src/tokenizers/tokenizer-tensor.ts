/**
 * The tensors that a tokenizer makes. They have the shape of the toolkit's own Tensor, which lives above this folder, so
 * that models take them as they are; a caller who wants another class hands in a constructor for it.
 */

/** Numbers nested as deep as a tensor has axes. */
export type NestedIds = bigint | readonly NestedIds[];

/** What a tokenizer's tensors have in common with every other tensor of the toolkit. */
export interface IdTensor {
  readonly type: "int64";
  /** [B, T]: batch, tokens. */
  readonly dims: readonly number[];
  /** Row by row. */
  readonly data: BigInt64Array;
  tolist(): NestedIds;
}

/** Makes a tensor of ids from its elements, row by row, and its shape. */
export type CreateTensor = (data: BigInt64Array, dims: readonly number[]) => IdTensor;

class PlainIdTensor implements IdTensor {
  readonly type = "int64";
  readonly dims: readonly number[];
  readonly data: BigInt64Array;

  constructor(data: BigInt64Array, dims: readonly number[]) {
    this.data = data;
    this.dims = dims;
  }

  get size(): number {
    return this.data.length;
  }

  tolist(): NestedIds {
    const build = (axis: number, offset: number, size: number): NestedIds => {
      const count = this.dims[axis];
      if (count === undefined) return this.data[offset]!;
      const inner = count === 0 ? 0 : size / count;
      return Array.from({ length: count }, (_, index) => build(axis + 1, offset + index * inner, inner));
    };
    return build(0, 0, this.data.length);
  }

  /** Nested arrays of plain numbers; ids are far below 2^53. */
  toJSON(): unknown {
    return JSON.parse(JSON.stringify(this.tolist(), (_, value) => (typeof value === "bigint" ? Number(value) : value)));
  }
}

export const createPlainTensor: CreateTensor = (data, dims) => new PlainIdTensor(data, dims);
