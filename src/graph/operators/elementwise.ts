/** Operators that work on each element alone, with NumPy's broadcasting. */
import { ShapeError } from "../../errors.ts";
import { onnxTypes } from "../../onnx/index.ts";
import { at, type Emitter, expectType, microsoft, operator } from "../operator.ts";
import { broadcastShapes, shapesEqual } from "../shapes.ts";
import type { DataType, SymbolicTensor, TensorSpec } from "../symbolic-tensor.ts";

function unary(name: string, onnxType: string) {
  return operator<1>(name, 1, {
    infer: ([x]) => float(x),
    lower: (emit, inputs) => emit.node(onnxType, inputs),
  });
}

function float(x: SymbolicTensor | undefined): TensorSpec {
  const tensor = at([x], 0) as SymbolicTensor;
  expectType(tensor, "float32");
  return { type: tensor.type, shape: tensor.shape };
}

const numbers: readonly DataType[] = ["float32", "int64", "int32", "uint8"];

function broadcast(inputs: readonly SymbolicTensor[], takes: readonly DataType[]): TensorSpec {
  const [left, right] = [at(inputs, 0), at(inputs, 1)];
  expectType(left, ...takes);
  if (left.type !== right.type) {
    throw new ShapeError("operands differ in type", { expected: left.type, received: right.type });
  }
  return { type: left.type, shape: broadcastShapes(left.shape, right.shape) };
}

function binary(name: string, onnxType: string, takes = numbers) {
  return operator<2>(name, 2, {
    infer: (inputs) => broadcast(inputs, takes),
    lower: (emit, inputs) => emit.node(onnxType, inputs),
  });
}

function comparison(name: string, onnxType: string, takes = numbers) {
  return operator<2>(name, 2, {
    infer: (inputs) => ({ ...broadcast(inputs, takes), type: "bool" }),
    lower: (emit, inputs) => emit.node(onnxType, inputs),
  });
}

export const neg = unary("neg", "Neg");
export const exp = unary("exp", "Exp");
/** Natural logarithm. */
export const log = unary("log", "Log");
export const sqrt = unary("sqrt", "Sqrt");
export const tanh = unary("tanh", "Tanh");
export const sigmoid = unary("sigmoid", "Sigmoid");
/** The error function. */
export const erf = unary("erf", "Erf");
/** max(x, 0); its gradient at 0 is 0. */
export const relu = unary("relu", "Relu");

export interface GeluAttributes {
  /** `none`: x·Φ(x). `tanh`: the approximation that GPT uses. */
  readonly approximate?: "none" | "tanh";
}

/** Gaussian error linear unit (Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415). */
export const gelu = operator<1, GeluAttributes>("gelu", 1, {
  infer: ([x]) => float(x),
  lower: (emit, inputs, { approximate }) => {
    if (emit.standard) return (approximate === "tanh" ? tanhGelu : erfGelu)(emit, at(inputs, 0));
    return emit.node(approximate === "tanh" ? "FastGelu" : "Gelu", inputs, { domain: microsoft });
  },
});

/** x · ½ · (1 + erf(x / √2)), in the order by which runtimes know it and take a kernel of their own. */
function erfGelu(emit: Emitter, x: string): string {
  const erf = emit.node("Erf", [emit.node("Div", [x, emit.float(Math.SQRT2)])]);
  const product = emit.node("Mul", [x, emit.node("Add", [erf, emit.float(1)])]);
  return emit.node("Mul", [product, emit.float(0.5)]);
}

/** ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))). */
function tanhGelu(emit: Emitter, x: string): string {
  const cube = emit.node("Pow", [x, emit.float(3)]);
  const inner = emit.node("Add", [x, emit.node("Mul", [cube, emit.float(0.044715)])]);
  const tanh = emit.node("Tanh", [emit.node("Mul", [inner, emit.float(Math.sqrt(2 / Math.PI))])]);
  return emit.node("Mul", [emit.node("Mul", [x, emit.float(0.5)]), emit.node("Add", [tanh, emit.float(1)])]);
}

export const add = binary("add", "Add");
export const sub = binary("sub", "Sub");
export const mul = binary("mul", "Mul");
export const div = binary("div", "Div");
/** The larger of two; at a tie each gets half of the gradient. */
export const maximum = binary("maximum", "Max");
export const equal = comparison("equal", "Equal", [...numbers, "bool"]);
export const less = comparison("less", "Less");
export const lessOrEqual = comparison("lessOrEqual", "LessOrEqual");
export const logicalAnd = binary("logicalAnd", "And", ["bool"]);

export const logicalNot = operator<1>("logicalNot", 1, {
  infer: ([x]) => {
    const tensor = at([x], 0) as SymbolicTensor;
    expectType(tensor, "bool");
    return { type: "bool", shape: tensor.shape };
  },
  lower: (emit, inputs) => emit.node("Not", inputs),
});

/** where(condition, a, b): a where the condition holds, else b. */
export const where = operator<3>("where", 3, {
  infer: (inputs) => {
    const [condition, a, b] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    expectType(condition, "bool");
    const { type, shape } = broadcast([a, b], numbers);
    return { type, shape: broadcastShapes(condition.shape, shape) };
  },
  lower: (emit, inputs) => emit.node("Where", inputs),
});

export interface CastAttributes {
  readonly to: DataType;
}

export const cast = operator<1, CastAttributes>("cast", 1, {
  infer: (inputs, { to }) => ({ type: to, shape: at(inputs, 0).shape }),
  lower: (emit, inputs, { to }) => emit.node("Cast", inputs, { attributes: { to: onnxTypes[to] } }),
});

export interface MaskAttributes {
  /** What kept elements are multiplied by. */
  readonly scale: number;
}

/** applyMask(x, mask): x · mask · scale, the mask being uint8 zeros and ones of x's shape. */
export const applyMask = operator<2, MaskAttributes>("applyMask", 2, {
  infer: (inputs) => {
    const [x, mask] = [at(inputs, 0), at(inputs, 1)];
    expectType(x, "float32");
    expectType(mask, "uint8");
    if (!shapesEqual(x.shape, mask.shape)) throw new ShapeError("the mask has another shape", { received: `${mask}` });
    return { type: "float32", shape: x.shape };
  },
  lower: (emit, [x, mask], { scale }) =>
    emit.node("Mul", [x as string, emit.node("DequantizeLinear", [mask as string, emit.float(scale)])]),
});
