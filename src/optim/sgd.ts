/**
 * Stochastic gradient descent with momentum as PyTorch defines it: b ← μ b + (1 − dampening) g, p ← p − rate · b, where
 * the first step sets b = g. Nesterov's form goes along g + μ b (Sutskever et al. 2013).
 */
import { ConfigurationError } from "../errors.ts";
import type { UpdateRule } from "./optimizer.ts";
import { decayRate, nonNegative } from "./parameter-groups.ts";

export interface SgdOptions {
  /** μ; 0 by default. */
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
  /** L2 regularization, part of the gradient. */
  readonly weightDecay?: number;
}

export function sgd(options: SgdOptions = {}): UpdateRule {
  const momentum = decayRate("momentum", options.momentum ?? 0);
  const dampening = nonNegative("dampening", options.dampening ?? 0);
  const nesterov = options.nesterov ?? false;
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new ConfigurationError("Nesterov's momentum needs a momentum and no dampening", { field: "nesterov" });
  }
  const shares = nesterov ? [1, momentum] : [0, 1];
  return {
    name: "sgd",
    weightDecay: nonNegative("weightDecay", options.weightDecay ?? 0),
    perTensor: false,
    stateLengths: (length) => (momentum === 0 ? {} : { momentum_buffer: length }),
    update({ kernels, parameters, gradients, state }, { stepNumber, learningRate, weightDecay, gradientScale }) {
      const scalars = [gradientScale, weightDecay, learningRate];
      const { momentum_buffer } = state as Readonly<Record<string, Float32Array>>;
      if (momentum_buffer === undefined) {
        kernels.elementwise("sgd", [parameters, gradients], scalars);
        return;
      }
      const gradientShare = stepNumber === 1 ? 1 : 1 - dampening;
      const arrays = [parameters, gradients, momentum_buffer];
      kernels.elementwise("sgdMomentum", arrays, [...scalars, momentum, gradientShare, ...shares]);
    },
  };
}
