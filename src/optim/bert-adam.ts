/**
 * The optimizer of the BERT release (Devlin et al. 2019, `optimization.py`): AdamW without bias correction, so that the
 * first steps are larger (3.2 times at step 1); its warm-up was tuned with this.
 */
import { type AdamOptions, adamState, resolveAdamOptions, runAdam } from "./adam.ts";
import type { UpdateRule } from "./optimizer.ts";

export function bertAdam(options: AdamOptions = {}): UpdateRule {
  const resolved = resolveAdamOptions(options, { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weightDecay: 0.01 });
  return {
    name: "bert-adam",
    weightDecay: resolved.weightDecay,
    perTensor: false,
    stateLengths: (length) => adamState(length),
    update(stretch, { stepNumber, learningRate, weightDecay, gradientScale }) {
      const decay = 1 - learningRate * weightDecay;
      runAdam(stretch, resolved, { gradientScale, l2: 0, rate: learningRate, root: 1, decay }, stepNumber);
    },
  };
}
