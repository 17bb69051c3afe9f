import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../random.ts";
import { FlatMemory } from "../memory.ts";
import { SingleThread } from "../thread-pool.ts";
import { createKernels as createThreadedKernels, ThreadPool } from "../thread-pool-node.ts";
import { dropoutMaskReference, keepThreshold, keptScale } from "./dropout.ts";
import { createKernels, type Kernels } from "./kernels.ts";
import { compileKernels, instantiateKernels, KERNEL_NAMES } from "./module.ts";

/** Lengths around vectors, and around pieces of 65,536 for several threads. */
const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 16, 1000, 65_537, 200_003];

async function kernelsWith(threads: number): Promise<Kernels> {
  const kernels = await createThreadedKernels(new FlatMemory({ shared: true }), { threads });
  if (kernels.executor instanceof ThreadPool) await kernels.executor.ready();
  return kernels;
}

/** Normal values with a guard of 5s behind them, which no kernel may touch. */
function values(kernels: Kernels, length: number, label: string): Float32Array {
  const array = kernels.memory.allocate("float32", length + 16).fill(5);
  new Random(1).fork(label).fillNormal(array.subarray(0, length));
  return array.subarray(0, length);
}

function expectGuard(array: Float32Array): void {
  const guard = new Float32Array(array.buffer, array.byteOffset + array.byteLength, 16);
  expect([...guard]).toEqual(new Array(16).fill(5));
}

function expectClose(actual: Float32Array, expected: (index: number) => number, tolerance = 3e-7): void {
  let worst = 0;
  for (let i = 0; i < actual.length; i++) {
    const error = Math.abs((actual[i] as number) - expected(i)) / Math.max(1, Math.abs(expected(i)));
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  expect(worst).toBeLessThanOrEqual(tolerance);
}

/** gradientScale, l2, β1, 1 − β1, β2, 1 − β2, rate, root, ε, decay */
const ADAM = [0.5, 0.1, 0.9, 1 - 0.9, 0.99, 1 - 0.99, 0.02, 1.5, 1e-3, 0.98];

let single: Kernels;
let pooled: Kernels[];

beforeAll(async () => {
  single = await createKernels(new FlatMemory({ shared: false, initialBytes: 64 * 2 ** 20 }));
  pooled = await Promise.all([1, 2, 3].map(kernelsWith));
});

afterAll(async () => {
  await Promise.all(pooled.map((kernels) => kernels.dispose()));
});

describe("the compiled module", () => {
  it.each([true, false])("exports exactly the kernels that are named (shared: %s)", async (shared) => {
    const functions = await instantiateKernels(
      await compileKernels(shared),
      new FlatMemory({ shared, initialBytes: 1 }).memory,
    );
    expect(Object.keys(functions).sort()).toEqual([...KERNEL_NAMES].sort());
  });

  it("uses threads only where memory is shared", async () => {
    expect(single.executor).toBeInstanceOf(SingleThread);
    expect(pooled.map((kernels) => kernels.executor.threads)).toEqual([1, 2, 3]);
    const plain = await createThreadedKernels(new FlatMemory({ shared: false, initialBytes: 2 ** 20 }), { threads: 3 });
    expect(plain.executor.threads).toBe(1);
  });
});

/** Runs on plain memory and on 1, 2 and 3 threads; all results must be the same bits. */
function onAll(compute: (kernels: Kernels) => ArrayBufferView[]): Uint8Array[][] {
  const results = [single, ...pooled].map((kernels) =>
    compute(kernels).map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice()),
  );
  // Compared by a flag: a diff of megabytes helps nobody.
  for (const other of results.slice(1)) {
    const same = other.every((bytes, i) => Buffer.compare(bytes, results[0]?.[i] ?? new Uint8Array()) === 0);
    expect(same).toBe(true);
  }
  return results;
}

