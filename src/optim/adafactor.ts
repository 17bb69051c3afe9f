/**
 * Adafactor: Adam with the second moments of a matrix kept as means over its rows and columns, updates bounded by their
 * root mean square, and steps in proportion to the parameters' own size.
 *
 * Paper: Shazeer and Stern 2018, https://arxiv.org/abs/1804.04235. `adafactor` follows the library that T5 was trained
 * with, in its transformers form; `adafactorTorch` follows `torch.optim.Adafactor`, which differs in where it puts the
 * epsilons, in the decay and in the order of scaling.
 */
import type { Kernels } from "../runtime/kernels/kernels.ts";
import type { LiveStretch, StateLengths, UpdateRule } from "./optimizer.ts";
import { decayRate, elementCount, nonNegative } from "./parameter-groups.ts";

export interface AdafactorOptions {
  /** ε1, added to squared gradients; 1e-30 by default. */
  readonly epsilon?: number;
  /** ε2, the least size of a parameter tensor in `scaleParameter`; 1e-3 by default. */
  readonly minimumScale?: number;
  /** d, the largest root mean square of an update; 1 by default. */
  readonly clipThreshold?: number;
  /** c in β2 = 1 − tᶜ; −0.8 by default. */
  readonly decayExponent?: number;
  /** Decay rate of the first moment; none is kept by default. */
  readonly beta1?: number;
  readonly weightDecay?: number;
  /** Whether steps are multiplied by the tensor's root mean square; true by default. */
  readonly scaleParameter?: boolean;
  /** Whether the rate follows from the step's number, the given one being ignored; false by default. */
  readonly relativeStep?: boolean;
  /** With `relativeStep`: rates begin at 1e-6 · t instead of 1e-2. */
  readonly warmupInit?: boolean;
}

