/** RMSprop (Tieleman and Hinton 2012), centered as in Graves 2013 (https://arxiv.org/abs/1308.0850) if wanted. */
import type { UpdateRule } from "./optimizer.ts";
import { decayRate, nonNegative } from "./parameter-groups.ts";

export interface RmspropOptions {
  /** Decay rate of the averages; 0.99 by default. */
  readonly alpha?: number;
  readonly momentum?: number;
  /** Divides by the standard deviation instead of the root mean square. */
  readonly centered?: boolean;
  readonly epsilon?: number;
  /** L2 regularization, part of the gradient. */
  readonly weightDecay?: number;
}

export function rmsprop(options: RmspropOptions = {}): UpdateRule {
  const alpha = decayRate("alpha", options.alpha ?? 0.99);
  const momentum = decayRate("momentum", options.momentum ?? 0);
  const epsilon = nonNegative("epsilon", options.epsilon ?? 1e-8);
  const centered = options.centered ?? false;
  return {
    name: "rmsprop",
    weightDecay: nonNegative("weightDecay", options.weightDecay ?? 0),
    perTensor: false,
    stateLengths: (length) => ({
      square_avg: length,
      momentum_buffer: length,
      ...(centered ? { grad_avg: length } : {}),
    }),
    update({ kernels, parameters, gradients, state }, { learningRate, weightDecay, gradientScale }) {
      const { square_avg, momentum_buffer, grad_avg } = state as Record<string, Float32Array>;
      const arrays = [parameters, gradients, square_avg, momentum_buffer, grad_avg].filter((a) => a !== undefined);
      const scalars = [gradientScale, weightDecay, learningRate, alpha, 1 - alpha, epsilon, momentum];
      kernels.elementwise(centered ? "rmspropCentered" : "rmsprop", arrays, scalars);
    },
  };
}
