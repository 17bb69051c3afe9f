/** Operators that address rows by number, and the loss that picks one class of each row. */
import { ShapeError } from "../../errors.ts";
import { onnxTypes } from "../../onnx/index.ts";
import { at, type Emitter, expectType, multipleOperator, operator } from "../operator.ts";
import { type Dimension, dimensionsEqual, type Shape, sizeOf } from "../shapes.ts";

export interface GatherAttributes {
  /** The row that gets no gradient, as PyTorch's `padding_idx`. */
  readonly paddingIndex?: number | undefined;
  /** The caller's promise that no index comes twice, which makes the gradient cheaper. */
  readonly uniqueIndices?: boolean | undefined;
}

/** gather(table [R, ...], indices [...] of int64) → [...indices, ...]: whole rows. */
export const gather = operator<2, GatherAttributes>("gather", 2, {
  infer: (inputs) => {
    const [table, indices] = [at(inputs, 0), at(inputs, 1)];
    expectType(indices, "int64");
    if (table.rank < 1) throw new ShapeError("the table has no rows");
    return { type: table.type, shape: [...indices.shape, ...table.shape.slice(1)] };
  },
  lower: (emit, inputs) => emit.node("Gather", inputs, { attributes: { axis: 0 } }),
});

export interface ScatterRowsAttributes extends GatherAttributes {
  /** Shape of the result. */
  readonly shape: Shape;
}

/**
 * scatterRows(indices [...], rows [...indices, ...]) → [R, ...]: zeros with every row added at its index; the gradient of
 * `gather`. Where it is a parameter's whole gradient, the trainer takes rows and indices out of the graph and adds them
 * in place, because the table is large and the rows are few.
 */
export const scatterRows = operator<2, ScatterRowsAttributes>("scatterRows", 2, {
  infer: (inputs, { shape }) => {
    const [indices, rows] = [at(inputs, 0), at(inputs, 1)];
    expectType(indices, "int64");
    expectType(rows, "float32");
    const expected = sizeOf([...indices.shape, ...shape.slice(1)]);
    if (!dimensionsEqual(sizeOf(rows.shape), expected)) {
      throw new ShapeError("rows and indices differ in number", { expected: String(expected), received: `${rows}` });
    }
    return { type: rows.type, shape };
  },
  lower: (emit, inputs, { shape, paddingIndex, uniqueIndices }, node) => {
    const [indices, rows] = [at(node.inputs, 0), at(node.inputs, 1)];
    const count = sizeOf(indices.shape);
    const flatRows: Shape = [count, ...shape.slice(1)];
    const flatIndices = emit.reshape(at(inputs, 0), indices.shape, [count, 1]);
    let values = emit.reshape(at(inputs, 1), rows.shape, flatRows);
    if (paddingIndex !== undefined) {
      const isPadding = emit.node("Equal", [flatIndices, emit.int64([paddingIndex])]);
      const keep = emit.reshape(isPadding, [count, 1], [count, ...shape.slice(1).map(() => 1)]);
      values = emit.node("Where", [keep, emit.float(0), values]);
    }
    if (uniqueIndices) return emit.node("ScatterND", [emit.filled(shape, 0), flatIndices, values]);
    // The runtime's ScatterND adds from several threads at once, so that equal indices race; ScatterElements does not.
    const column = emit.reshape(flatIndices, [count, 1], [count, ...shape.slice(1).map(() => 1)]);
    const everywhere = emit.node("Expand", [column, emit.shape(flatRows)]);
    return emit.node("ScatterElements", [emit.filled(shape, 0), everywhere, values], {
      attributes: { axis: 0, reduction: { text: "add" } },
    });
  },
});

export interface RangeAttributes {
  readonly start: Dimension;
  readonly length: Dimension;
}

