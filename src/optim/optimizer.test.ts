import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClozeError } from "../errors.ts";
import { Random } from "../random.ts";
import { createKernels as createPlainKernels, type Kernels } from "../runtime/kernels/kernels.ts";
import { FlatMemory } from "../runtime/memory.ts";
import { createKernels } from "../runtime/thread-pool-node.ts";
import { adafactor, adamw, lamb, Optimizer, type ParameterGroup, sgd, stateBytes } from "./index.ts";

let kernels: Kernels;
let threaded: Kernels;

beforeAll(async () => {
  kernels = await createPlainKernels(new FlatMemory({ shared: false, initialBytes: 2 ** 22 }));
  threaded = await createKernels(new FlatMemory({ shared: true }), { threads: 3 });
});

afterAll(() => threaded.dispose());

/** Two decayed tensors, two that are not, one without gradients, as a model lays them out. */
const PLACES = {
  weight: { name: "weight", shape: [300, 300], offset: 0 },
  table: { name: "table", shape: [7, 3], offset: 90_000 },
  bias: { name: "bias", shape: [17], offset: 90_032 },
  frozen: { name: "frozen", shape: [16], offset: 90_064 },
  gain: { name: "gain", shape: [3], offset: 90_080 },
};
const TOTAL = 90_096;
const GROUPS: ParameterGroup[] = [
  { parameters: [PLACES.table, PLACES.weight], weightDecay: 0.1 },
  { parameters: [PLACES.bias, PLACES.gain], weightDecay: 0, learningRateScale: 0.5 },
];

function buffersOf(target: Kernels): { parameters: Float32Array; gradients: Float32Array } {
  const [parameters, gradients] = [1, 2].map((seed) => {
    const array = target.memory.allocate("float32", TOTAL);
    for (const { shape, offset } of Object.values(PLACES)) {
      const size = shape.reduce((product, n) => product * n, 1);
      new Random(seed).fork(offset).fillNormal(array.subarray(offset, offset + size));
    }
    return array;
  }) as [Float32Array, Float32Array];
  return { parameters, gradients };
}

