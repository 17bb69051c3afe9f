/**
 * Adam, its decoupled form AdamW, and the Adam of the BERT release: one kernel, three ways to correct and decay.
 *
 * Papers: Kingma and Ba 2015 (Adam), https://arxiv.org/abs/1412.6980; Reddi et al. 2018 (AMSGrad).
 */
import { ConfigurationError } from "../errors.ts";
import type { LiveStretch, StateType, UpdateRule } from "./optimizer.ts";
import { decayRate, nonNegative } from "./parameter-groups.ts";

export interface AdamOptions {
  /** Decay rates of the first and second moments. */
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

export interface AmsgradOptions extends AdamOptions {
  /** Divides by the largest second moment so far. */
  readonly amsgrad?: boolean;
  /** How the moments are kept: as bfloat16 in half of the memory, rounded at random; float32 when left out. */
  readonly moments?: StateType | undefined;
}

/** How the state is kept. Throws a ConfigurationError for moments of bfloat16 with the largest one beside them. */
export function momentType({ moments = "float32", amsgrad }: AmsgradOptions): StateType {
  if (moments === "float32" || amsgrad !== true) return moments;
  throw new ConfigurationError("amsgrad keeps its moments as float32", {
    field: "moments",
    expected: "float32",
    received: moments,
    hint: "leave amsgrad or the smaller moments away",
  });
}

/** A kernel's scalars, after those that are the same in every step. */
export interface AdamStep {
  gradientScale: number;
  /** λ of L2 regularization, added to the gradient as λ p. */
  l2: number;
  /** Learning rate, divided by 1 − β1ᵗ where the method corrects the bias. */
  rate: number;
  /** Factor of √v: 1 / √(1 − β2ᵗ) where the method corrects the bias, else 1. */
  root: number;
  /** Factor of the parameter: 1 − learning rate · λ for decoupled decay, else 1. */
  decay: number;
}

export interface ResolvedAdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

export function resolveAdamOptions(options: AdamOptions, defaults: ResolvedAdamOptions): ResolvedAdamOptions {
  return {
    beta1: decayRate("beta1", options.beta1 ?? defaults.beta1),
    beta2: decayRate("beta2", options.beta2 ?? defaults.beta2),
    epsilon: nonNegative("epsilon", options.epsilon ?? defaults.epsilon),
    weightDecay: nonNegative("weightDecay", options.weightDecay ?? defaults.weightDecay),
  };
}

/** The state of Adam under the names that PyTorch gives it. */
export function adamState(length: number, amsgrad = false): Record<string, number> {
  return { exp_avg: length, exp_avg_sq: length, ...(amsgrad ? { max_exp_avg_sq: length } : {}) };
}

/** 1 / (1 − β1ᵗ) and 1 / √(1 − β2ᵗ), which make the moments' expectations right in the first steps. */
export function biasCorrections(beta1: number, beta2: number, stepNumber: number): { first: number; root: number } {
  return { first: 1 / (1 - beta1 ** stepNumber), root: 1 / Math.sqrt(1 - beta2 ** stepNumber) };
}

/** `stepNumber` decides how moments of bfloat16 are rounded. */
export function runAdam(
  stretch: LiveStretch,
  { beta1, beta2, epsilon }: ResolvedAdamOptions,
  step: AdamStep,
  stepNumber: number,
): void {
  const { kernels, parameters, gradients, state } = stretch;
  const betas = [beta1, 1 - beta1, beta2, 1 - beta2];
  const scalars = [step.gradientScale, step.l2, ...betas, step.rate, step.root, epsilon, step.decay];
  if (state.exp_avg instanceof Uint16Array) {
    const halves = [state.exp_avg, state.exp_avg_sq] as [Uint16Array, Uint16Array];
    kernels.adamHalf([parameters, gradients], halves, scalars, stepNumber);
    return;
  }
  const { exp_avg, exp_avg_sq, max_exp_avg_sq } = state as Record<string, Float32Array>;
  const moments = [exp_avg, exp_avg_sq, max_exp_avg_sq].filter((array) => array !== undefined);
  const kernel = max_exp_avg_sq === undefined ? "adam" : "adamAmsgrad";
  kernels.elementwise(kernel, [parameters, gradients, ...moments], scalars);
}

/** Adam with L2 regularization: the decay is part of the gradient, and so of the moments. */
export function adam(options: AmsgradOptions = {}): UpdateRule {
  const resolved = resolveAdamOptions(options, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 });
  return {
    name: "adam",
    weightDecay: resolved.weightDecay,
    perTensor: false,
    stateType: momentType(options),
    stateLengths: (length) => adamState(length, options.amsgrad),
    update(stretch, { stepNumber, learningRate, weightDecay, gradientScale }) {
      const { first, root } = biasCorrections(resolved.beta1, resolved.beta2, stepNumber);
      const step = { gradientScale, l2: weightDecay, rate: learningRate * first, root, decay: 1 };
      runAdam(stretch, resolved, step, stepNumber);
    },
  };
}
