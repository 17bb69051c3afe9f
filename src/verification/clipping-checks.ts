/** Clipping of gradients and averages of parameters beside recorded ones. */
import { clipByValue, clippingScale, gradientNorm, MovingAverage, type NormType } from "../optim/index.ts";
import type { Kernels } from "../runtime/kernels/kernels.ts";
import { compare } from "./compare.ts";
import { type Finding, failure, oneCase } from "./report.ts";

interface RecordedArray {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface RecordedClipping {
  readonly name: string;
  readonly max_norm: number;
  readonly norm_type: number | "inf";
  readonly norm: number;
  readonly clip_value: number;
  readonly gradients: readonly RecordedArray[];
  readonly clipped: readonly RecordedArray[];
  readonly decay: number;
  readonly warmup: boolean;
  /** Where the average begins, in words. */
  readonly starts: string;
  readonly values: readonly (readonly number[])[];
  /** After each of the values. */
  readonly average: readonly (readonly number[])[];
}

/** float32 beside the reference's float64. */
const tolerance = { relative: 3e-7, absolute: 0 };
/** The norm itself is summed in float64. */
const normTolerance = { relative: 1e-12, absolute: 0 };

/** One case's comparisons, by what it is called. */
class ClippingChecks {
  readonly #kernels: Kernels;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  *clip_grad_norm({ gradients, clipped, norm_type, max_norm, norm }: RecordedClipping): Generator<Finding> {
    const arrays = gradients.map(({ data }) => this.#place(data));
    const type = (norm_type === "inf" ? Number.POSITIVE_INFINITY : norm_type) as NormType;
    const measured = gradientNorm(this.#kernels, arrays, type);
    yield compare("training", "norm", { shape: [], data: [measured] }, { shape: [], data: [norm] }, normTolerance);
    for (const array of arrays) this.#kernels.scale(array, clippingScale(measured, max_norm));
    yield* compareAll(arrays, clipped);
  }

  *clip_grad_value({ gradients, clipped, clip_value }: RecordedClipping): Generator<Finding> {
    const arrays = gradients.map(({ data }) => this.#place(data));
    clipByValue(this.#kernels, arrays, clip_value);
    yield* compareAll(arrays, clipped);
  }

  *exponential_moving_average({ decay, warmup, starts, values, average }: RecordedClipping): Generator<Finding> {
    const options = { decay, warmup, debiased: starts.startsWith("at zero") };
    const moving = new MovingAverage(this.#kernels, values[0]?.length ?? 0, options);
    const shape = [moving.values.length];
    for (const [index, data] of values.entries()) {
      moving.update(this.#place(data));
      const actual = { shape, data: moving.values.map((value) => value * moving.correction) };
      yield compare("training", `average ${index}`, actual, { shape, data: average[index] ?? [] }, tolerance);
    }
  }

  #place(data: readonly number[]): Float32Array {
    const array = this.#kernels.memory.allocate("float32", data.length);
    array.set(data);
    return array;
  }
}

function* compareAll(arrays: readonly Float32Array[], expected: readonly RecordedArray[]): Generator<Finding> {
  for (const [index, { shape, data }] of expected.entries()) {
    const own = arrays[index];
    yield compare("training", `array ${index}`, own && { shape, data: own }, { shape, data }, tolerance);
  }
}

/** A finding for each case. */
export function* checkClipping(kernels: Kernels, cases: readonly RecordedClipping[]): Generator<Finding> {
  const checks = new ClippingChecks(kernels);
  for (const recorded of cases) {
    const { name, max_norm, norm_type, clip_value, decay, starts } = recorded;
    // JSON leaves out what a case does not have.
    const label = `${name} ${JSON.stringify({ max_norm, norm_type, clip_value, decay, starts })}`;
    if (name === "clip_grad_norm" || name === "clip_grad_value" || name === "exponential_moving_average") {
      yield oneCase("training", label, checks[name](recorded));
    } else yield failure("training", label, "nothing of this name is known here");
  }
}
