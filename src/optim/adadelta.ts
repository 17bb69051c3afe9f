/** Adadelta (Zeiler 2012, https://arxiv.org/abs/1212.5701): step sizes in the units of past steps. */
import type { UpdateRule } from "./optimizer.ts";
import { decayRate, nonNegative } from "./parameter-groups.ts";

export interface AdadeltaOptions {
  /** Decay rate of both averages; 0.9 by default. */
  readonly rho?: number;
  readonly epsilon?: number;
  /** L2 regularization, part of the gradient. */
  readonly weightDecay?: number;
}

export function adadelta(options: AdadeltaOptions = {}): UpdateRule {
  const rho = decayRate("rho", options.rho ?? 0.9);
  const epsilon = nonNegative("epsilon", options.epsilon ?? 1e-6);
  return {
    name: "adadelta",
    weightDecay: nonNegative("weightDecay", options.weightDecay ?? 0),
    perTensor: false,
    stateLengths: (length) => ({ square_avg: length, acc_delta: length }),
    update({ kernels, parameters, gradients, state }, { learningRate, weightDecay, gradientScale }) {
      const { square_avg, acc_delta } = state as Record<"square_avg" | "acc_delta", Float32Array>;
      const scalars = [gradientScale, weightDecay, learningRate, rho, 1 - rho, epsilon];
      kernels.elementwise("adadelta", [parameters, gradients, square_avg, acc_delta], scalars);
    },
  };
}
