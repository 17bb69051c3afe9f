import { beforeAll, describe, expect, it } from "vitest";
import { createKernels, type Kernels } from "../runtime/kernels/kernels.ts";
import { FlatMemory } from "../runtime/memory.ts";
import { clipByValue, clippingScale, gradientNorm, MovingAverage } from "./index.ts";

let kernels: Kernels;

beforeAll(async () => {
  kernels = await createKernels(new FlatMemory({ shared: false, initialBytes: 2 ** 20 }));
});

function arrayOf(...values: number[]): Float32Array {
  const array = kernels.memory.allocate("float32", values.length);
  array.set(values);
  return array;
}

describe("clipping", () => {
  it("takes the norm over all arrays together", () => {
    const gradients = [arrayOf(1, -2), arrayOf(2), arrayOf()];
    expect(gradientNorm(kernels, gradients)).toBe(3);
    expect(gradientNorm(kernels, gradients, 1)).toBe(5);
    expect(gradientNorm(kernels, gradients, Number.POSITIVE_INFINITY)).toBe(2);
    expect(gradientNorm(kernels, [])).toBe(0);
    expect(gradientNorm(kernels, [arrayOf(1), arrayOf(Number.NaN)], Number.POSITIVE_INFINITY)).toBeNaN();
  });

  it("scales as torch.nn.utils.clip_grad_norm_ does, and never up", () => {
    expect(clippingScale(4, 1)).toBe(1 / (4 + 1e-6));
    expect(clippingScale(0.5, 1)).toBe(1);
    expect(clippingScale(0, 1)).toBe(1);
    expect(clippingScale(1, 1)).toBe(1 / (1 + 1e-6));
    expect(clippingScale(Number.NaN, 1)).toBeNaN();
    expect(clippingScale(Number.POSITIVE_INFINITY, 1)).toBe(0);
  });

  it("clips by value", () => {
    const gradients = arrayOf(-3, -0.5, 0, 0.5, 3, Number.NaN);
    clipByValue(kernels, [gradients], 1);
    expect([...gradients]).toEqual([-1, -0.5, 0, 0.5, 1, Number.NaN]);
  });
});

describe("MovingAverage", () => {
  it("starts at the first values and follows at its rate", () => {
    const average = new MovingAverage(kernels, 1, { decay: 0.75 });
    average.update(arrayOf(4));
    expect(average.values[0]).toBe(4);
    average.update(arrayOf(8));
    expect(average.values[0]).toBe(5);
    expect(average.correction).toBe(1);
    expect(() => average.update(arrayOf(1, 2))).toThrow(/differ in length/);
  });

  it("starts fast with a warm-up, and at zero when debiased", () => {
    const warm = new MovingAverage(kernels, 1, { decay: 0.999, warmup: true });
    warm.update(arrayOf(0));
    warm.update(arrayOf(11));
    expect(warm.values[0]).toBeCloseTo(9, 6); // keeps 2/11
    const debiased = new MovingAverage(kernels, 1, { decay: 0.9, debiased: true });
    debiased.update(arrayOf(3));
    expect((debiased.values[0] as number) * debiased.correction).toBeCloseTo(3, 6);
  });
});
