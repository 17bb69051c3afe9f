/**
 * LAMB: Adam's update, scaled for each parameter tensor to the tensor's own norm, for very large batches.
 *
 * Paper: You et al. 2020, https://arxiv.org/abs/1904.00962 (algorithm 2 of version 3). A tensor or an update of norm 0
 * takes ratio 1.
 */
import { type AdamOptions, adamState, biasCorrections, resolveAdamOptions } from "./adam.ts";
import type { UpdateRule } from "./optimizer.ts";

export interface LambOptions extends AdamOptions {
  /** Whether the moments are divided by 1 − βᵗ, as in the paper; true by default. */
  readonly biasCorrection?: boolean;
  /** φ of the paper: bounds of the parameter norm in the ratio. None by default. */
  readonly normBounds?: readonly [low: number, high: number];
}

export function lamb(options: LambOptions = {}): UpdateRule {
  const resolved = resolveAdamOptions(options, { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weightDecay: 0.01 });
  const { beta1, beta2, epsilon } = resolved;
  const { biasCorrection = true, normBounds = [0, Number.POSITIVE_INFINITY] } = options;
  return {
    name: "lamb",
    weightDecay: resolved.weightDecay,
    perTensor: true,
    stateLengths: (length) => adamState(length),
    update({ kernels, parameters, gradients, state }, { stepNumber, learningRate, weightDecay, gradientScale }) {
      const { exp_avg, exp_avg_sq } = state as Record<"exp_avg" | "exp_avg_sq", Float32Array>;
      const { first, root } = biasCorrection ? biasCorrections(beta1, beta2, stepNumber) : { first: 1, root: 1 };
      const betas = [beta1, 1 - beta1, beta2, 1 - beta2];
      const scalars = [gradientScale, ...betas, first, root, epsilon, weightDecay];
      kernels.elementwise("lambUpdate", [parameters, gradients, exp_avg, exp_avg_sq], scalars);
      const norm = Math.sqrt(kernels.sumOfSquares(parameters));
      const updateNorm = Math.sqrt(kernels.sumOfSquares(gradients)); // where the kernel left the update
      const bounded = Math.min(Math.max(norm, normBounds[0]), normBounds[1]);
      const ratio = norm > 0 && updateNorm > 0 ? bounded / updateNorm : 1;
      kernels.combine(parameters, gradients, 1, -learningRate * ratio);
    },
  };
}