describe("Optimizer", () => {
  it("joins neighbours of equal settings, and only these", () => {
    const { parameters } = buffersOf(threaded);
    const optimizer = new Optimizer(adamw(), { kernels: threaded, parameters }, GROUPS);
    const shown = optimizer.stretches.map(({ offset, length, weightDecay }) => [offset, length, weightDecay]);
    expect(shown).toEqual([
      [0, 90_021, 0.1],
      [90_032, 17, 0],
      [90_080, 3, 0],
    ]);
    const single = new Optimizer(lamb(), { kernels: threaded, parameters }, GROUPS);
    expect(single.stretches.map(({ offset }) => offset)).toEqual([0, 90_000, 90_032, 90_080]);
  });

  it("leaves parameters without gradients, and padding, as they were", () => {
    for (const rule of [adamw({ weightDecay: 0.5 }), sgd({ momentum: 0.9 }), lamb(), adafactor()]) {
      const { parameters, gradients } = buffersOf(threaded);
      const before = parameters.slice();
      const optimizer = new Optimizer(rule, { kernels: threaded, parameters }, GROUPS);
      for (let step = 0; step < 2; step++) optimizer.step({ gradients, learningRate: 0.01 });
      const untouched = (from: number, to: number) =>
        expect([...parameters.subarray(from, to)]).toEqual([...before.subarray(from, to)]);
      untouched(90_064, 90_080); // frozen
      untouched(90_021, 90_032);
      untouched(90_083, TOTAL);
      expect(parameters[90_080]).not.toBe(before[90_080]);
      for (const array of [parameters, gradients]) threaded.memory.free(array);
      optimizer.dispose();
    }
  });

  it("gives the same bits on one thread and on three", () => {
    for (const rule of [adamw(), adamw({ moments: "bfloat16" }), lamb(), adafactor()]) {
      const [one, three] = [kernels, threaded].map((target) => {
        const { parameters, gradients } = buffersOf(target);
        const optimizer = new Optimizer(rule, { kernels: target, parameters }, GROUPS);
        const norm = optimizer.gradientNorm(gradients);
        for (let step = 0; step < 3; step++) optimizer.step({ gradients, learningRate: 0.01, gradientScale: 1 / norm });
        const result = { bytes: Buffer.from(parameters.slice().buffer), norm };
        optimizer.dispose();
        for (const array of [parameters, gradients]) target.memory.free(array);
        return result;
      });
      expect(one?.norm).toBe(three?.norm);
      expect(Buffer.compare(one?.bytes as Buffer, three?.bytes as Buffer)).toBe(0);
    }
  });

  it("scales gradients as if they had been scaled before", () => {
    const results = [0.25, 1].map((gradientScale) => {
      const { parameters, gradients } = buffersOf(threaded);
      const optimizer = new Optimizer(sgd({ momentum: 0.9 }), { kernels: threaded, parameters }, GROUPS);
      if (gradientScale === 1) threaded.scale(gradients, 0.25);
      optimizer.step({ gradients, learningRate: 0.1, gradientScale });
      return Buffer.from(parameters.slice().buffer);
    });
    expect(Buffer.compare(results[0] as Buffer, results[1] as Buffer)).toBe(0);
  });

  it("measures the norm of trained parameters only", () => {
    const { parameters, gradients } = buffersOf(threaded);
    const optimizer = new Optimizer(adamw(), { kernels: threaded, parameters }, GROUPS);
    gradients.fill(0);
    gradients[0] = 3;
    gradients[90_080] = -4;
    gradients[90_064] = 1000; // frozen
    expect(optimizer.gradientNorm(gradients)).toBe(5);
    expect(optimizer.gradientNorm(gradients, 1)).toBe(7);
    expect(optimizer.gradientNorm(gradients, Number.POSITIVE_INFINITY)).toBe(4);
    gradients[1] = Number.NaN;
    expect(optimizer.gradientNorm(gradients)).toBeNaN();
  });

  it("goes on from an exported state bit for bit", () => {
    const small = adamw({ moments: "bfloat16" });
    const others = [sgd({ momentum: 0.9, dampening: 0.5 }), adafactor({ beta1: 0.9 })];
    for (const rule of [adamw({ amsgrad: true }), small, ...others]) {
      const { parameters, gradients } = buffersOf(threaded);
      const copyOf = (array: Float32Array) => {
        const copy = threaded.memory.allocate("float32", array.length);
        copy.set(array);
        return copy;
      };
      const first = new Optimizer(rule, { kernels: threaded, parameters }, GROUPS);
      first.step({ gradients: copyOf(gradients), learningRate: 0.01 });
      const saved = first.exportState();
      const kept = { ...saved, arrays: new Map([...saved.arrays].map(([name, array]) => [name, array.slice()])) };
      const parametersThen = copyOf(parameters);
      first.step({ gradients: copyOf(gradients), learningRate: 0.01 });

      const second = new Optimizer(rule, { kernels: threaded, parameters: parametersThen }, GROUPS);
      second.importState(kept);
      expect(second.stepNumber).toBe(1);
      second.step({ gradients: copyOf(gradients), learningRate: 0.01 });
      expect(Buffer.compare(Buffer.from(parameters.slice().buffer), Buffer.from(parametersThen.slice().buffer))).toBe(
        0,
      );
    }
  });

  it("exports views under the names of state and parameter, and refuses a state of another model", () => {
    const { parameters, gradients } = buffersOf(threaded);
    const optimizer = new Optimizer(adamw(), { kernels: threaded, parameters }, GROUPS);
    optimizer.step({ gradients, learningRate: 0.01 });
    const { arrays, stepNumber } = optimizer.exportState();
    expect([...arrays].map(([name, { length }]) => `${name} ${length}`).sort()).toEqual([
      "exp_avg/bias 17",
      "exp_avg/gain 3",
      "exp_avg/table 21",
      "exp_avg/weight 90000",
      "exp_avg_sq/bias 17",
      "exp_avg_sq/gain 3",
      "exp_avg_sq/table 21",
      "exp_avg_sq/weight 90000",
    ]);
    const bias = arrays.get("exp_avg/bias") as Float32Array;
    expect(bias[16]).toBeCloseTo(0.1 * (gradients[90_048] as number), 6);
    const without = new Map(arrays);
    without.delete("exp_avg/gain");
    expect(() => optimizer.importState({ stepNumber, arrays: without })).toThrow(/does not belong/);
    const more = new Map(arrays).set("exp_avg/other", new Float32Array(3));
    expect(() => optimizer.importState({ stepNumber, arrays: more })).toThrow(/does not belong/);
    const wrong = new Map(arrays).set("exp_avg/gain", new Float32Array(4));
    expect(() => optimizer.importState({ stepNumber, arrays: wrong })).toThrow(/does not belong/);
    expect(() => optimizer.importState({ stepNumber: -1, arrays })).toThrow(/does not belong/);
  });

  it("knows beforehand what memory its state takes", () => {
    const small = adamw({ moments: "bfloat16" });
    for (const rule of [
      adamw(),
      small,
      adamw({ amsgrad: true }),
      sgd(),
      lamb(),
      adafactor(),
      adafactor({ beta1: 0.9 }),
    ]) {
      const { parameters } = buffersOf(threaded);
      const before = threaded.memory.usedBytes;
      const optimizer = new Optimizer(rule, { kernels: threaded, parameters }, GROUPS);
      expect(threaded.memory.usedBytes - before).toBe(stateBytes(rule, GROUPS));
      optimizer.dispose();
      expect(threaded.memory.usedBytes).toBe(before);
    }
  });

  it("refuses bad places, lengths, rates and options", () => {
    const { parameters, gradients } = buffersOf(threaded);
    const withParameters = (...given: ParameterGroup["parameters"]) =>
      new Optimizer(adamw(), { kernels: threaded, parameters }, [{ parameters: given }]);
    const { weight, bias } = PLACES;
    expect(() => withParameters(weight, { ...bias, offset: 89_984 })).toThrow(/not well placed/);
    expect(() => withParameters(weight, { ...bias, offset: 90_001 })).toThrow(/not well placed/);
    expect(() => withParameters(weight, { ...weight, offset: 90_000 })).toThrow(/twice/);
    expect(() => withParameters({ ...bias, offset: TOTAL - 16 })).toThrow(/within the flat buffers/);
    const optimizer = withParameters(weight);
    expect(() => optimizer.step({ gradients, learningRate: Number.NaN })).toThrow(ClozeError);
    expect(() => optimizer.step({ gradients: gradients.subarray(16), learningRate: 0.1 })).toThrow(/differ in length/);
    expect(optimizer.stepNumber).toBe(0);
    expect(() => adamw({ beta1: 1 })).toThrow(/beta1/);
    expect(() => adamw({ weightDecay: -0.1 })).toThrow(/weightDecay/);
    expect(() => sgd({ nesterov: true })).toThrow(/Nesterov/);
    expect(() => adamw({ amsgrad: true, moments: "bfloat16" })).toThrow(/moments/);
  });
});