describe("elementwise kernels", () => {
  it.each(LENGTHS)("step Adam over %i values", (length) => {
    onAll((kernels) => {
      const [p, g, m] = ["p", "g", "m"].map((label) => values(kernels, length, label)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const v = values(kernels, length, "v");
      kernels.combine(v, v, 0.5, 0); // scaled, to be different from the others
      for (let i = 0; i < length; i++) v[i] = Math.abs(v[i] as number);
      const before = [p, g, m, v].map((array) => Float64Array.from(array)) as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      kernels.elementwise("adam", [p, g, m, v], ADAM);
      const gradient = (i: number) => 0.5 * (before[1][i] as number) + 0.1 * (before[0][i] as number);
      const first = (i: number) => 0.9 * (before[2][i] as number) + (1 - 0.9) * gradient(i);
      const second = (i: number) => 0.99 * (before[3][i] as number) + (1 - 0.99) * gradient(i) ** 2;
      const weight = (i: number) =>
        0.98 * (before[0][i] as number) - (0.02 * first(i)) / (Math.sqrt(second(i)) * 1.5 + 1e-3);
      expectClose(m, first);
      expectClose(v, second);
      expectClose(p, weight, 2e-6);
      for (const array of [p, g, m, v]) expectGuard(array);
      kernels.memory.free(p);
      return [p, g, m, v];
    });
  });

  it("keep the largest second moment in AMSGrad", () => {
    onAll((kernels) => {
      const [p, g, m, v, largest] = ["p", "g", "m", "v", "largest"].map((l) => values(kernels, 70_001, l)) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      for (let i = 0; i < v.length; i++) v[i] = Math.abs(v[i] as number);
      for (let i = 0; i < v.length; i++) largest[i] = Math.abs(largest[i] as number);
      const before = Float64Array.from(p);
      const largestBefore = largest.slice();
      kernels.elementwise("adamAmsgrad", [p, g, m, v, largest], [0.5, 0, ...ADAM.slice(2)]);
      expectClose(largest, (i) => Math.max(largestBefore[i] as number, v[i] as number), 0);
      expectClose(
        p,
        (i) =>
          0.98 * (before[i] as number) - (0.02 * (m[i] as number)) / (Math.sqrt(largest[i] as number) * 1.5 + 1e-3),
        2e-6,
      );
      for (const array of [p, g, m, v, largest]) expectGuard(array);
      return [p, m, v, largest];
    });
  });

  it.each(LENGTHS)("fill, scale, add, combine and clamp %i values", (length) => {
    onAll((kernels) => {
      const [a, b] = [values(kernels, length, "a"), values(kernels, length, "b")];
      const [a0, b0] = [a.slice(), b.slice()];
      kernels.add(a, b);
      expectClose(a, (i) => Math.fround((a0[i] as number) + (b0[i] as number)), 0);
      kernels.combine(a, b, 0.25, 2);
      kernels.scale(b, 3);
      expectClose(b, (i) => Math.fround(3 * (b0[i] as number)), 0);
      expectClose(a, (i) => 0.25 * ((a0[i] as number) + (b0[i] as number)) + 2 * (b0[i] as number), 1e-6);
      kernels.clamp(b, 0.5);
      expectClose(b, (i) => Math.min(0.5, Math.max(-0.5, Math.fround(3 * (b0[i] as number)))), 0);
      const filled = values(kernels, length, "c");
      kernels.fill(filled, -2);
      expectClose(filled, () => -2, 0);
      for (const array of [a, b, filled]) expectGuard(array);
      return [a, b, filled];
    });
  });

  it("work on subarrays at any offset and leave the neighbours alone", () => {
    onAll((kernels) => {
      const whole = values(kernels, 100_000, "whole");
      const before = whole.slice();
      kernels.scale(whole.subarray(3, 90_002), 2);
      expectClose(whole, (i) => (i >= 3 && i < 90_002 ? 2 : 1) * (before[i] as number), 0);
      return [whole];
    });
  });

  it("refuse arrays of different lengths and arrays from elsewhere", () => {
    const [a, b] = [single.memory.allocate("float32", 8), single.memory.allocate("float32", 9)];
    expect(() => single.add(a, b)).toThrow(/differ in length/);
    expect(() => single.add(a, new Float32Array(8))).toThrow(/does not live/);
  });
});

describe("reductions", () => {
  it.each(LENGTHS)("sum %i values in float64, in an order that no thread changes", (length) => {
    onAll((kernels) => {
      const x = values(kernels, length, "x");
      const squares = x.reduce((sum, value) => sum + value * value, 0);
      const magnitudes = x.reduce((sum, value) => sum + Math.abs(value), 0);
      const results = [kernels.sumOfSquares(x), kernels.sumOfMagnitudes(x), kernels.largestMagnitude(x)];
      expect(Math.abs((results[0] as number) - squares)).toBeLessThanOrEqual(1e-12 * squares);
      expect(Math.abs((results[1] as number) - magnitudes)).toBeLessThanOrEqual(1e-12 * magnitudes);
      expect(results[2]).toBe(x.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0));
      expectGuard(x);
      return [Float64Array.from(results)];
    });
  });

  it("do not overflow where float32 squares would", () => {
    const x = single.memory.allocate("float32", 5).fill(1e30);
    expect(single.sumOfSquares(x) / 5e60).toBeCloseTo(1, 6);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("show a %d anywhere", (bad) => {
    for (const at of [0, 3, 4, 65_536, 70_002]) {
      for (const kernels of pooled) {
        const x = values(kernels, 70_003, "x");
        x[at] = bad;
        expect(Number.isFinite(kernels.sumOfSquares(x))).toBe(false);
        expect(Number.isFinite(kernels.sumOfMagnitudes(x))).toBe(false);
        expect(Number.isFinite(kernels.largestMagnitude(x))).toBe(false);
        kernels.memory.free(x);
      }
    }
  });
});

describe("matrix kernels", () => {
  it.each([
    [1, 1],
    [1, 5],
    [5, 1],
    [3, 4],
    [130, 67],
    [200, 257],
  ])("give the means of %i × %i and divide by their roots", (rows, columns) => {
    onAll((kernels) => {
      const x = values(kernels, rows * columns, "x");
      const rowMeans = values(kernels, rows, "rows");
      const columnMeans = values(kernels, columns, "columns");
      const at = (row: number, column: number) => 0.5 * (x[row * columns + column] as number);
      const [rowsBefore, columnsBefore] = [rowMeans.fill(2, 0, 1).slice(), columnMeans.fill(3, 0, 1).slice()];
      kernels.meanSquaresOfRows(x, rowMeans, { scale: 0.5, offset: 10, share: 0.25 });
      kernels.meanSquaresOfColumns(x, columnMeans, { scale: 0.5, offset: 20, share: 0.5 });
      const mean = (count: number, value: (i: number) => number) =>
        Array.from({ length: count }, (_, i) => value(i) ** 2).reduce((sum, square) => sum + square, 0) / count;
      const rowMean = (row: number) => mean(columns, (column) => at(row, column)) + 10;
      const columnMean = (column: number) => mean(rows, (row) => at(row, column)) + 20;
      expectClose(rowMeans, (row) => 0.25 * (rowsBefore[row] as number) + 0.75 * rowMean(row));
      expectClose(columnMeans, (column) => 0.5 * ((columnsBefore[column] as number) + columnMean(column)));
      const g = values(kernels, rows * columns, "g");
      const before = g.slice();
      kernels.factoredUpdate(g, rowMeans, columnMeans, { scale: 3, rowFactor: 2, floor: 20 });
      const root = (i: number) =>
        Math.sqrt(2 * (rowMeans[Math.floor(i / columns)] as number)) * Math.sqrt(columnMeans[i % columns] as number);
      expectClose(g, (i) => (3 * (before[i] as number)) / Math.max(root(i), 20), 1e-6);
      for (const array of [rowMeans, columnMeans, g]) expectGuard(array);
      return [rowMeans, columnMeans, g];
    });
  });

  it("refuse means that do not fit", () => {
    const [x, two, three] = [12, 2, 3].map((length) => single.memory.allocate("float32", length)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    expect(() =>
      single.meanSquaresOfRows(x, single.memory.allocate("float32", 5), { scale: 1, offset: 0, share: 0 }),
    ).toThrow(/do not fit/);
    expect(() => single.factoredUpdate(x, two, three, { scale: 1, rowFactor: 1, floor: 0 })).toThrow(/do not fit/);
  });
});

describe("scatterAddRows", () => {
  it.each([1, 3, 4, 64, 65, 200])("adds rows of %i values, repeated ids in order, but not the skipped one", (width) => {
    const [vocabulary, count] = [11, 300];
    onAll((kernels) => {
      const table = values(kernels, vocabulary * width, "table");
      const rows = values(kernels, count * width, "rows");
      const ids = kernels.memory.allocate("int64", count);
      const random = new Random(3);
      for (let i = 0; i < count; i++) ids[i] = BigInt(random.integer(vocabulary));
      const expected = table.slice();
      ids.forEach((id, i) => {
        if (id === 4n) return;
        for (let column = 0; column < width; column++) {
          const at = Number(id) * width + column;
          expected[at] = Math.fround((expected[at] as number) + (rows[i * width + column] as number));
        }
      });
      kernels.scatterAddRows(table, ids, rows, width, 4);
      expectClose(table, (i) => expected[i] as number, 0);
      expectGuard(table);
      return [table];
    });
  });

  it("refuses ids outside the table and rows that do not fit", () => {
    const table = single.memory.allocate("float32", 12);
    const rows = single.memory.allocate("float32", 4);
    const ids = single.memory.allocate("int64", 1);
    for (const id of [3n, -1n, 2n ** 32n, -(2n ** 33n)]) {
      ids[0] = id;
      expect(() => single.scatterAddRows(table, ids, rows, 4)).toThrow(/outside the embedding table/);
    }
    ids[0] = 2n;
    single.scatterAddRows(table, ids, rows, 4);
    expect(() => single.scatterAddRows(table, ids, rows, 3)).toThrow(/do not fit/);
    expect(() => single.scatterAddRows(table, ids, rows, 5)).toThrow(/do not fit/);
  });
});

describe("dropout masks", () => {
  const place = { key: new Random(9).fork("dropout").key, site: 3, step: 70_000 };

  it.each([1, 7, 8, 9, 31, 32, 33, 63, 1000, 65_536 + 5, 140_001])("of %i elements equal the reference", (length) => {
    onAll((kernels) => {
      const out = kernels.memory.allocate("uint8", length + 8).fill(77);
      for (const rate of [0.1, 0.5, 0.9]) {
        const mask = out.subarray(0, length);
        kernels.dropoutMask(mask, place, keepThreshold(rate));
        const expected = new Uint8Array(length);
        dropoutMaskReference(expected, place, keepThreshold(rate));
        expect(Buffer.compare(mask, expected)).toBe(0);
        expect([...out.subarray(length)]).toEqual(new Array(8).fill(77));
      }
      return [out];
    });
  });

  it("keep everything at rate 0, the stated share otherwise, and never nothing", () => {
    const mask = single.memory.allocate("uint8", 400_000);
    const share = (rate: number) => {
      single.dropoutMask(mask, place, keepThreshold(rate));
      return mask.reduce((sum, value) => sum + value, 0) / mask.length;
    };
    expect(share(0)).toBe(1);
    for (const rate of [0.1, 0.3, 0.8]) expect(Math.abs(share(rate) - (1 - rate))).toBeLessThan(0.003);
    expect(keepThreshold(0.1)).toBe(58_982);
    expect(keepThreshold(1 - 1e-9)).toBe(1);
    expect(keptScale(keepThreshold(0.5))).toBe(2);
    for (const rate of [1, -0.1, Number.NaN]) expect(() => keepThreshold(rate)).toThrow(/dropout rate/);
  });

  it("differ by key, site, step and element", () => {
    const masks = [
      place,
      { ...place, site: 4 },
      { ...place, step: 70_001 },
      { ...place, key: new Random(10).fork("dropout").key },
    ].map((where) => {
      const mask = single.memory.allocate("uint8", 4096);
      single.dropoutMask(mask, where, keepThreshold(0.5));
      return mask;
    });
    for (const [i, a] of masks.entries()) {
      const equal = (b: Uint8Array) => a.reduce((sum, value, at) => sum + (value === b[at] ? 1 : 0), 0) / a.length;
      for (const b of masks.slice(i + 1)) expect(Math.abs(equal(b) - 0.5)).toBeLessThan(0.05);
      expect(Math.abs(equal(a.slice(8)) - 0.5)).toBeLessThan(0.05);
    }
  });
});