/** A tensor of two or more dimensions as matrices of its last two. */
interface Matrices {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

function matricesOf(shape: readonly number[]): Matrices | undefined {
  if (shape.length < 2) return undefined;
  const [rows, columns] = shape.slice(-2) as [number, number];
  return { count: elementCount(shape.slice(0, -2)), rows, columns };
}

function rootMeanSquare(kernels: Kernels, values: Float32Array): number {
  return values.length === 0 ? 0 : Math.sqrt(kernels.sumOfSquares(values) / values.length);
}

interface FactoredMoments {
  readonly share: number;
  /** Added to squared gradients. */
  readonly offset: number;
  /** Least denominator of an update. */
  readonly floor: number;
  /** Least mean of the row means. */
  readonly minimumRowMean: number;
  readonly gradientScale: number;
}

/** Names of the arrays of row means, column means and unfactored moments. */
interface MomentNames {
  readonly rows: string;
  readonly columns: string;
  readonly all: string;
}

function momentLengths(names: MomentNames, length: number, shape: readonly number[]): StateLengths {
  const matrices = matricesOf(shape);
  if (matrices === undefined) return { [names.all]: length };
  const { count, rows, columns } = matrices;
  return { [names.rows]: count * rows, [names.columns]: count * columns };
}

/** Steps the second moments and puts gradient / √moment in the gradients' place. */
function divideByMoments(stretch: LiveStretch, names: MomentNames, moments: FactoredMoments): void {
  const { kernels, gradients, state, shape } = stretch;
  const { share, offset, floor, gradientScale } = moments;
  const matrices = matricesOf(shape);
  if (matrices === undefined) {
    const all = state[names.all] as Float32Array;
    kernels.elementwise("unfactoredUpdate", [gradients, all], [gradientScale, share, 1 - share, offset, floor]);
    return;
  }
  const { count, rows, columns } = matrices;
  const means = { scale: gradientScale, offset, share };
  for (let i = 0; i < count; i++) {
    const matrix = gradients.subarray(i * rows * columns, (i + 1) * rows * columns);
    const rowMeans = (state[names.rows] as Float32Array).subarray(i * rows, (i + 1) * rows);
    const columnMeans = (state[names.columns] as Float32Array).subarray(i * columns, (i + 1) * columns);
    kernels.meanSquaresOfRows(matrix, rowMeans, means);
    kernels.meanSquaresOfColumns(matrix, columnMeans, means);
    const mean = rowMeans.reduce((sum, value) => sum + value, 0) / rows;
    const rowFactor = 1 / Math.max(mean, moments.minimumRowMean);
    kernels.factoredUpdate(matrix, rowMeans, columnMeans, { scale: gradientScale, rowFactor, floor });
  }
}

const NAMES: MomentNames = { rows: "exp_avg_sq_row", columns: "exp_avg_sq_col", all: "exp_avg_sq" };

export function adafactor(options: AdafactorOptions = {}): UpdateRule {
  const epsilon = nonNegative("epsilon", options.epsilon ?? 1e-30);
  const minimumScale = nonNegative("minimumScale", options.minimumScale ?? 1e-3);
  const clipThreshold = nonNegative("clipThreshold", options.clipThreshold ?? 1);
  const { decayExponent = -0.8, scaleParameter = true, relativeStep = false, warmupInit = false } = options;
  const beta1 = options.beta1 === undefined ? undefined : decayRate("beta1", options.beta1);
  const rateOf = (stretch: LiveStretch, stepNumber: number, learningRate: number) => {
    const bound = warmupInit ? 1e-6 * stepNumber : 1e-2;
    const rate = relativeStep ? Math.min(bound, 1 / Math.sqrt(stepNumber)) : learningRate;
    return scaleParameter ? rate * Math.max(minimumScale, rootMeanSquare(stretch.kernels, stretch.parameters)) : rate;
  };
  return {
    name: "adafactor",
    weightDecay: nonNegative("weightDecay", options.weightDecay ?? 0),
    perTensor: true,
    stateLengths: (length, shape) => ({
      ...momentLengths(NAMES, length, shape),
      ...(beta1 === undefined ? {} : { exp_avg: length }),
    }),
    update(stretch, { stepNumber, learningRate, weightDecay, gradientScale }) {
      const { kernels, parameters, gradients, state } = stretch;
      const rate = rateOf(stretch, stepNumber, learningRate);
      const share = 1 - stepNumber ** decayExponent;
      divideByMoments(stretch, NAMES, { share, offset: epsilon, floor: 0, minimumRowMean: 0, gradientScale });
      const factor = rate / Math.max(1, rootMeanSquare(kernels, gradients) / clipThreshold);
      const decay = 1 - weightDecay * rate;
      if (beta1 === undefined) {
        kernels.combine(parameters, gradients, decay, -factor);
        return;
      }
      const average = state.exp_avg as Float32Array;
      kernels.combine(average, gradients, beta1, (1 - beta1) * factor);
      kernels.combine(parameters, average, decay, -1);
    },
  };
}

const TORCH_NAMES: MomentNames = { rows: "row_var", columns: "col_var", all: "variance" };

/** ε1 of `torch.optim.Adafactor` for float32 parameters: the spacing of float32 at 1. */
const TORCH_EPSILON = 2 ** -23;

export interface AdafactorTorchOptions {
  readonly minimumScale?: number;
  readonly clipThreshold?: number;
  readonly decayExponent?: number;
  readonly weightDecay?: number;
}

export function adafactorTorch(options: AdafactorTorchOptions = {}): UpdateRule {
  const minimumScale = nonNegative("minimumScale", options.minimumScale ?? 1e-3);
  const clipThreshold = nonNegative("clipThreshold", options.clipThreshold ?? 1);
  const { decayExponent = -0.8 } = options;
  return {
    name: "adafactor-torch",
    weightDecay: nonNegative("weightDecay", options.weightDecay ?? 0),
    perTensor: true,
    stateLengths: (length, shape) => momentLengths(TORCH_NAMES, length, shape),
    update(stretch, { stepNumber, learningRate, weightDecay, gradientScale }) {
      const { kernels, parameters, gradients } = stretch;
      const scale = Math.max(minimumScale, rootMeanSquare(kernels, parameters));
      const rate = scale * Math.min(learningRate, 1 / Math.sqrt(stepNumber));
      const share = 1 - stepNumber ** decayExponent;
      const floor = TORCH_EPSILON;
      divideByMoments(stretch, TORCH_NAMES, { share, offset: 0, floor, minimumRowMean: floor, gradientScale });
      const factor = rate / Math.max(1, rootMeanSquare(kernels, gradients) / clipThreshold);
      kernels.combine(parameters, gradients, 1 - learningRate * weightDecay, -factor);
    },
  };
}
