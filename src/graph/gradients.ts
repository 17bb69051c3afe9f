/**
 * The gradient of every operator, written in operators. The table is exhaustive by type: an operator without a rule does
 * not compile.
 */
import { ShapeError } from "../errors.ts";
import { geluDerivative } from "./gelu-derivative.ts";
import { at } from "./operator.ts";
import {
  type AttributesOf,
  add,
  applyMask,
  broadcastTo,
  cast,
  concat,
  conv1d,
  convTranspose1d,
  crossEntropyGradient,
  div,
  equal,
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
  transpose,
  where,
} from "./ops.ts";
import { partedLossGradients, projectionLossGradients } from "./projection-loss.ts";
import {
  addDimensions,
  type Dimension,
  dimensionsEqual,
  multiplyDimensions,
  normalizeAxis,
  reducedAxes,
  type Shape,
  shapesEqual,
  sizeOf,
} from "./shapes.ts";
import { constant, type SymbolicTensor } from "./symbolic-tensor.ts";
import { transposedProduct } from "./transposed-product.ts";

/** What a rule sees. `gradients[i]` is the loss's gradient at output i, absent where nothing flows. */
export interface RuleContext<K extends OperatorType> {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  readonly attributes: AttributesOf<K>;
  /** At the first output; rules of operators with several outputs read `gradients`. */
  readonly gradient: SymbolicTensor;
  readonly gradients: readonly (SymbolicTensor | undefined)[];
}

/** One thunk an input, called only when that gradient is wanted. An absent or null one stops the flow. */
export type Rule<K extends OperatorType> = (context: RuleContext<K>) => readonly ((() => SymbolicTensor) | null)[];

/** For results that are constant almost everywhere, or are not numbers. */
const noGradient = (): readonly null[] => [];

const firstOrderOnly = (name: string) => (): never => {
  throw new ShapeError(`${name} has no second derivative here`, { field: name });
};

function zeros(shape: Shape): SymbolicTensor {
  return broadcastTo(constant("float32", [], [0]), { shape });
}

