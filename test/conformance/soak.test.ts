/**
 * Ownership in the C API engine under a garbage collector that runs all the time: native code points into JavaScript's
 * memory, so an array that is collected too early is a crash or a wrong result, and one that is kept is a leak.
 */
import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { ClozeError } from "../../src/errors.ts";
import { exp, gather, input, lower, matmul, mul, shapeOf } from "../../src/graph/index.ts";
import { createCpuEngine } from "../../src/runtime/c-api.ts";
import type { Buffer, Session } from "../../src/runtime/engine.ts";
import { allocateBuffer } from "../../src/runtime/executable.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options?: { type: "minor" }) => void;
const engine = createCpuEngine();
const width = 8;

/** rows [N, 8] · weight [8, 8]. */
function product(): Promise<Session> {
  const rows = input("rows", "float32", shapeOf("N", width));
  const weight = input("weight", "float32", [width, width]);
  return engine.createSession(lower({ result: matmul(rows, weight) }).model, { threads: 1 });
}

function filled(dims: readonly number[], value: number): Buffer {
  const buffer = allocateBuffer("float32", dims);
  (buffer.data as Float32Array).fill(value);
  return buffer;
}

/** Resident megabytes after a full collection; finalizers get their turn first. */
async function residentMegabytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return process.memoryUsage.rss() / 2 ** 20;
}

