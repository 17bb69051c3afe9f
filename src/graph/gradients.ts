/**
 * Reverse-mode differentiation, graph to graph: the gradient of an operator is written in operators. The table is
 * exhaustive by type: an operator without a rule does not compile.
 */
import { ShapeError } from "../errors.ts";
import { at } from "./operator.ts";
import {
  type AttributesOf,
  add,
  applyMask,
  broadcastTo,
  cast,
  concat,
  crossEntropyGradient,
  div,
  equal,
  erf,
  exp,
  gather,
  layerNorm,
  less,
  logicalNot,
  matmul,
  mul,
  neg,
  type OperatorType,
  pad,
  reshape,
  scatterRows,
  slice,
  sub,
  sum,
  tanh,
  transpose,
  where,
} from "./ops.ts";
import {
  addDimensions,
  dimensionsEqual,
  normalizeAxis,
  reducedAxes,
  type Shape,
  shapesEqual,
  sizeOf,
} from "./shapes.ts";
import { constant, type GraphNode, Parameter, type SymbolicTensor } from "./symbolic-tensor.ts";
import { withScope } from "./trace.ts";

/** What a rule sees. `gradients[i]` is the loss's gradient at output i, absent where nothing flows. */
interface RuleContext<K extends OperatorType> {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  readonly attributes: AttributesOf<K>;
  /** At the first output; rules of operators with several outputs read `gradients`. */
  readonly gradient: SymbolicTensor;
  readonly gradients: readonly (SymbolicTensor | undefined)[];
}

/** One thunk an input, called only when that gradient is wanted. An absent or null one stops the flow. */
type Rule<K extends OperatorType> = (context: RuleContext<K>) => readonly ((() => SymbolicTensor) | null)[];

/** For results that are constant almost everywhere, or are not numbers. */
const noGradient = (): readonly null[] => [];

const firstOrderOnly = (name: string) => (): never => {
  throw new ShapeError(`${name} has no second derivative here`, { field: name });
};

function zerosLike(x: SymbolicTensor): SymbolicTensor {
  return broadcastTo(constant("float32", [], [0]), { shape: x.shape });
}

/** The gradient summed over the axes along which `x` was broadcast. */
function unbroadcast(gradient: SymbolicTensor, x: SymbolicTensor): SymbolicTensor {
  if (shapesEqual(gradient.shape, x.shape)) return gradient;
  const extra = gradient.rank - x.rank;
  const axes = gradient.shape.flatMap((dimension, axis) => {
    const own = axis < extra ? undefined : x.shape[axis - extra];
    return own === undefined || !dimensionsEqual(own, dimension) ? [axis] : [];
  });
  return reshape(sum(gradient, { axes, keepDims: true }), { shape: x.shape });
}

/** The gradient of a reduction seen with the folded axes back in place. */
function restoreAxes(y: SymbolicTensor, x: SymbolicTensor, axes: readonly number[] | undefined): SymbolicTensor {
  const folded = new Set(reducedAxes(x.rank, axes));
  return reshape(y, { shape: x.shape.map((dimension, axis) => (folded.has(axis) ? 1 : dimension)) });
}

/** [..., D] seen as [N, D]. */
function rowsOf(x: SymbolicTensor): SymbolicTensor {
  if (x.rank === 2) return x;
  return reshape(x, { shape: [sizeOf(x.shape.slice(0, -1)), at(x.shape, x.rank - 1)] });
}

function sumOfRows(gradient: SymbolicTensor): SymbolicTensor {
  return sum(gradient, { axes: Array.from({ length: gradient.rank - 1 }, (_, axis) => axis) });
}

/** 1 where `x` equals the maximum `y`, shared among equals, along the folded axes. */
function tieShares(x: SymbolicTensor, y: SymbolicTensor, axes: readonly number[] | undefined): SymbolicTensor {
  const isMaximum = cast(equal(x, restoreAxes(y, x, axes)), { to: "float32" });
  return div(isMaximum, sum(isMaximum, { axes: reducedAxes(x.rank, axes), keepDims: true }));
}

function matmulRule({ inputs, attributes, gradient }: RuleContext<"matmul">): (() => SymbolicTensor)[] {
  const [left, right] = [at(inputs, 0), at(inputs, 1)];
  const { transposeLeft = false, transposeRight = false, alpha = 1 } = attributes;
  const leftGradient = (): SymbolicTensor =>
    transposeLeft
      ? matmul(right, gradient, { transposeLeft: transposeRight, transposeRight: true, alpha })
      : matmul(gradient, right, { transposeRight: !transposeRight, alpha });
  // A matrix shared by all leading positions: one product over the flattened rows, not one each and a sum.
  const shared = right.rank === 2 && left.rank > 2 && !transposeLeft;
  const [a, g] = shared ? [rowsOf(left), rowsOf(gradient)] : [left, gradient];
  const rightGradient = (): SymbolicTensor =>
    transposeRight
      ? matmul(g, a, { transposeLeft: true, transposeRight: transposeLeft, alpha })
      : matmul(a, g, { transposeLeft: !transposeLeft, alpha });
  return [() => unbroadcast(leftGradient(), left), () => unbroadcast(rightGradient(), right)];
}

