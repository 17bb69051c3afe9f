/**
 * Every operator of the registry against PyTorch: results, gradients, and gradients again by central differences, with
 * named dimensions and with fixed ones, on both engines.
 */
import { describe, expect, it } from "vitest";
import { operators } from "../../src/graph/index.ts";
import { createCpuEngine } from "../../src/runtime/c-api.ts";
import type { Buffer, Engine } from "../../src/runtime/engine.ts";
import { Executable } from "../../src/runtime/executable.ts";
import { createWebEngine } from "../../src/runtime/web-engine.ts";
import { buildCase, feedsOf, type GoldenCase, type Notation, readCases } from "./operator-cases.ts";

const cpu = createCpuEngine();
const wasm = await createWebEngine();
const { sizes, cases } = readCases();
const outputTolerance = 2e-5;
const gradientTolerance = 5e-5;
const differenceTolerance = 1e-3;

type Values = readonly (number | string)[];

/** Throws unless every element is within `tolerance` of the largest one, or of its own size where `elementwise`. */
function compare(what: string, actual: Buffer["data"], expected: Values, tolerance: number, elementwise = false): void {
  expect(actual.length, `${what}: number of elements`).toBe(expected.length);
  const numbers = expected.map(Number);
  const largest = numbers.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  for (const [index, value] of numbers.entries()) {
    const found = Number(actual[index]);
    if (Object.is(found, value) || found === value) continue;
    const allowed = elementwise ? tolerance * Math.abs(value) + 2e-6 : tolerance * largest + 1e-6;
    if (Math.abs(found - value) <= allowed) continue;
    throw new Error(`${what}[${index}]: expected ${value}, received ${found}, allowed difference ${allowed}`);
  }
}

/** Σ result · cotangent in float64. */
function lossOf(golden: GoldenCase, results: Readonly<Record<string, Buffer>>): number {
  let total = 0;
  for (const [index, cotangent] of golden.cotangents.entries()) {
    const data = results[`y${index}`]?.data;
    if (!cotangent || !data) continue;
    for (const [at, factor] of cotangent.entries()) total += Number(factor) * Number(data[at]);
  }
  return total;
}

/** The derivative at each element of input `index`, by the five-point rule. */
async function differences(golden: GoldenCase, executable: Executable, feeds: Record<string, Buffer>, index: number) {
  const step = 0.01;
  const { data } = feeds[`x${index}`] as Buffer & { data: Float32Array };
  const found: number[] = [];
  for (const [at, value] of data.entries()) {
    const losses: number[] = [];
    for (const steps of [-2, -1, 1, 2]) {
      data[at] = value + steps * step;
      losses.push(lossOf(golden, await executable.run(feeds)));
    }
    data[at] = value;
    const [a = 0, b = 0, c = 0, d = 0] = losses;
    found.push((a - 8 * b + 8 * c - d) / (12 * step));
  }
  return found;
}

async function check(engine: Engine, golden: GoldenCase, notation: Notation, differentiate = false): Promise<void> {
  const built = buildCase(golden, sizes, notation);
  const feeds = feedsOf(golden, built, sizes);
  const fixed = { parameters: () => new Float32Array() };
  const executable = await Executable.compile(engine, built.named, fixed, { threads: 1 });
  try {
    const results = await executable.run(feeds);
    expect(built.outputs.length).toBe(golden.outputs.length);
    for (const [index, { type, shape, values }] of golden.outputs.entries()) {
      const { type: actualType, dims, data } = results[`y${index}`] as Buffer;
      expect({ type: actualType, dims }).toEqual({ type, dims: shape });
      compare(`result ${index}`, data, values, outputTolerance, golden.elementwise);
    }
    for (const [index, values] of golden.gradients.entries()) {
      const gradient = results[`d${index}`];
      if (values === null) {
        expect(gradient, `no gradient reaches input ${index}`).toBeUndefined();
        continue;
      }
      expect(gradient?.dims).toEqual(feeds[`x${index}`]?.dims);
      compare(`gradient ${index}`, gradient?.data as Float32Array, values, gradientTolerance, golden.elementwise);
      if (!golden.smooth || !differentiate) continue;
      const numeric = await differences(golden, executable, feeds, index);
      compare(`difference ${index}`, gradient?.data as Float32Array, numeric, differenceTolerance);
    }
  } finally {
    await executable.release();
  }
}

describe.each(Object.keys(operators))("%s", (operator) => {
  const own = cases.filter((golden) => golden.operator === operator);
  it("has a case", () => expect(own.length).toBeGreaterThan(0));
  it.each(own.map((golden) => [golden.name, golden] as const))("%s", async (_, golden) => {
    await check(cpu, golden, "fixed");
    await check(cpu, golden, "named", true);
    await check(wasm, golden, "named");
  });
});
