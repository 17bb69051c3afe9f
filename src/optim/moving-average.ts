/** An exponential moving average of parameters, which often generalizes better than their last values. */
import { ConfigurationError } from "../errors.ts";
import type { Kernels } from "../runtime/kernels/kernels.ts";
import { decayRate } from "./parameter-groups.ts";

export interface MovingAverageOptions {
  /** Share that the average keeps at each update. */
  readonly decay: number;
  /** Whether the k-th update (from 0) keeps min(decay, (1 + k) / (10 + k)), so that early values fade soon. */
  readonly warmup?: boolean;
  /** Whether the average starts at zero, to be multiplied by `correction`, instead of at the first values given. */
  readonly debiased?: boolean;
}

export class MovingAverage {
  readonly values: Float32Array;
  readonly #kernels: Kernels;
  readonly #decay: number;
  readonly #warmup: boolean;
  readonly #debiased: boolean;
  /** Updates so far; to be saved and restored with `values`. */
  updates = 0;

  /** Takes `length` elements of the kernels' memory. */
  constructor(kernels: Kernels, length: number, options: MovingAverageOptions) {
    this.#kernels = kernels;
    this.#decay = decayRate("decay", options.decay);
    this.#warmup = options.warmup ?? false;
    this.#debiased = options.debiased ?? false;
    this.values = kernels.memory.allocate("float32", length);
  }

  /** What `values` are to be multiplied by: 1 / (1 − decayᵏ) after k updates when debiased, else 1. */
  get correction(): number {
    return this.#debiased && this.updates > 0 ? 1 / (1 - this.#decay ** this.updates) : 1;
  }

  update(parameters: Float32Array): void {
    if (parameters.length !== this.values.length) {
      throw new ConfigurationError("the averaged parameters differ in length from their average", {
        expected: String(this.values.length),
        received: String(parameters.length),
      });
    }
    const k = this.updates++;
    const decay = this.#warmup ? Math.min(this.#decay, (1 + k) / (10 + k)) : this.#decay;
    if (k === 0 && !this.#debiased) this.values.set(parameters);
    else this.#kernels.combine(this.values, parameters, decay, 1 - decay);
  }
}