/** The int64 numbers start, start + 1, …: [length]. */
export const range = operator<0, RangeAttributes>("range", 0, {
  infer: (_, { length }) => ({ type: "int64", shape: [length] }),
  lower: (emit, _, { start, length }) => {
    const scalar = (name: string): string => emit.node("Squeeze", [name]);
    const first = emit.dimension(start);
    const end = emit.node("Add", [first, emit.dimension(length)]);
    return emit.node("Range", [scalar(first), scalar(end), scalar(emit.int64([1]))]);
  },
});

export interface CrossEntropyAttributes {
  /** Rows with this label count for nothing. */
  readonly ignoreIndex: number;
}

/**
 * crossEntropy(logits [N, V], labels [N] of int64) → [mean loss in nats, log-probabilities [N, V], 1/number of counted
 * rows]. The loss is 0, not NaN, when no row counts; the last two results are what the gradient needs.
 */
export const crossEntropy = multipleOperator<2, CrossEntropyAttributes>("crossEntropy", 2, {
  infer: (inputs) => {
    const [logits, labels] = [at(inputs, 0), at(inputs, 1)];
    expectType(logits, "float32");
    expectType(labels, "int64");
    if (logits.rank !== 2 || labels.rank !== 1 || !dimensionsEqual(at(logits.shape, 0), at(labels.shape, 0))) {
      throw new ShapeError("takes logits [N, V] and labels [N]");
    }
    return [
      { type: "float32", shape: [] },
      { type: "float32", shape: logits.shape },
      { type: "float32", shape: [] },
    ];
  },
  lower: (emit, inputs, { ignoreIndex }, node) => {
    const rows = at(at(node.inputs, 1).shape, 0);
    const { index, weight } = countedRows(emit, at(inputs, 1), ignoreIndex);
    const logProbabilities = emit.node("LogSoftmax", [at(inputs, 0)], { attributes: { axis: -1 } });
    const column = emit.reshape(index, [rows], [rows, 1]);
    const picked = emit.node("GatherElements", [logProbabilities, column], { attributes: { axis: 1 } });
    const counted = emit.node("ReduceSum", [weight], { attributes: { keepdims: 0 } });
    const inverse = emit.node("Div", [emit.float(1), emit.node("Max", [counted, emit.float(1)])]);
    const weighted = emit.node("Mul", [emit.reshape(picked, [rows, 1], [rows]), weight]);
    const total = emit.node("ReduceSum", [weighted], { attributes: { keepdims: 0 } });
    return [emit.node("Neg", [emit.node("Mul", [total, inverse])]), logProbabilities, inverse];
  },
});

/** Labels with ignored ones replaced by 0, and 1 for each row that counts. */
function countedRows(emit: Emitter, labels: string, ignoreIndex: number): { index: string; weight: string } {
  const isIgnored = emit.node("Equal", [labels, emit.int64([ignoreIndex])]);
  return {
    index: emit.node("Where", [isIgnored, emit.int64([0]), labels]),
    weight: emit.node("Cast", [emit.node("Not", [isIgnored])], { attributes: { to: onnxTypes.float32 } }),
  };
}

/**
 * crossEntropyGradient(log-probabilities [N, V], labels [N], scale []) → (softmax − one-hot) · scale on rows that
 * count, 0 on the others.
 */
export const crossEntropyGradient = operator<3, CrossEntropyAttributes>("crossEntropyGradient", 3, {
  infer: (inputs) => ({ type: "float32", shape: at(inputs, 0).shape }),
  lower: (emit, inputs, { ignoreIndex }, node) => {
    const rows = at(at(node.inputs, 1).shape, 0);
    const { index, weight } = countedRows(emit, at(inputs, 1), ignoreIndex);
    const probabilities = emit.node("Exp", [at(inputs, 0)]);
    const column = emit.reshape(index, [rows], [rows, 1]);
    const minusOne = emit.filled([rows, 1], -1);
    const difference = emit.node("ScatterElements", [probabilities, column, minusOne], {
      attributes: { axis: 1, reduction: { text: "add" } },
    });
    const factor = emit.node("Mul", [weight, at(inputs, 2)]);
    return emit.node("Mul", [difference, emit.reshape(factor, [rows], [rows, 1])]);
  },
});
