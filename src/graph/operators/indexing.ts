/** Operators that address rows by number, and the loss that picks one class of each row. */
import { ShapeError } from "../../errors.ts";
import { onnxTypes } from "../../onnx/index.ts";
import { at, type Emitter, expectType, microsoft, multipleOperator, operator } from "../operator.ts";
import { type Dimension, dimensionsEqual, type Shape, sizeOf } from "../shapes.ts";
import type { GraphNode } from "../symbolic-tensor.ts";

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
    const counted = countedRows(emit, at(inputs, 1), ignoreIndex);
    const { index, weight } = counted;
    const inverse = inverseCount(emit, counted);
    const logProbabilities = emit.node("LogSoftmax", [at(inputs, 0)], { attributes: { axis: -1 } });
    const column = emit.reshape(index, [rows], [rows, 1]);
    const picked = emit.node("GatherElements", [logProbabilities, column], { attributes: { axis: 1 } });
    const weighted = emit.node("Mul", [emit.reshape(picked, [rows, 1], [rows]), weight]);
    const total = emit.node("ReduceSum", [weighted], { attributes: { keepdims: 0 } });
    return [emit.node("Neg", [emit.node("Mul", [total, inverse])]), logProbabilities, inverse];
  },
});

interface CountedRows {
  /** Labels with ignored ones replaced by 0. */
  readonly index: string;
  /** 1 for each row that counts, 0 for the others. */
  readonly weight: string;
}

function countedRows(emit: Emitter, labels: string, ignoreIndex: number): CountedRows {
  const isIgnored = emit.node("Equal", [labels, emit.int64([ignoreIndex])]);
  return {
    index: emit.node("Where", [isIgnored, emit.int64([0]), labels]),
    weight: emit.node("Cast", [emit.node("Not", [isIgnored])], { attributes: { to: onnxTypes.float32 } }),
  };
}

/** 1/number of counted rows; 1 when there is none. */
function inverseCount(emit: Emitter, { weight }: CountedRows): string {
  const counted = emit.node("ReduceSum", [weight], { attributes: { keepdims: 0 } });
  return emit.node("Div", [emit.float(1), emit.node("Max", [counted, emit.float(1)])]);
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

export interface PartedLossAttributes extends CrossEntropyAttributes {
  /** Rows are taken in so many parts of like size, one after the other. */
  readonly parts: number;
  /** The weight's gradient is made in so many groups of classes, a divisor of their number. */
  readonly groups: number;
}

/**
 * partedLoss(hidden [N, D], weight [V, D], labels [N] of int64, bias? [V]): the cross-entropy of hidden · weightᵀ + bias
 * without ever holding all logits. → [mean loss in nats [], 1/number of counted rows [], P · weight [N, D],
 * Pᵀ · hidden / number [groups, V / groups, D], and with a bias the sum of P / number [V]], where P is the softmax and
 * only rows that count are summed: all that the gradient needs beside a row for each label.
 */
export const partedLoss = multipleOperator<-1, PartedLossAttributes>("partedLoss", -1, {
  infer: (inputs, { groups }) => {
    const [hidden, weight, labels, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), inputs[3]];
    expectType(hidden, "float32");
    expectType(weight, "float32");
    expectType(labels, "int64");
    const [classes, width] = weight.shape;
    const fits =
      hidden.rank === 2 &&
      weight.rank === 2 &&
      labels.rank === 1 &&
      dimensionsEqual(at(hidden.shape, 0), at(labels.shape, 0)) &&
      dimensionsEqual(at(hidden.shape, 1), width ?? 0) &&
      (bias === undefined || (bias.rank === 1 && dimensionsEqual(at(bias.shape, 0), classes ?? 0)));
    if (!fits || typeof classes !== "number" || classes % groups !== 0) {
      throw new ShapeError("takes hidden [N, D], a weight [V, D] with V known, labels [N] and perhaps a bias [V]");
    }
    const shapes: Shape[] = [[], [], hidden.shape, [groups, classes / groups, at(hidden.shape, 1)]];
    return [...shapes, ...(bias === undefined ? [] : [bias.shape])].map((shape) => ({ type: "float32", shape }));
  },
  lower: (emit, inputs, attributes, node) => new PartedLoss(emit, inputs, attributes, node).lower(),
});

class PartedLoss {
  readonly #emit: Emitter;
  readonly #inputs: readonly string[];
  readonly #attributes: PartedLossAttributes;
  readonly #rows: Dimension;
  readonly #classes: Dimension;

  constructor(emit: Emitter, inputs: readonly string[], attributes: PartedLossAttributes, node: GraphNode) {
    this.#emit = emit;
    this.#inputs = inputs;
    this.#attributes = attributes;
    this.#rows = at(at(node.inputs, 0).shape, 0);
    this.#classes = at(at(node.inputs, 1).shape, 0);
  }

