/** Norms of gradients, and keeping them within bounds (Pascanu et al. 2013). */
import type { Kernels } from "../runtime/kernels/kernels.ts";

export type NormType = 1 | 2 | typeof Number.POSITIVE_INFINITY;

/** Added to the norm before dividing by it, as PyTorch's `clip_grad_norm_` does. */
const NORM_OFFSET = 1e-6;

/** The 1-, 2- or maximum norm of arrays taken together, summed in float64; not finite when some value is not. */
export function gradientNorm(kernels: Kernels, gradients: readonly Float32Array[], type: NormType = 2): number {
  if (type === Number.POSITIVE_INFINITY) return Math.max(0, ...gradients.map((g) => kernels.largestMagnitude(g)));
  if (type === 1) return gradients.reduce((sum, g) => sum + kernels.sumOfMagnitudes(g), 0);
  return Math.sqrt(gradients.reduce((sum, g) => sum + kernels.sumOfSquares(g), 0));
}

/**
 * What to multiply gradients of this norm by so that their norm does not exceed `maximum`; never above 1. NaN for a norm
 * that is not a number, and 0 for an infinite one: look at the norm before stepping.
 */
export function clippingScale(norm: number, maximum: number): number {
  return Math.min(1, maximum / (norm + NORM_OFFSET));
}

/** Brings every gradient into [−limit, limit], in place. */
export function clipByValue(kernels: Kernels, gradients: readonly Float32Array[], limit: number): void {
  for (const g of gradients) kernels.clamp(g, limit);
}
