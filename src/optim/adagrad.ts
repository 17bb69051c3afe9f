/** Adagrad (Duchi et al. 2011): each element's rate falls with the root of its summed squared gradients. */
import type { UpdateRule } from "./optimizer.ts";
import { nonNegative } from "./parameter-groups.ts";

export interface AdagradOptions {
  /** The rate of step t is divided by 1 + (t − 1) · this; 0 by default. */
  readonly learningRateDecay?: number;
  /** What the sums start at; 0 by default. */
  readonly initialSum?: number;
  readonly epsilon?: number;
  /** L2 regularization, part of the gradient. */
  readonly weightDecay?: number;
}

export function adagrad(options: AdagradOptions = {}): UpdateRule {
  const learningRateDecay = nonNegative("learningRateDecay", options.learningRateDecay ?? 0);
  const initialSum = nonNegative("initialSum", options.initialSum ?? 0);
  const epsilon = nonNegative("epsilon", options.epsilon ?? 1e-10);
  return {
    name: "adagrad",
    weightDecay: nonNegative("weightDecay", options.weightDecay ?? 0),
    perTensor: false,
    stateLengths: (length) => ({ sum: length }),
    update({ kernels, parameters, gradients, state }, { stepNumber, learningRate, weightDecay, gradientScale }) {
      const { sum } = state as Record<"sum", Float32Array>;
      if (stepNumber === 1 && initialSum > 0) kernels.fill(sum, initialSum);
      const rate = learningRate / (1 + (stepNumber - 1) * learningRateDecay);
      kernels.elementwise("adagrad", [parameters, gradients, sum], [gradientScale, weightDecay, rate, epsilon]);
    },
  };
}