/** d/dx of x·Φ(x), and of the tanh form. */
function geluDerivative(x: SymbolicTensor, approximate: "none" | "tanh" | undefined): SymbolicTensor {
  if (approximate === "tanh") {
    const scale = Math.sqrt(2 / Math.PI);
    const square = mul(x, x);
    const inner = tanh(mul(x, add(mul(square, 0.044715 * scale), scale)));
    const slope = mul(sub(1, mul(inner, inner)), add(mul(square, 3 * 0.044715 * scale), scale));
    return mul(add(add(inner, 1), mul(x, slope)), 0.5);
  }
  const cumulative = add(mul(erf(mul(x, Math.SQRT1_2)), 0.5), 0.5);
  const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(mul(x, density), cumulative);
}

function layerNormRule(context: RuleContext<"layerNorm">): (() => SymbolicTensor)[] {
  const { inputs, outputs, attributes, gradient, gradients } = context;
  const [x, gain] = [at(inputs, 0), at(inputs, 1)];
  const inverseDeviation = at(outputs, 2);
  if (gradients[1] !== undefined || gradients[2] !== undefined) {
    throw new ShapeError("layerNorm: only the normalized result can be differentiated", { field: "layerNorm" });
  }
  const width = Number(at(gain.shape, 0));
  const ones = constant("float32", [width], new Array<number>(width).fill(1));
  const zeros = constant("float32", [width], new Array<number>(width).fill(0));
  const once = <T>(make: () => T): (() => T) => {
    let value: { made: T } | undefined;
    return () => {
      value ??= { made: make() };
      return value.made;
    };
  };
  // The fused kernel gives the normalized input again in one pass, cheaper than (x − mean) / σ in two.
  const normalized = once(() => at(layerNorm(x, ones, zeros, { epsilon: attributes.epsilon }), 0));
  const weighted = once(() => mul(gradient, normalized()));
  // Row means as matrix-vector products with gain / D: a reduction over the last axis is slower.
  const share = once(() => mul(gain, 1 / width));
  const meanOfRows = (rows: SymbolicTensor): SymbolicTensor =>
    rows.rank > 1
      ? matmul(rows, reshape(share(), { shape: [width, 1] }))
      : sum(mul(rows, share()), { axes: [-1], keepDims: true });
  return [
    () => {
      const meanGradient = meanOfRows(gradient);
      const meanWeighted = meanOfRows(weighted());
      const centred = sub(sub(mul(gradient, gain), meanGradient), mul(normalized(), meanWeighted));
      return mul(centred, inverseDeviation);
    },
    () => sumOfRows(weighted()),
    () => sumOfRows(gradient),
  ];
}

