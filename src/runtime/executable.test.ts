import { describe, expect, it } from "vitest";
import { ClozeError } from "../errors.ts";
import { add, gather, input, matmul, mul, Parameter, shapeOf, sum } from "../graph/index.ts";
import { createCpuEngine } from "./c-api.ts";
import type { Buffer, Buffers, Engine } from "./engine.ts";
import { allocateBuffer, Executable } from "./executable.ts";
import { createWebEngine } from "./web-engine.ts";

const engines: readonly Engine[] = [createCpuEngine(), await createWebEngine()];

const weight = new Parameter([3, 2], () => {});
weight.name = "weight";
const outputs = () => {
  const x = input("x", "float32", shapeOf("B", 3));
  const indices = input("indices", "int64", shapeOf("N"));
  const y = matmul(x, weight);
  return { y, loss: sum(mul(y, y)), rows: gather(y, indices) };
};

function buffer(dims: readonly number[], values: readonly number[]): Buffer {
  return { type: "float32", dims, data: Float32Array.from(values) };
}

function feeds(): Record<string, Buffer> {
  return {
    x: buffer([2, 3], [1, 2, 3, 4, 5, 6]),
    indices: { type: "int64", dims: [2], data: BigInt64Array.of(1n, 0n) },
  };
}

async function errorOf(work: Promise<unknown>): Promise<ClozeError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ClozeError) return error;
  throw new Error(`a typed error was expected, not ${error}`);
}

describe.each(engines)("on $device", (engine) => {
  const compile = (values = Float32Array.of(1, 0, 0, 1, 1, 1), fixed: Buffers = {}) =>
    Executable.compile(engine, outputs(), { parameters: () => values, outputs: fixed }, { threads: 1 });

  it("runs, and reads the weights anew each time", async () => {
    const values = Float32Array.of(1, 0, 0, 1, 1, 1);
    const executable = await compile(values);
    expect(executable.inputs.map(({ name }) => name)).toEqual(["x", "indices"]);
    const first = await executable.run(feeds());
    expect(first.y).toEqual(buffer([2, 2], [4, 5, 10, 11]));
    expect(first.loss).toEqual(buffer([], [16 + 25 + 100 + 121]));
    expect(first.rows).toEqual(buffer([2, 2], [10, 11, 4, 5]));
    values.fill(0);
    expect((await executable.run(feeds())).y).toEqual(buffer([2, 2], [0, 0, 0, 0]));
    await executable.release();
  });

  it("writes where it is told to", async () => {
    const [fixed, given] = [allocateBuffer("float32", []), allocateBuffer("float32", [2, 2])];
    const executable = await compile(undefined, { loss: fixed });
    const results = await executable.run(feeds(), { y: given });
    expect(results.y).toBe(given);
    expect(given.data).toEqual(Float32Array.of(4, 5, 10, 11));
    expect("loss" in results).toBe(false);
    expect(fixed.data[0]).toBe(262);
    await executable.release();
  });

  it("takes more inputs than it needs, and views into larger or shared memory", async () => {
    const executable = await compile();
    const shared = new Float32Array(new SharedArrayBuffer(64), 8, 6);
    shared.set([1, 2, 3, 4, 5, 6]);
    const results = await executable.run({
      ...feeds(),
      x: { type: "float32", dims: [2, 3], data: shared },
      more: feeds().x as Buffer,
    });
    expect(results.y).toEqual(buffer([2, 2], [4, 5, 10, 11]));
    await executable.release();
  });

  const wrong: [string, (feeds: Record<string, Buffer>) => Buffers, Partial<ClozeError>][] = [
    [
      "an input that is missing",
      ({ x }) => ({ x: x as Buffer }),
      { message: "input indices is missing", field: "indices" },
    ],
    [
      "an input of another size",
      (given) => ({ ...given, x: buffer([3, 2], [1, 2, 3, 4, 5, 6]) }),
      { field: "input x", expected: "[B, 3] where B=3, N=2", received: "[3, 2]" },
    ],
    [
      "an input of another rank",
      (given) => ({ ...given, x: buffer([6], [1, 2, 3, 4, 5, 6]) }),
      { field: "input x", received: "[6]" },
    ],
    [
      "an input of another type",
      (given) => ({ ...given, indices: buffer([2], [1, 0]) }),
      { field: "input indices", expected: "int64 in a BigInt64Array of 2", received: "float32 in a Float32Array of 2" },
    ],
    [
      "an array of another type than it claims",
      (given) => ({ ...given, x: { type: "float32", dims: [2, 3], data: new Int32Array(6) } }),
      { field: "input x", received: "float32 in a Int32Array of 6" },
    ],
    ["an array that is too short", (given) => ({ ...given, x: buffer([2, 3], [1, 2, 3]) }), { field: "input x" }],
    [
      "an array that is too long",
      (given) => ({ ...given, x: buffer([2, 3], [1, 2, 3, 4, 5, 6, 7]) }),
      { field: "input x" },
    ],
  ];
  it.each(wrong)("refuses %s", async (_, change, expected) => {
    const executable = await compile();
    const error = await errorOf(executable.run(change(feeds())));
    expect(error).toMatchObject({ kind: "shape", ...expected });
    expect((await executable.run(feeds())).loss?.data[0]).toBe(262);
    await executable.release();
  });

  it("refuses an output that does not fit", async () => {
    const executable = await compile();
    const error = await errorOf(executable.run(feeds(), { y: allocateBuffer("float32", [2, 3]) }));
    expect(error).toMatchObject({ kind: "shape", field: "output y", received: "[2, 3]" });
    await executable.release();
  });

  it("gives a typed error for an index that is out of range, and goes on", async () => {
    const executable = await compile();
    const outside = { ...feeds(), indices: { type: "int64", dims: [1], data: BigInt64Array.of(2n) } as const };
    expect((await errorOf(executable.run(outside))).kind).toBe("device");
    expect((await executable.run(feeds())).loss?.data[0]).toBe(262);
    await executable.release();
  });

  it("gives a typed error for a model that is none", async () => {
    expect((await errorOf(engine.createSession(Uint8Array.of(1, 2, 3)))).kind).toBe("device");
  });

  it("refuses to run after its release", async () => {
    const executable = await compile();
    await executable.release();
    expect((await errorOf(executable.run(feeds()))).kind).toBe("device");
    await executable.release();
  });

  it("runs several at once", async () => {
    const x = input("x", "float32", shapeOf("B"));
    const executable = await Executable.compile(engine, { y: add(x, 1) }, { parameters: () => new Float32Array() });
    const runs = Array.from({ length: 40 }, (_, i) => executable.run({ x: buffer([i + 1], new Array(i + 1).fill(i)) }));
    for (const [i, results] of (await Promise.all(runs)).entries()) {
      expect(results.y).toEqual(buffer([i + 1], new Array(i + 1).fill(i + 1)));
    }
    await executable.release();
  });
});
