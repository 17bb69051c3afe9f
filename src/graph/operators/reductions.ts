/** Operators that fold axes, and the normalizations over the last one. */
import { ShapeError } from "../../errors.ts";
import { at, type Emitter, expectType, multipleOperator, operator } from "../operator.ts";
import { dimensionsEqual, normalizeAxis, reducedAxes, type Shape, sizeOf } from "../shapes.ts";
import type { GraphNode, SymbolicTensor } from "../symbolic-tensor.ts";

export interface ReductionAttributes {
  /** All when left out. */
  readonly axes?: readonly number[];
  /** Whether folded axes stay with length 1. */
  readonly keepDims?: boolean;
}

function reducedShape(shape: Shape, { axes, keepDims }: ReductionAttributes): Shape {
  const folded = new Set(reducedAxes(shape.length, axes));
  return keepDims === true
    ? shape.map((dimension, axis) => (folded.has(axis) ? 1 : dimension))
    : shape.filter((_, axis) => !folded.has(axis));
}

function reduction(
  name: string,
  lower: (emit: Emitter, x: string, axes: readonly number[], node: GraphNode) => string,
) {
  return operator<1, ReductionAttributes>(name, 1, {
    infer: (inputs, attributes) => {
      const x = at(inputs, 0);
      expectType(x, "float32");
      return { type: x.type, shape: reducedShape(x.shape, attributes) };
    },
    lower: (emit, inputs, attributes, node) => {
      const from = at(node.inputs, 0).shape;
      const axes = reducedAxes(from.length, attributes.axes);
      if (axes.length === 0) return emit.node("Identity", [at(inputs, 0)]);
      const kept = lower(emit, at(inputs, 0), axes, node);
      const to = reducedShape(from, attributes);
      return emit.reshape(kept, reducedShape(from, { axes, keepDims: true }), to);
    },
  });
}

/**
 * Sum. Over all but the last axis it is a product with a row of ones, which takes half the time of the runtime's own
 * reduction.
 */
export const sum = reduction("sum", (emit, x, axes, node) => {
  const { shape } = at(node.inputs, 0);
  const rank = shape.length;
  if (rank < 2 || axes.length !== rank - 1 || axes.includes(rank - 1)) {
    return emit.node("ReduceSum", [x, emit.int64(axes)], { attributes: { keepdims: 1 } });
  }
  const rows = sizeOf(shape.slice(0, -1));
  const width = at(shape, rank - 1);
  const ones = emit.filled([1, rows], 1);
  const total = emit.node("Gemm", [ones, emit.reshape(x, shape, [rows, width])]);
  return emit.reshape(total, [1, width], reducedShape(shape, { axes, keepDims: true }));
});

/** Arithmetic mean. */
export const mean = reduction("mean", (emit, x, axes) =>
  emit.node("ReduceMean", [x], { attributes: { axes, keepdims: 1 } }),
);

/** Largest element; the gradient is shared among equal ones. */
export const max = reduction("max", (emit, x, axes) =>
  emit.node("ReduceMax", [x], { attributes: { axes, keepdims: 1 } }),
);

function lastAxis(name: string, onnxType: string) {
  return operator<1>(name, 1, {
    infer: (inputs) => {
      const x = at(inputs, 0);
      expectType(x, "float32");
      normalizeAxis(-1, x.rank);
      return { type: x.type, shape: x.shape };
    },
    lower: (emit, inputs) => emit.node(onnxType, inputs, { attributes: { axis: -1 } }),
  });
}

/** Over the last axis. */
export const softmax = lastAxis("softmax", "Softmax");
/** Over the last axis. */
export const logSoftmax = lastAxis("logSoftmax", "LogSoftmax");

/**
 * Place of the largest element along the last axis, of equal ones the first: [..., V] → [...] of int64. The runtime's
 * kernel fails where there are no rows.
 */
export const argMax = operator<1>("argMax", 1, {
  infer: (inputs) => {
    const x = at(inputs, 0);
    expectType(x, "float32");
    normalizeAxis(-1, x.rank);
    return { type: "int64", shape: x.shape.slice(0, -1) };
  },
  lower: (emit, inputs) => emit.node("ArgMax", inputs, { attributes: { axis: -1, keepdims: 0 } }),
});

export interface LayerNormAttributes {
  readonly epsilon: number;
}

/**
 * layerNorm(x, gain, bias) → [y, mean, 1/σ] over the last axis (Ba et al. 2016, https://arxiv.org/abs/1607.06450).
 * x [..., D], gain and bias [D]; mean and 1/σ [..., 1] are what the gradient needs.
 */
export const layerNorm = multipleOperator<3, LayerNormAttributes>("layerNorm", 3, {
  infer: (inputs) => {
    const [x, gain, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    expectType(x, "float32");
    checkWidth(x, gain);
    checkWidth(x, bias);
    const statistic = { type: x.type, shape: [...x.shape.slice(0, -1), 1] };
    return [{ type: x.type, shape: x.shape }, statistic, statistic];
  },
  lower: (emit, inputs, { epsilon }) =>
    emit.nodes("LayerNormalization", inputs, { attributes: { axis: -1, epsilon: { float: epsilon } }, outputs: 3 }),
});

function checkWidth(x: SymbolicTensor, vector: SymbolicTensor): void {
  const width = x.shape.at(-1);
  const size = vector.shape[0];
  if (width === undefined || vector.rank !== 1 || size === undefined || !dimensionsEqual(width, size)) {
    throw new ShapeError("gain and bias are vectors of the last dimension", {
      expected: `[${width}]`,
      received: vector.toString(),
    });
  }
}