export const gradientRules: { readonly [K in OperatorType]: Rule<K> } = {
  neg: ({ gradient }) => [() => neg(gradient)],
  exp: ({ outputs, gradient }) => [() => mul(gradient, at(outputs, 0))],
  log: ({ inputs, gradient }) => [() => div(gradient, at(inputs, 0))],
  sqrt: ({ outputs, gradient }) => [() => div(mul(gradient, 0.5), at(outputs, 0))],
  tanh: ({ outputs, gradient }) => [() => mul(gradient, sub(1, mul(at(outputs, 0), at(outputs, 0))))],
  sigmoid: ({ outputs, gradient }) => [() => mul(gradient, mul(at(outputs, 0), sub(1, at(outputs, 0))))],
  erf: ({ inputs, gradient }) => [
    () => mul(gradient, mul(exp(neg(mul(at(inputs, 0), at(inputs, 0)))), 2 / Math.sqrt(Math.PI))),
  ],
  relu: ({ inputs, gradient }) => [() => mul(gradient, cast(less(0, at(inputs, 0)), { to: "float32" }))],
  gelu: ({ inputs, attributes, gradient }) => [
    () => mul(gradient, geluDerivative(at(inputs, 0), attributes.approximate)),
  ],

  add: ({ inputs, gradient }) => inputs.map((x) => () => unbroadcast(gradient, x)),
  sub: ({ inputs, gradient }) => [
    () => unbroadcast(gradient, at(inputs, 0)),
    () => unbroadcast(neg(gradient), at(inputs, 1)),
  ],
  mul: ({ inputs, gradient }) => [
    () => unbroadcast(mul(gradient, at(inputs, 1)), at(inputs, 0)),
    () => unbroadcast(mul(gradient, at(inputs, 0)), at(inputs, 1)),
  ],
  div: ({ inputs, outputs, gradient }) => [
    () => unbroadcast(div(gradient, at(inputs, 1)), at(inputs, 0)),
    () => unbroadcast(neg(div(mul(gradient, at(outputs, 0)), at(inputs, 1))), at(inputs, 1)),
  ],
  maximum: ({ inputs, gradient }) => {
    const share = (own: SymbolicTensor, other: SymbolicTensor) => () => {
      const wins = cast(less(other, own), { to: "float32" });
      const ties = cast(equal(other, own), { to: "float32" });
      return unbroadcast(mul(gradient, add(wins, mul(ties, 0.5))), own);
    };
    return [share(at(inputs, 0), at(inputs, 1)), share(at(inputs, 1), at(inputs, 0))];
  },
  equal: noGradient,
  less: noGradient,
  lessOrEqual: noGradient,
  logicalAnd: noGradient,
  logicalNot: noGradient,
  where: ({ inputs, gradient }) => {
    const condition = at(inputs, 0);
    return [
      null,
      () => unbroadcast(where(condition, gradient, 0), at(inputs, 1)),
      () => unbroadcast(where(logicalNot(condition), gradient, 0), at(inputs, 2)),
    ];
  },
  cast: ({ inputs, attributes, gradient }) => {
    const { type } = at(inputs, 0);
    return [type === "float32" && attributes.to === "float32" ? () => gradient : null];
  },
  applyMask: ({ inputs, attributes, gradient }) => [() => applyMask(gradient, at(inputs, 1), attributes), null],

  reshape: ({ inputs, gradient }) => [() => reshape(gradient, { shape: at(inputs, 0).shape })],
  transpose: ({ attributes, gradient }) => {
    const permutation: number[] = [];
    for (const [to, from] of attributes.permutation.entries()) permutation[normalizeAxis(from, gradient.rank)] = to;
    return [() => transpose(gradient, { permutation })];
  },
  concat: ({ inputs, attributes: { axis }, gradient }) => {
    const along = normalizeAxis(axis, gradient.rank);
    const lengths = inputs.map((x) => at(x.shape, along));
    return inputs.map((_, index) => () => {
      const start = lengths.slice(0, index).reduce((total, length) => addDimensions(total, length), 0);
      return slice(gradient, { axis, start, length: at(lengths, index) });
    });
  },
  split: ({ outputs, attributes: { axis }, gradients }) => [
    () => concat(...outputs.map((output, index) => gradients[index] ?? zerosLike(output)), { axis }),
  ],
  slice: ({ inputs, attributes: { axis, start, length }, gradient }) => [
    () => {
      const x = at(inputs, 0);
      const whole = at(x.shape, normalizeAxis(axis, x.rank));
      return pad(gradient, { axis, before: start, after: addDimensions(whole, addDimensions(start, length), -1) });
    },
  ],
  pad: ({ inputs, attributes: { axis, before }, gradient }) => [
    () => {
      const x = at(inputs, 0);
      return slice(gradient, { axis, start: before, length: at(x.shape, normalizeAxis(axis, x.rank)) });
    },
  ],
  broadcastTo: ({ inputs, gradient }) => [() => unbroadcast(gradient, at(inputs, 0))],

  sum: ({ inputs, attributes, gradient }) => [
    () => broadcastTo(restoreAxes(gradient, at(inputs, 0), attributes.axes), { shape: at(inputs, 0).shape }),
  ],
  mean: ({ inputs, outputs, attributes, gradient }) => [
    () => {
      const x = at(inputs, 0);
      const spread = broadcastTo(restoreAxes(gradient, x, attributes.axes), { shape: x.shape });
      // The number of averaged elements may be known only when the graph runs: 1/n is the mean of a single 1.
      const [all, kept] = [sizeOf(x.shape), sizeOf(at(outputs, 0).shape)];
      if (typeof all === "number" && typeof kept === "number") return mul(spread, kept / all);
      const ones = broadcastTo(constant("float32", [], [1]), { shape: x.shape });
      const count = sum(ones, { axes: reducedAxes(x.rank, attributes.axes), keepDims: true });
      return div(spread, count);
    },
  ],
  max: ({ inputs, outputs, attributes, gradient }) => [
    () => {
      const x = at(inputs, 0);
      return mul(restoreAxes(gradient, x, attributes.axes), tieShares(x, at(outputs, 0), attributes.axes));
    },
  ],
  softmax: ({ outputs, gradient }) => [
    () => {
      const y = at(outputs, 0);
      const weighted = mul(gradient, y);
      return sub(weighted, mul(y, sum(weighted, { axes: [-1], keepDims: true })));
    },
  ],
  logSoftmax: ({ outputs, gradient }) => [
    () => sub(gradient, mul(exp(at(outputs, 0)), sum(gradient, { axes: [-1], keepDims: true }))),
  ],
  layerNorm: layerNormRule,

  matmul: matmulRule,
  linear: ({ inputs, attributes: { transposeWeight }, gradient }) => {
    const [x, weight] = [at(inputs, 0), at(inputs, 1)];
    const rows = rowsOf(gradient);
    return [
      () => reshape(matmul(rows, weight, { transposeRight: !transposeWeight }), { shape: x.shape }),
      () =>
        transposeWeight
          ? matmul(rows, rowsOf(x), { transposeLeft: true })
          : matmul(rowsOf(x), rows, { transposeLeft: true }),
      () => sumOfRows(rows),
    ];
  },

  gather: ({ inputs, attributes, gradient }) => [
    () => scatterRows(at(inputs, 1), gradient, { ...attributes, shape: at(inputs, 0).shape }),
    null,
  ],
  scatterRows: ({ inputs, attributes: { paddingIndex }, gradient }) => [
    null,
    () => {
      const [indices, rows] = [at(inputs, 0), at(inputs, 1)];
      const taken = gather(gradient, indices);
      if (paddingIndex === undefined) return reshape(taken, { shape: rows.shape });
      const trailing: Shape = gradient.shape.slice(1).map(() => 1);
      const isPadding = equal(indices, paddingIndex);
      const kept = where(reshape(isPadding, { shape: [...indices.shape, ...trailing] }), 0, taken);
      return reshape(kept, { shape: rows.shape });
    },
  ],
  range: noGradient,
  crossEntropy: ({ inputs, outputs, attributes, gradient, gradients }) => {
    if (gradients[1] !== undefined || gradients[2] !== undefined) {
      throw new ShapeError("crossEntropy: only the loss can be differentiated", { field: "crossEntropy" });
    }
    return [() => crossEntropyGradient(at(outputs, 1), at(inputs, 1), mul(gradient, at(outputs, 2)), attributes), null];
  },
  crossEntropyGradient: firstOrderOnly("crossEntropyGradient"),
};