/** What several thunks need, made when the first of them is called. */
function once(make: () => SymbolicTensor): () => SymbolicTensor {
  let made: SymbolicTensor | undefined;
  return () => {
    made ??= make();
    return made;
  };
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
  const isProjection = transposeRight && !transposeLeft && alpha === 1;
  const loss = isProjection ? projectionLossGradients(gradient, left, right) : undefined;
  if (loss !== undefined) return [loss.x, loss.weight];
  const leftGradient = (): SymbolicTensor =>
    transposeLeft
      ? matmul(right, gradient, { transposeLeft: transposeRight, transposeRight: true, alpha })
      : matmul(gradient, right, { transposeRight: !transposeRight, alpha });
  // A matrix shared by all leading positions: one product over the flattened rows, not one each and a sum.
  const shared = right.rank === 2 && left.rank > 2 && !transposeLeft;
  const [a, g] = shared ? [rowsOf(left), rowsOf(gradient)] : [left, gradient];
  const rightGradient = (): SymbolicTensor => {
    if (!transposeLeft) return transposeRight ? transposedProduct(g, a, alpha) : transposedProduct(a, g, alpha);
    return transposeRight ? matmul(g, a, { transposeLeft, transposeRight, alpha }) : matmul(a, g, { alpha });
  };
  return [() => unbroadcast(leftGradient(), left), () => unbroadcast(rightGradient(), right)];
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
  const noBias = constant("float32", [width], new Array<number>(width).fill(0));
  // The fused kernel gives the normalized input again in one pass, cheaper than (x − mean) / σ in two.
  const normalized = once(() => at(layerNorm(x, ones, noBias, { epsilon: attributes.epsilon }), 0));
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

/** The gradient of a convolution's filters: the positions convolved with the gradients of the windows. */
function filterGradient(
  x: SymbolicTensor,
  gradient: SymbolicTensor,
  weight: SymbolicTensor,
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: AttributesOf<"conv1d">,
): SymbolicTensor {
  const [batch, length] = [at(x.shape, 0), at(x.shape, 2)];
  const [filters, channels, kernel] = [at(weight.shape, 0), at(weight.shape, 1), at(weight.shape, 2)];
  // Examples play the channels' part: [B, G·C, T] → [C, G·B, T].
  const grouped = reshape(x, { shape: [batch, groups, channels, length] });
  const exchanged = transpose(grouped, { permutation: [2, 1, 0, 3] });
  const examples = reshape(exchanged, { shape: [channels, multiplyDimensions(groups, batch), length] });
  const windows = transpose(gradient, { permutation: [1, 0, 2] });
  const product = conv1d(examples, windows, zeros([filters]), { stride: dilation, padding, dilation: stride, groups });
  // A stride can leave positions over behind the last window, which give more than the kernel.
  return transpose(slice(product, { axis: 2, start: 0, length: kernel }), { permutation: [1, 0, 2] });
}

function lstmCellRule({ inputs, outputs, gradients }: RuleContext<"lstmCell">): (() => SymbolicTensor)[] {
  if (gradients.slice(2).some((gradient) => gradient !== undefined)) {
    throw new ShapeError("lstmCell: only the hidden state and the cell can be differentiated", { field: "lstmCell" });
  }
  const [fromHidden, fromCell] = gradients;
  const [input, forget, candidate] = [at(outputs, 2), at(outputs, 3), at(outputs, 4)];
  const [output, bounded] = [at(outputs, 5), at(outputs, 6)];
  const slopeOfTanh = (y: SymbolicTensor): SymbolicTensor => sub(1, mul(y, y));
  const slopeOfSigmoid = (y: SymbolicTensor): SymbolicTensor => mul(y, sub(1, y));
  const atCell = once(() => {
    if (fromHidden === undefined) return fromCell as SymbolicTensor;
    const through = mul(mul(fromHidden, output), slopeOfTanh(bounded));
    return fromCell === undefined ? through : add(fromCell, through);
  });
  return [
    () =>
      concat(
        mul(mul(atCell(), candidate), slopeOfSigmoid(input)),
        mul(mul(atCell(), at(inputs, 1)), slopeOfSigmoid(forget)),
        mul(mul(atCell(), input), slopeOfTanh(candidate)),
        fromHidden === undefined ? zeros(output.shape) : mul(mul(fromHidden, bounded), slopeOfSigmoid(output)),
        { axis: 1 },
      ),
    () => mul(atCell(), forget),
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
  gelu: ({ inputs, outputs, attributes, gradient }) => [
    () => mul(gradient, geluDerivative(at(inputs, 0), at(outputs, 0), attributes.approximate)),
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
    () => concat(...outputs.map((output, index) => gradients[index] ?? zeros(output.shape)), { axis }),
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
  groupedMatmul: ({ inputs, gradient }) => {
    const [left, right] = [at(inputs, 0), at(inputs, 1)];
    const [inner, groups, columns] = left.shape as [Dimension, Dimension, Dimension];
    const flat = [inner, multiplyDimensions(groups, columns)];
    return [
      () => transpose(matmul(gradient, right, { transposeRight: true }), { permutation: [2, 0, 1] }),
      () => matmul(reshape(left, { shape: flat }), reshape(gradient, { shape: [at(flat, 1), at(right.shape, 1)] })),
    ];
  },
  linear: ({ inputs, attributes: { transposeWeight }, gradient }) => {
    const [x, weight] = [at(inputs, 0), at(inputs, 1)];
    const loss = transposeWeight ? projectionLossGradients(gradient, x, weight) : undefined;
    if (loss !== undefined) return [loss.x, loss.weight, loss.bias];
    const rows = rowsOf(gradient);
    return [
      () => reshape(matmul(rows, weight, { transposeRight: !transposeWeight }), { shape: x.shape }),
      () => (transposeWeight ? transposedProduct(rows, rowsOf(x)) : transposedProduct(rowsOf(x), rows)),
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
  argMax: noGradient,
  range: noGradient,
  crossEntropy: ({ inputs, outputs, attributes, gradient, gradients }) => {
    if (gradients[1] !== undefined || gradients[2] !== undefined) {
      throw new ShapeError("crossEntropy: only the loss can be differentiated", { field: "crossEntropy" });
    }
    return [() => crossEntropyGradient(at(outputs, 1), at(inputs, 1), mul(gradient, at(outputs, 2)), attributes), null];
  },
  crossEntropyGradient: firstOrderOnly("crossEntropyGradient"),
  partedLoss: ({ inputs, outputs, attributes, gradient, gradients }) => {
    if (gradients.slice(1).some((other) => other !== undefined)) {
      throw new ShapeError("partedLoss: only the loss can be differentiated", { field: "partedLoss" });
    }
    const { x, weight, bias } = partedLossGradients(inputs, outputs, attributes, gradient);
    return [x, weight, null, bias];
  },

  conv1d: ({ inputs, attributes, gradient }) => {
    const [x, weight] = [at(inputs, 0), at(inputs, 1)];
    return [
      () => convTranspose1d(gradient, weight, { ...attributes, length: at(x.shape, 2) }),
      () => filterGradient(x, gradient, weight, attributes),
      () => sum(gradient, { axes: [0, 2] }),
    ];
  },
  convTranspose1d: ({ inputs, attributes, gradient }) => {
    const [x, weight] = [at(inputs, 0), at(inputs, 1)];
    return [
      () => conv1d(gradient, weight, zeros([at(weight.shape, 0)]), attributes),
      () => filterGradient(gradient, x, weight, attributes),
    ];
  },
  lstmCell: lstmCellRule,
};
