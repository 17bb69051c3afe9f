/**
 * Multinomial logistic regression with an L2 penalty, solved to convergence by L-BFGS: a baseline to hold models against,
 * not a part of the package. The minimum is that of scikit-learn's `LogisticRegression(C=…)`:
 *
 *     C · Σ −log p(label | row) + ½ ‖weights‖²          (intercepts are not penalized)
 *
 * Papers: Liu and Nocedal 1989 (L-BFGS); the line search is Armijo's with the curvature condition checked afterwards.
 */

/** A row's features: indices and values side by side. */
export interface SparseRow {
  readonly indices: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

export interface LogisticRegressionOptions {
  /** C: how much the data count beside the penalty; 1 when left out. */
  readonly inverseRegularization?: number;
  /** Stops when no entry of the gradient, over C · rows, exceeds this; 1e-6 when left out. */
  readonly tolerance?: number;
  /** 1000 when left out. */
  readonly maxIterations?: number;
}

export interface LogisticRegression {
  readonly classes: number;
  readonly features: number;
  /** [classes, features + 1], the intercept last. With two classes a single row: the log-odds of class 1. */
  readonly weights: Float64Array;
  readonly iterations: number;
  /** Whether the gradient fell below the tolerance. */
  readonly converged: boolean;
  /** The most probable class; of equal ones the first. */
  predict(row: SparseRow): number;
}

/** @param labels of each row its class, from 0. */
export function trainLogisticRegression(
  rows: readonly SparseRow[],
  labels: readonly number[],
  features: number,
  options: LogisticRegressionOptions = {},
): LogisticRegression {
  const { inverseRegularization = 1, tolerance = 1e-6, maxIterations = 1000 } = options;
  const classes = labels.reduce((most, label) => Math.max(most, label + 1), 2);
  const outputs = classes === 2 ? 1 : classes;
  const scale = 1 / (inverseRegularization * rows.length);
  const objective = lossOf({ rows, labels, features, outputs, scale });
  const start = new Float64Array(outputs * (features + 1));
  const { point: weights, iterations, converged } = minimize(objective, start, tolerance, maxIterations);
  const scores = new Float64Array(outputs);
  const predict = (row: SparseRow): number => {
    scoreRow(row, weights, features, scores);
    if (outputs === 1) return (scores[0] as number) > 0 ? 1 : 0;
    return scores.indexOf(scores.reduce((most, score) => Math.max(most, score)));
  };
  return { classes, features, weights, iterations, converged, predict };
}

/** scores[k] = weights[k] · row + intercept[k]. */
function scoreRow({ indices, values }: SparseRow, weights: Float64Array, features: number, scores: Float64Array): void {
  for (let output = 0; output < scores.length; output++) {
    const start = output * (features + 1);
    let score = weights[start + features] as number;
    for (let i = 0; i < indices.length; i++) {
      score += (weights[start + (indices[i] as number)] as number) * (values[i] as number);
    }
    scores[output] = score;
  }
}

interface Problem {
  readonly rows: readonly SparseRow[];
  readonly labels: readonly number[];
  readonly features: number;
  readonly outputs: number;
  /** 1 / (C · rows), of the penalty beside the mean loss. */
  readonly scale: number;
}

type Objective = (weights: Float64Array, gradient: Float64Array) => number;

/** Mean loss of a row and penalty, divided by C · rows, with the gradient. */
function lossOf({ rows, labels, features, outputs, scale }: Problem): Objective {
  const scores = new Float64Array(outputs);
  return (weights, gradient) => {
    gradient.fill(0);
    let loss = 0;
    for (const [at, row] of rows.entries()) {
      scoreRow(row, weights, features, scores);
      loss += outputs === 1 ? binaryLoss(scores, labels[at] as number) : softmaxLoss(scores, labels[at] as number);
      addOuter(gradient, scores, row, features);
    }
    let penalty = 0;
    for (let i = 0; i < weights.length; i++) {
      gradient[i] = (gradient[i] as number) / rows.length;
      if (i % (features + 1) === features) continue;
      const weight = weights[i] as number;
      penalty += weight * weight;
      gradient[i] = (gradient[i] as number) + scale * weight;
    }
    return loss / rows.length + (scale * penalty) / 2;
  };
}

/** −log σ(±score), and its derivative in place of the score. */
function binaryLoss(scores: Float64Array, label: number): number {
  const score = scores[0] as number;
  const margin = label === 1 ? score : -score;
  scores[0] = 1 / (1 + Math.exp(-score)) - label;
  return margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin;
}

/** −log softmax(scores)[label], and its derivatives in place of the scores. */
function softmaxLoss(scores: Float64Array, label: number): number {
  const highest = scores.reduce((most, score) => Math.max(most, score));
  const own = (scores[label] as number) - highest;
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    scores[i] = Math.exp((scores[i] as number) - highest);
    sum += scores[i] as number;
  }
  for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] as number) / sum;
  scores[label] = (scores[label] as number) - 1;
  return Math.log(sum) - own;
}

