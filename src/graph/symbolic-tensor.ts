/**
 * The nodes of a traced graph. A graph has no object of its own: it is whatever its outputs reach.
 */
import { ConfigurationError, ShapeError } from "../errors.ts";
import type { OnnxType } from "../onnx/index.ts";
import type { Random } from "../random.ts";
import { formatShape, type Shape } from "./shapes.ts";

export type DataType = Extract<OnnxType, "float32" | "int64" | "int32" | "uint8" | "bool">;
export type TypedArray = Float32Array | BigInt64Array | Int32Array | Uint8Array;

export interface TensorSpec {
  readonly type: DataType;
  readonly shape: Shape;
}

/** One application of an operator. `sequence` orders nodes as they were traced: backward follows forward. */
export interface GraphNode {
  readonly operator: string;
  readonly inputs: readonly SymbolicTensor[];
  readonly attributes: unknown;
  readonly outputs: readonly SymbolicTensor[];
  readonly sequence: number;
  /** The module that was being traced, such as `bert.encoder.layer.0.attention`. */
  readonly scope: string;
}

export type Source =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "parameter"; readonly parameter: Parameter }
  | { readonly kind: "constant"; readonly data: TypedArray }
  | { readonly kind: "node"; readonly node: GraphNode; readonly index: number };

/** A value that exists only when the graph runs. Immutable. */
export class SymbolicTensor implements TensorSpec {
  readonly type: DataType;
  readonly shape: Shape;
  readonly source: Source;

  constructor(spec: TensorSpec, source: Source) {
    this.type = spec.type;
    this.shape = spec.shape;
    this.source = source;
  }

  get rank(): number {
    return this.shape.length;
  }

  toString(): string {
    return `${this.type}${formatShape(this.shape)}`;
  }
}

/** Fills a parameter's values at the start of training. */
export type Initializer = (random: Random, values: Float32Array, shape: readonly number[]) => void;

/** A weight: float32 of fixed shape, with a published name once its model is assembled. */
export class Parameter {
  /** The published name, such as `encoder.layer.0.attention.self.query.weight`. Set when the model is assembled. */
  name = "";
  /** False: no gradient is asked for. */
  trainable = true;
  readonly shape: readonly number[];
  readonly initialize: Initializer;
  /** Whether weight decay is usually applied: matrices yes, biases and normalization gains no. */
  readonly decays: boolean;
  readonly symbol: SymbolicTensor;

  constructor(shape: readonly number[], initialize: Initializer, options: { decays?: boolean } = {}) {
    if (shape.some((dim) => !Number.isSafeInteger(dim) || dim < 1)) {
      throw new ConfigurationError(`a parameter of shape [${shape.join(", ")}] cannot exist`, {
        expected: "positive whole dimensions",
        received: `[${shape.join(", ")}]`,
        hint: "check the sizes in the model's configuration",
      });
    }
    this.shape = shape;
    this.initialize = initialize;
    this.decays = options.decays ?? shape.length > 1;
    this.symbol = new SymbolicTensor({ type: "float32", shape }, { kind: "parameter", parameter: this });
  }

  /** The number of elements. */
  get size(): number {
    return this.shape.reduce((product, dim) => product * dim, 1);
  }
}

/** What an operator takes: a number stands for a scalar of the other operand's type. */
export type Operand = SymbolicTensor | Parameter | number;

/** A placeholder that the caller fills at each run. A name in its shape stands alone there or in another input. */
export function input(name: string, type: DataType, shape: Shape): SymbolicTensor {
  return new SymbolicTensor({ type, shape }, { kind: "input", name });
}

const arrays: Record<DataType, (values: readonly number[]) => TypedArray> = {
  float32: (values) => Float32Array.from(values),
  int64: (values) => BigInt64Array.from(values, BigInt),
  int32: (values) => Int32Array.from(values),
  uint8: (values) => Uint8Array.from(values),
  bool: (values) => Uint8Array.from(values),
};

/** A value fixed while tracing. */
export function constant(type: DataType, shape: readonly number[], values: readonly number[]): SymbolicTensor {
  if (shape.reduce((product, dim) => product * dim, 1) !== values.length) {
    throw new ShapeError(`a constant of shape ${formatShape(shape)} got ${values.length} values`);
  }
  return new SymbolicTensor({ type, shape }, { kind: "constant", data: arrays[type](values) });
}

/** The operands as symbolic tensors; numbers take the type of the first tensor of numbers among them, or float32. */
export function toSymbolic(operands: readonly Operand[]): SymbolicTensor[] {
  const tensors = operands.map((operand) => (operand instanceof Parameter ? operand.symbol : operand));
  const typed = tensors.find((operand) => typeof operand !== "number" && operand.type !== "bool");
  const type = typed instanceof SymbolicTensor ? typed.type : "float32";
  return tensors.map((operand) => (typeof operand === "number" ? constant(type, [], [operand]) : operand));
}