  lower(): string[] {
    const emit = this.#emit;
    const [hidden = "", weight = "", labels = "", bias] = this.#inputs;
    const { parts, ignoreIndex } = this.#attributes;
    const counts = countedRows(emit, labels, ignoreIndex);
    const inverse = inverseCount(emit, counts);
    // A row more for each part, which counts for nothing: a product over no rows ends the process.
    const padded = (matrix: string): string => emit.node("Pad", [matrix, emit.int64([0, 0, parts, 0])]);
    const columnOf = (vector: string): string => padded(emit.node("Unsqueeze", [vector, emit.int64([1])]));
    const [all, indices, counted] = [padded(hidden), columnOf(counts.index), columnOf(counts.weight)];
    const scales = emit.node("Mul", [counted, inverse]);
    const scaled = emit.node("Mul", [all, scales]);
    const length = emit.node("Add", [emit.dimension(this.#rows), emit.int64([parts])]);
    const expectedRows: string[] = [];
    let [total, expectedWeight, expectedBias]: (string | undefined)[] = [];
    const plus = (sum: string | undefined, term: string): string => (sum ? emit.node("Add", [sum, term]) : term);
    let start = emit.int64([0]);
    for (let part = 1; part <= parts; part++) {
      const end = emit.node("Div", [emit.node("Mul", [length, emit.int64([part])]), emit.int64([parts])]);
      const from = start;
      const rowsOf = (matrix: string): string => emit.node("Slice", [matrix, from, end, emit.int64([0])]);
      const operands = [rowsOf(all), weight, ...(bias === undefined ? [] : [bias])];
      const logits = emit.node("Gemm", operands, { attributes: { transB: 1 } });
      const logProbabilities = emit.node("LogSoftmax", [logits], { attributes: { axis: -1 } });
      const picked = emit.node("GatherElements", [logProbabilities, rowsOf(indices)], { attributes: { axis: 1 } });
      const weighted = emit.node("Mul", [picked, rowsOf(counted)]);
      total = plus(total, emit.node("ReduceSum", [weighted], { attributes: { keepdims: 0 } }));
      const probabilities = emit.node("Exp", [logProbabilities]);
      const expected = emit.node("Gemm", [probabilities, weight]);
      expectedRows.push(expected);
      expectedWeight = plus(expectedWeight, this.#weightGradient(probabilities, rowsOf(scaled)));
      if (bias !== undefined) {
        const sums = emit.node("Gemm", [rowsOf(scales), probabilities], { attributes: { transA: 1 } });
        expectedBias = plus(expectedBias, sums);
      }
      start = this.#following(start, [expected, weighted], expectedWeight);
    }
    const loss = emit.node("Neg", [emit.node("Mul", [total ?? "", inverse])]);
    const joined = emit.node("Concat", expectedRows, { attributes: { axis: 0 } });
    const rows = emit.node("Slice", [joined, emit.int64([0]), emit.dimension(this.#rows), emit.int64([0])]);
    const results = [loss, inverse, rows, expectedWeight ?? ""];
    if (expectedBias !== undefined) results.push(emit.reshape(expectedBias, [1, this.#classes], [this.#classes]));
    return results;
  }

  /** Pᵀ · rows → [groups, V / groups, D]. */
  #weightGradient(probabilities: string, rows: string): string {
    const emit = this.#emit;
    const { groups } = this.#attributes;
    // A 0 keeps the number of rows, which only the run knows.
    const grouped = emit.node("Reshape", [probabilities, emit.int64([0, groups, Number(this.#classes) / groups])]);
    const right = emit.node("Unsqueeze", [rows, emit.int64([0])]);
    return emit.node("FusedMatMul", [grouped, right], { attributes: { transA: 1, transBatchA: 1 }, domain: microsoft });
  }

  /**
   * The first row behind a part that begins at `start`, known only once all is done with the part: it has as many rows
   * as `made` have, and the largest of one element stands at 0. Otherwise the logits of all parts would live at once.
   */
  #following(start: string, made: readonly string[], sum: string): string {
    const emit = this.#emit;
    const counts = made.map((rows) => emit.node("Shape", [rows], { attributes: { start: 0, end: 1 } }));
    const first = emit.node("Slice", [sum, emit.int64([0, 0, 0]), emit.int64([1, 1, 1]), emit.int64([0, 1, 2])]);
    const zero = emit.node("ArgMax", [emit.node("Reshape", [first, emit.int64([1])])], { attributes: { axis: 0 } });
    return emit.node("Add", [emit.node("Add", [start, zero]), emit.node("Max", counts)]);
  }
}
