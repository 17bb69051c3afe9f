/**
 * AdamW: Adam whose weight decay shrinks the parameters directly, not through the moments.
 *
 * Paper: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101.
 */
import { type AmsgradOptions, adamState, biasCorrections, momentType, resolveAdamOptions, runAdam } from "./adam.ts";
import type { UpdateRule } from "./optimizer.ts";

export function adamw(options: AmsgradOptions = {}): UpdateRule {
  const resolved = resolveAdamOptions(options, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 });
  return {
    name: "adamw",
    weightDecay: resolved.weightDecay,
    perTensor: false,
    stateType: momentType(options),
    stateLengths: (length) => adamState(length, options.amsgrad),
    update(stretch, { stepNumber, learningRate, weightDecay, gradientScale }) {
      const { first, root } = biasCorrections(resolved.beta1, resolved.beta2, stepNumber);
      const decay = 1 - learningRate * weightDecay;
      runAdam(stretch, resolved, { gradientScale, l2: 0, rate: learningRate * first, root, decay }, stepNumber);
    },
  };
}
