import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { DeviceError } from "../errors.ts";
import type { Kernels } from "./kernels/kernels.ts";
import { compileKernels, instantiateKernels } from "./kernels/module.ts";
import { FlatMemory } from "./memory.ts";
import type { KernelCall } from "./thread-pool.ts";
import { createKernels, ThreadPool } from "./thread-pool-node.ts";

const made: Kernels[] = [];

async function poolOf(threads: number): Promise<{ kernels: Kernels; pool: ThreadPool }> {
  const kernels = await createKernels(new FlatMemory({ shared: true }), { threads });
  made.push(kernels);
  const pool = kernels.executor;
  if (!(pool instanceof ThreadPool)) throw new Error("expected threads");
  await pool.ready();
  return { kernels, pool };
}

afterAll(() => Promise.all(made.map((kernels) => kernels.dispose())));

describe("ThreadPool", () => {
  it("does every piece exactly once, in 20,000 calls of few and many pieces", async () => {
    const { kernels, pool } = await poolOf(3);
    const [target, ones] = [kernels.memory.allocate("float32", 1000), kernels.memory.allocate("float32", 1000)];
    ones.fill(1);
    const expected = new Float32Array(1000);
    for (let round = 0; round < 20_000; round++) {
      const items = 1 + ((round * 37) % 1000);
      const piece = 1 + ((round * 11) % 200);
      const moving = (array: Float32Array) => ({ start: array.byteOffset, perItem: 4 });
      pool.run({ kernel: "add", items, piece, arguments: [moving(target), moving(ones)] });
      for (let i = 0; i < items; i++) expected[i] = (expected[i] as number) + 1;
    }
    expect(Buffer.compare(Buffer.from(target.slice().buffer), Buffer.from(expected.buffer))).toBe(0);
  });

  it("uses its threads", async () => {
    const memory = new FlatMemory({ shared: true });
    const module = await compileKernels(true);
    const functions = await instantiateKernels(module, memory.memory);
    let ownPieces = 0;
    const fill = (items: number, ...rest: number[]) => {
      ownPieces++;
      functions.fill(items, ...rest);
    };
    const pool = new ThreadPool(module, { ...functions, fill }, memory, 2);
    const array = memory.allocate("float32", 2 ** 22);
    const call: KernelCall = {
      kernel: "fill",
      items: array.length,
      piece: 2 ** 16,
      arguments: [{ start: array.byteOffset, perItem: 4 }, 1],
    };
    await pool.ready();
    // A busy machine may not run the other thread at once.
    let calls = 0;
    await expect
      .poll(
        () => {
          pool.run(call);
          return ++calls * 64 - ownPieces;
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0);
    await pool.dispose();
  });

  it("costs nothing while idle", async () => {
    const { kernels } = await poolOf(3);
    kernels.scale(kernels.memory.allocate("float32", 2 ** 20), 2);
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const used = process.cpuUsage(before);
    expect((used.user + used.system) / 1000).toBeLessThan(200);
  });

  it("turns a trap on any thread into a typed error and goes on", async () => {
    const { kernels, pool } = await poolOf(2);
    const call = (start: number): KernelCall => ({
      kernel: "fill",
      items: 2 ** 20,
      piece: 2 ** 12,
      arguments: [{ start, perItem: 4 }, 3],
    });
    expect(() => pool.run(call(kernels.memory.memory.buffer.byteLength - 2 ** 12))).toThrow(DeviceError);
    const array = kernels.memory.allocate("float32", 2 ** 20);
    pool.run(call(array.byteOffset));
    expect(array.every((value) => value === 3)).toBe(true);
  });

  it("works before its threads have started and after they have ended", async () => {
    const kernels = await createKernels(new FlatMemory({ shared: true }), { threads: 3 });
    const array = kernels.memory.allocate("float32", 2 ** 18);
    kernels.fill(array, 1);
    await kernels.dispose();
    kernels.scale(array, 2);
    expect(array.every((value) => value === 2)).toBe(true);
  });

  it("survives bundling and minification, and lets the process end", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cloze-thread-pool-"));
    try {
      const outfile = join(folder, "bundle.mjs");
      const contents = `
        import { FlatMemory } from "./memory.ts";
        import { createKernels } from "./thread-pool-node.ts";
        const kernels = await createKernels(new FlatMemory({ shared: true }), { threads: 2 });
        await kernels.executor.ready();
        const array = kernels.memory.allocate("float32", 300000);
        kernels.fill(array, 2);
        console.log(kernels.sumOfSquares(array));
      `;
      const resolveDir = fileURLToPath(new URL(".", import.meta.url));
      await build({
        stdin: { contents, resolveDir, loader: "ts" },
        outfile,
        bundle: true,
        minify: true,
        format: "esm",
        platform: "node",
        logLevel: "silent",
      });
      expect(execFileSync(process.execPath, [outfile], { encoding: "utf8", timeout: 20_000 }).trim()).toBe("1200000");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