function addOuter(gradient: Float64Array, errors: Float64Array, row: SparseRow, features: number): void {
  for (let output = 0; output < errors.length; output++) {
    const start = output * (features + 1);
    const error = errors[output] as number;
    for (let i = 0; i < row.indices.length; i++) {
      const at = start + (row.indices[i] as number);
      gradient[at] = (gradient[at] as number) + error * (row.values[i] as number);
    }
    gradient[start + features] = (gradient[start + features] as number) + error;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** into += factor · vector. */
function addScaled(into: Float64Array, factor: number, vector: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + factor * (vector[i] as number);
}

/** The last steps and what they changed in the gradient. */
interface Correction {
  readonly step: Float64Array;
  readonly change: Float64Array;
  /** 1 / (step · change). */
  readonly inverse: number;
}
const MEMORY = 10;

function minimize(objective: Objective, start: Float64Array, tolerance: number, maxIterations: number) {
  let point = start;
  let gradient = new Float64Array(start.length);
  let value = objective(point, gradient);
  const corrections: Correction[] = [];
  for (let iterations = 0; ; iterations++) {
    const converged = gradient.every((entry) => Math.abs(entry) <= tolerance);
    if (converged || iterations === maxIterations) return { point, iterations, converged };
    const direction = descentDirection(gradient, corrections);
    const slope = dot(direction, gradient);
    const nextGradient = new Float64Array(point.length);
    const first = corrections.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const found = lineSearch(objective, { point, value, slope, direction, gradient: nextGradient, first });
    if (found === undefined) return { point, iterations, converged: false };
    const step = found.point.map((entry, at) => entry - (point[at] as number));
    const change = nextGradient.map((entry, at) => entry - (gradient[at] as number));
    const curvature = dot(step, change);
    if (curvature > 1e-12 * dot(change, change)) corrections.push({ step, change, inverse: 1 / curvature });
    if (corrections.length > MEMORY) corrections.shift();
    ({ point, value } = found);
    gradient = nextGradient;
  }
}

/** −H · gradient, H being the approximate inverse of the second derivatives (the two loops). */
function descentDirection(gradient: Float64Array, corrections: readonly Correction[]): Float64Array {
  const direction = gradient.map((entry) => -entry);
  const factors: number[] = [];
  for (const { step, change, inverse } of corrections.toReversed()) {
    const factor = inverse * dot(step, direction);
    factors.push(factor);
    addScaled(direction, -factor, change);
  }
  const last = corrections.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.inverse * dot(last.change, last.change));
    for (let i = 0; i < direction.length; i++) direction[i] = (direction[i] as number) * scale;
  }
  for (const { step, change, inverse } of corrections) {
    addScaled(direction, (factors.pop() as number) - inverse * dot(change, direction), step);
  }
  return direction;
}

interface Search {
  readonly point: Float64Array;
  readonly value: number;
  readonly slope: number;
  readonly direction: Float64Array;
  /** Receives the gradient at the point that is found. */
  readonly gradient: Float64Array;
  /** The first length that is tried. */
  readonly first: number;
}

/** Halves the step until the value falls as it should; undefined if it never does. */
function lineSearch(objective: Objective, { point, value, slope, direction, gradient, first }: Search) {
  for (let length = first; length > 1e-12; length /= 2) {
    const next = point.slice();
    addScaled(next, length, direction);
    const nextValue = objective(next, gradient);
    if (nextValue <= value + 1e-4 * length * slope) return { point: next, value: nextValue };
  }
  return undefined;
}