describe("the C API engine", () => {
  it("gives right results for 100,000 runs whose arrays nobody else holds, in flat memory", async () => {
    const session = await product();
    let binding = session.bind({ weight: filled([width, width], 1) }, {});
    const run = async (seed: number): Promise<void> => {
      const count = 1 + ((seed * 7919) % 60);
      const output = allocateBuffer("float32", [count, width]).data;
      await binding.run(
        { rows: filled([count, width], seed % 1000) },
        { result: { type: "float32", dims: [count, width], data: output } },
      );
      const expected = (seed % 1000) * width;
      if (output[0] !== expected || output[output.length - 1] !== expected) {
        throw new Error(`run ${seed}: expected ${expected}, received ${output[0]} and ${output[output.length - 1]}`);
      }
    };
    const runs = 100_000;
    const atOnce = 4;
    let early = 0;
    for (let seed = 0; seed < runs; seed += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, offset) => run(seed + offset)));
      if (seed % 200 === 0) collect({ type: "minor" });
      if (seed % 5000 === 0) collect();
      // A binding that is forgotten with its session still alive.
      if (seed % 1000 === 0) binding = session.bind({ weight: filled([width, width], 1) }, {});
      if (seed === 20_000) early = await residentMegabytes();
    }
    expect((await residentMegabytes()) - early).toBeLessThan(20);
    await session.release();
  }, 120_000);

  it("holds what a run uses until it ends, when everyone else has let go", async () => {
    const size = 700;
    const start = async (): Promise<{ done: Promise<void>; result: Float32Array }> => {
      const rows = input("rows", "float32", shapeOf("N", size));
      const weight = input("weight", "float32", [size, size]);
      const { model } = lower({ result: matmul(matmul(rows, weight), weight) });
      const session = await engine.createSession(model, { threads: 1 });
      const binding = session.bind({ weight: filled([size, size], 0.5) }, {});
      const result = allocateBuffer("float32", [size, size]);
      const done = binding.run({ rows: filled([size, size], 1) }, { result });
      return { done, result: result.data as Float32Array };
    };
    for (let round = 0; round < 10; round += 1) {
      const { done, result } = await start();
      // The run is under way on another thread; its session, binding and input have no holder here.
      for (let minor = 0; minor < 5; minor += 1) {
        collect();
        filled([1000, 1000], 9);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await done;
      expect([result[0], result.at(-1)]).toEqual([(size / 2) ** 2, (size / 2) ** 2]);
    }
  }, 60_000);

  it("lets a binding and a session be released while they run", async () => {
    const session = await product();
    const binding = session.bind({ weight: filled([width, width], 1) }, {});
    const results = Array.from({ length: 20 }, () => filled([500, width], 0));
    const runs = results.map((result) => binding.run({ rows: filled([500, width], 2) }, { result }));
    binding.release();
    const released = session.release();
    collect();
    await Promise.all(runs);
    await released;
    for (const { data } of results) expect([data[0], data.at(-1)]).toEqual([2 * width, 2 * width]);
    await expect(binding.run({}, {})).rejects.toThrow(ClozeError);
    const late = session.bind({}, {});
    await expect(late.run({}, {})).rejects.toThrow("released");
    late.release();
  });

  it("leaves threads of Node's pool to files while many runs wait", async () => {
    const session = await product();
    const binding = session.bind({ weight: filled([width, width], 1) }, {});
    const runs = Array.from({ length: 12 }, () =>
      binding.run({ rows: filled([100_000, width], 1) }, { result: allocateBuffer("float32", [100_000, width]) }),
    );
    const first = await Promise.race([
      readFile(new URL(import.meta.url)).then(() => "the file"),
      Promise.all(runs).then(() => "the runs"),
    ]);
    expect(first).toBe("the file");
    await Promise.all(runs);
    await session.release();
  });

  it("creates and releases 300 sessions in flat memory", async () => {
    let early = 0;
    for (let count = 0; count < 300; count += 1) {
      const session = await product();
      const binding = session.bind({ weight: filled([width, width], 1) }, {});
      const result = filled([3, width], 0);
      await binding.run({ rows: filled([3, width], count) }, { result });
      expect(result.data[0]).toBe(count * width);
      binding.release();
      await session.release();
      if (count === 100) early = await residentMegabytes();
    }
    expect((await residentMegabytes()) - early).toBeLessThan(10);
  }, 60_000);

  it("frees sessions and bindings that were collected without a release", async () => {
    const session = await product();
    const names = Array.from({ length: 20 }, (_, index) => [`unused${index}`, filled([1], 0)] as const);
    const bindings = (count: number): void => {
      for (let made = 0; made < count; made += 1) session.bind(Object.fromEntries(names), {});
    };
    const forget = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round += 1) {
        bindings(1000);
        await product();
        collect();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await forget(5);
    const early = await residentMegabytes();
    // 800,000 native tensors: over 100 MB if they stayed.
    await forget(40);
    expect((await residentMegabytes()) - early).toBeLessThan(20);
    await session.release();
  }, 60_000);

  it("gives typed errors in flat memory, and goes on", async () => {
    const table = input("table", "float32", [4, 2]);
    const indices = input("indices", "int64", shapeOf("N"));
    const session = await engine.createSession(lower({ rows: gather(table, indices) }).model, { threads: 1 });
    const binding = session.bind({ table: filled([4, 2], 3) }, {});
    // The library's message repeats the name, so that a message which is not freed shows.
    const unknown = { ["x".repeat(50_000)]: allocateBuffer("float32", [1]) };
    const at = (index: bigint, more = {}): Promise<void> =>
      binding.run(
        { indices: { type: "int64", dims: [1], data: BigInt64Array.of(index) }, ...more },
        { rows: allocateBuffer("float32", [1, 2]) },
      );
    const fail = async (times: number): Promise<void> => {
      for (let count = 0; count < times; count += 1) {
        const error = await at(99n, count % 2 === 0 ? unknown : {}).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (!(error instanceof ClozeError) || error.kind !== "device") throw new Error(`not a device error: ${error}`);
        if (count % 100 === 0) collect({ type: "minor" });
      }
    };
    await fail(500);
    const early = await residentMegabytes();
    await fail(2000);
    expect((await residentMegabytes()) - early).toBeLessThan(20);
    await at(1n);
    binding.release();
    await session.release();
  }, 60_000);

  it("gives typed errors for wrong buffers, names and memory that is gone", async () => {
    const x = input("x", "float32", shapeOf("N"));
    const session = await engine.createSession(lower({ y: mul(exp(x), 2) }).model, { threads: 1 });
    const kindOf = (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => "none",
        (error: unknown) => (error instanceof ClozeError ? error.kind : `untyped: ${error}`),
      );
    const binding = session.bind({}, {});
    const y = filled([2], 0);
    expect(await kindOf(binding.run({}, { y }))).toBe("device");
    expect(await kindOf(binding.run({ x: filled([2], 0), z: filled([2], 0) }, { y }))).toBe("device");
    expect(await kindOf(binding.run({ x: filled([2], 0) }, { q: y }))).toBe("device");
    expect(await kindOf(binding.run({ x: filled([3], 0) }, { y }))).toBe("device");
    expect(await kindOf(binding.run({ x: { ...filled([2], 0), dims: [3] } }, { y }))).toBe("shape");
    expect(await kindOf(binding.run({ x: { ...filled([2], 0), dims: [-1, -2] } }, { y }))).toBe("shape");
    expect(() => session.bind({ x: { ...filled([2], 0), dims: [5] } }, {})).toThrow(ClozeError);
    expect(await kindOf(binding.run({ x: filled([2], 0) }, { y }))).toBe("none");

    const moved = filled([64], 1);
    const bound = session.bind({ x: moved }, {});
    structuredClone(moved.data, { transfer: [moved.data.buffer as ArrayBuffer] });
    const gone = await bound.run({}, { y: filled([64], 0) }).catch((error: unknown) => error);
    expect(gone).toMatchObject({ kind: "device", field: "x", message: "the memory of x is gone" });
    await session.release();
  });
});
