/** The tensor that users hold: elements in row-major order with their shape. */
import { ShapeError } from "../errors.ts";
import type { DataType, TypedArray } from "../graph/index.ts";

/** Numbers nested as deep as the tensor has axes; a bare number for a scalar. */
export type NestedNumbers = number | bigint | boolean | readonly NestedNumbers[];

/** What is accepted where a tensor is asked for: a tensor of this or another library, or nested numbers. */
export type TensorLike =
  | NestedNumbers
  | { readonly type: string; readonly dims: readonly number[]; readonly data: ArrayLike<number | bigint> };

export class Tensor {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TypedArray;

  constructor(type: DataType, data: TypedArray, dims: readonly number[]) {
    const size = dims.reduce((product, dim) => product * dim, 1);
    if (size !== data.length) {
      throw new ShapeError(`a tensor of shape [${dims.join(", ")}] has ${size} elements`, {
        expected: String(size),
        received: String(data.length),
      });
    }
    this.type = type;
    this.data = data;
    this.dims = dims;
  }

  /** The number of elements. */
  get size(): number {
    return this.data.length;
  }

  /** Nested arrays; int64 elements stay BigInts. */
  tolist(): NestedNumbers {
    const build = (axis: number, offset: number): NestedNumbers => {
      if (axis === this.dims.length) return this.data[offset] as number | bigint;
      const stride = this.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
      return Array.from({ length: this.dims[axis] ?? 0 }, (_, index) => build(axis + 1, offset + index * stride));
    };
    return build(0, 0);
  }

  toJSON(): unknown {
    return JSON.parse(JSON.stringify(this.tolist(), (_, value) => (typeof value === "bigint" ? Number(value) : value)));
  }

  /** The value as a tensor of the given type. Throws a ShapeError that names `what` when it is ragged or no numbers. */
  static from(value: TensorLike, type: DataType, what = "tensor"): Tensor {
    if (value instanceof Tensor && value.type === type) return value;
    if (typeof value === "object" && "dims" in value)
      return new Tensor(type, toType(value.data, type, what), value.dims);
    const dims: number[] = [];
    for (let level: NestedNumbers | undefined = value; Array.isArray(level); level = level[0]) dims.push(level.length);
    const flat: (number | bigint)[] = [];
    const visit = (item: NestedNumbers, depth: number): void => {
      if (Array.isArray(item)) {
        if (item.length !== dims[depth]) throw new ShapeError(`${what} is ragged`, { field: what });
        for (const inner of item) visit(inner, depth + 1);
      } else {
        if (depth !== dims.length) throw new ShapeError(`${what} is ragged`, { field: what });
        flat.push(typeof item === "bigint" ? item : Number(item));
      }
    };
    visit(value, 0);
    return new Tensor(type, toType(flat, type, what), dims);
  }
}

function toType(data: ArrayLike<number | bigint>, type: DataType, what: string): TypedArray {
  if (type === "int64" && data instanceof BigInt64Array) return data;
  if (type === "float32" && data instanceof Float32Array) return data;
  try {
    if (type === "int64") return BigInt64Array.from(Array.from(data, BigInt));
    if (type === "float32") return Float32Array.from(Array.from(data, Number));
    return (type === "int32" ? Int32Array : Uint8Array).from(Array.from(data, Number));
  } catch (cause) {
    throw new ShapeError(`${what} holds something that is no ${type}`, { field: what, expected: type, cause });
  }
}