describe("moments of bfloat16", () => {
  const isSame = (a: Float32Array, b: Float32Array): boolean =>
    Buffer.compare(Buffer.from(a.slice().buffer), Buffer.from(b.slice().buffer)) === 0;
  const steps = (target: Kernels, moments: "float32" | "bfloat16", count: number) => {
    const { parameters, gradients } = buffersOf(target);
    const optimizer = new Optimizer(adamw({ moments }), { kernels: target, parameters }, GROUPS);
    for (let step = 0; step < count; step++) optimizer.step({ gradients, learningRate: 0.01 });
    return { parameters, gradients, arrays: optimizer.exportState().arrays };
  };

  it("make a first step like float32, and later ones nearly so", () => {
    expect(isSame(steps(threaded, "bfloat16", 1).parameters, steps(threaded, "float32", 1).parameters)).toBe(true);
    const [exact, near] = [steps(threaded, "float32", 30), steps(threaded, "bfloat16", 30)];
    const start = buffersOf(threaded).parameters;
    const moved = (to: Float32Array, from: Float32Array): number =>
      Math.sqrt(to.reduce((sum, value, i) => sum + (value - (from[i] as number)) ** 2, 0));
    expect(moved(near.parameters, exact.parameters)).toBeLessThan(0.005 * moved(exact.parameters, start));
  });

  it("do not depend on the number of threads", () => {
    const [alone, together] = [steps(kernels, "bfloat16", 5), steps(threaded, "bfloat16", 5)];
    expect(isSame(alone.parameters, together.parameters)).toBe(true);
    for (const [name, array] of alone.arrays) {
      expect(isSame(array, together.arrays.get(name) as Float32Array), name).toBe(true);
    }
  });

  it("grow on average by what is less than their last bit", () => {
    // Each step adds a thousandth of g² to the second moment: always rounded to the nearest, it would stop at about a fourth.
    const { gradients, arrays } = steps(threaded, "bfloat16", 400);
    const second = arrays.get("exp_avg_sq/weight") as Float32Array;
    const expected = 1 - 0.999 ** 400;
    const ratios = second.map((value, i) => value / (expected * (gradients[i] as number) ** 2));
    expect(ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length).toBeCloseTo(1, 3);
  });
});