/** All nodes that `outputs` reach, in tracing order. */
export function nodesOf(outputs: readonly SymbolicTensor[]): GraphNode[] {
  const seen = new Set<GraphNode>();
  const pending = [...outputs];
  for (let tensor = pending.pop(); tensor !== undefined; tensor = pending.pop()) {
    if (tensor.source.kind !== "node" || seen.has(tensor.source.node)) continue;
    seen.add(tensor.source.node);
    pending.push(...tensor.source.node.inputs);
  }
  return [...seen].sort((left, right) => left.sequence - right.sequence);
}

/**
 * The gradients of a scalar `loss` with respect to `targets`; undefined for one that the loss does not depend on.
 */
export function gradientsOf(
  loss: SymbolicTensor,
  targets: readonly (SymbolicTensor | Parameter)[],
): (SymbolicTensor | undefined)[] {
  if (loss.rank !== 0) throw new ShapeError("a loss is a scalar", { expected: "[]", received: loss.toString() });
  const wanted = targets.map((target) => (target instanceof Parameter ? target.symbol : target));
  const nodes = nodesOf([loss]);
  const flows = new Set<SymbolicTensor>(wanted);
  for (const node of nodes) if (node.inputs.some((x) => flows.has(x))) for (const y of node.outputs) flows.add(y);

  const gradients = new Map<SymbolicTensor, SymbolicTensor>([[loss, constant("float32", [], [1])]]);
  for (const node of nodes.reverse()) {
    const arriving = node.outputs.map((output) => gradients.get(output));
    if (arriving.every((gradient) => gradient === undefined)) continue;
    if (!node.inputs.some((x) => flows.has(x))) continue;
    const rule = gradientRules[node.operator as OperatorType] as Rule<OperatorType>;
    const context = {
      inputs: node.inputs,
      outputs: node.outputs,
      attributes: node.attributes,
      // Rules of operators with one output read `gradient` only; it is then present, as something arrived.
      gradient: arriving[0] as SymbolicTensor,
      gradients: arriving,
    };
    const thunks = rule(context as RuleContext<OperatorType>);
    for (const [index, x] of node.inputs.entries()) {
      const thunk = thunks[index];
      if (!thunk || !flows.has(x)) continue;
      const before = gradients.get(x);
      const arrived = withScope(node.scope, thunk);
      gradients.set(x, before === undefined ? arrived : add(before, arrived));
    }
  }
  return wanted.map((tensor) => gradients.get(tensor));
}
