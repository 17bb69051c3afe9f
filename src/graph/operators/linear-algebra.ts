/** Matrix products. */
import { ShapeError } from "../../errors.ts";
import { at, type Emitter, expectType, microsoft, operator } from "../operator.ts";
import { broadcastShapes, dimensionsEqual, sizeOf } from "../shapes.ts";
import type { SymbolicTensor } from "../symbolic-tensor.ts";

export interface MatmulAttributes {
  /** Whether the last two axes of the left operand are exchanged first. */
  readonly transposeLeft?: boolean;
  readonly transposeRight?: boolean;
  /** Factor of the result. */
  readonly alpha?: number;
}

/** [..., M, K] · [..., K, N] → [..., M, N] with broadcast leading axes. */
export const matmul = operator<2, MatmulAttributes>("matmul", 2, {
  infer: (inputs, { transposeLeft, transposeRight }) => {
    const [left, right] = [at(inputs, 0), at(inputs, 1)];
    expectType(left, "float32");
    expectType(right, "float32");
    if (left.rank < 2 || right.rank < 2) throw new ShapeError("operands need at least two axes");
    const [rows, inner] = lastTwo(left, transposeLeft);
    const [otherInner, columns] = lastTwo(right, transposeRight);
    if (!dimensionsEqual(inner, otherInner)) {
      throw new ShapeError(`inner dimensions ${inner} and ${otherInner} differ`, {
        expected: String(inner),
        received: String(otherInner),
      });
    }
    const leading = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2));
    return { type: "float32", shape: [...leading, rows, columns] };
  },
  lower: (emit, inputs, { transposeLeft, transposeRight, alpha }, node) => {
    const attributes = {
      transA: transposeLeft ? 1 : 0,
      transB: transposeRight ? 1 : 0,
      alpha: { float: alpha ?? 1 },
    };
    // Two matrices: Gemm packs transposed operands, which FusedMatMul does not.
    if (node.inputs.every((operand) => operand.rank === 2)) return emit.node("Gemm", inputs, { attributes });
    if (!transposeLeft && !transposeRight && (alpha ?? 1) === 1) return emit.node("MatMul", inputs);
    if (emit.standard) {
      const left = transposeLeft ? exchangeLastTwo(emit, at(inputs, 0), at(node.inputs, 0).rank) : at(inputs, 0);
      const right = transposeRight ? exchangeLastTwo(emit, at(inputs, 1), at(node.inputs, 1).rank) : at(inputs, 1);
      const product = emit.node("MatMul", [left, right]);
      return (alpha ?? 1) === 1 ? product : emit.node("Mul", [product, emit.float(alpha ?? 1)]);
    }
    return emit.node("FusedMatMul", inputs, { attributes, domain: microsoft });
  },
});

/**
 * groupedMatmul(left [K, C, M], right [K, N]) → [C, M, N]: leftᵀ · right with the left operand's columns in C groups. A
 * result that is larger than a processor's cache is made faster in parts that fit.
 */
export const groupedMatmul = operator<2>("groupedMatmul", 2, {
  infer: (inputs) => {
    const [left, right] = [at(inputs, 0), at(inputs, 1)];
    expectType(left, "float32");
    expectType(right, "float32");
    if (left.rank !== 3 || right.rank !== 2 || !dimensionsEqual(at(left.shape, 0), at(right.shape, 0))) {
      throw new ShapeError("takes left [K, C, M] and right [K, N]");
    }
    return { type: "float32", shape: [...left.shape.slice(1), at(right.shape, 1)] };
  },
  lower: (emit, inputs, _, node) => {
    const { shape } = at(node.inputs, 1);
    const attributes = { transA: 1, transBatchA: 1 };
    const right = emit.reshape(at(inputs, 1), shape, [1, ...shape]);
    return emit.node("FusedMatMul", [at(inputs, 0), right], { attributes, domain: microsoft });
  },
});

function exchangeLastTwo(emit: Emitter, value: string, rank: number): string {
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  perm.splice(rank - 2, 2, rank - 1, rank - 2);
  return emit.node("Transpose", [value], { attributes: { perm } });
}

function lastTwo(x: SymbolicTensor, transposed: boolean | undefined) {
  const [rows, columns] = [at(x.shape, x.rank - 2), at(x.shape, x.rank - 1)];
  return transposed ? ([columns, rows] as const) : ([rows, columns] as const);
}

export interface LinearAttributes {
  /** True for published [out, in] weights, false for GPT-2's [in, out]. */
  readonly transposeWeight: boolean;
}

/** linear(x, weight, bias): x [..., I] · weight + bias [O] → [..., O]. */
export const linear = operator<3, LinearAttributes>("linear", 3, {
  infer: (inputs, { transposeWeight }) => {
    const [x, weight, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    expectType(x, "float32");
    if (weight.rank !== 2) throw new ShapeError("the weight is a matrix", { received: weight.toString() });
    const [inner, outer] = lastTwo(weight, transposeWeight);
    const width = at(x.shape, x.rank - 1);
    if (!dimensionsEqual(width, inner)) {
      throw new ShapeError(`the weight takes ${inner} features`, { expected: String(inner), received: String(width) });
    }
    if (bias.rank !== 1 || !dimensionsEqual(at(bias.shape, 0), outer)) {
      throw new ShapeError("the bias does not fit", { expected: `[${outer}]`, received: bias.toString() });
    }
    return { type: "float32", shape: [...x.shape.slice(0, -1), outer] };
  },
  lower: (emit, inputs, { transposeWeight }, node) => {
    const { shape } = at(node.inputs, 0);
    const result = at(node.outputs, 0).shape;
    const rows = sizeOf(shape.slice(0, -1));
    const flat = emit.reshape(at(inputs, 0), shape, [rows, at(shape, shape.length - 1)]);
    const attributes = { transB: transposeWeight ? 1 : 0 };
    const product = emit.node("Gemm", [flat, at(inputs, 1), at(inputs, 2)], { attributes });
    return emit.reshape(product, [rows, at(result, result.length - 1)], result);
  },
});
