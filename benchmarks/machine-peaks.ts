/**
 * What the machine can do while it is measured: prints `{ fma, gemm, read }`. Arguments: threads, and the program of
 * fma-peak.c where there is one.
 *
 * `fma`: 10⁹ operations a second of multiplications and additions in registers; absent without a C compiler, as no
 * WebAssembly reaches the widest vectors. `gemm`: the same of a large matrix product with a constant factor through ONNX
 * Runtime, what a model can hope for. `read`: 10⁹ bytes a second that the kernels read from memory.
 */
import { spawnSync } from "node:child_process";
import { createEngine } from "#runtime";
import { constant, input, lower, matmul } from "../src/graph/index.ts";
import { allocateBuffer } from "../src/runtime/executable.ts";
import { FlatMemory } from "../src/runtime/memory.ts";
import { createKernels, ThreadPool } from "../src/runtime/thread-pool-node.ts";

const size = 2048;
const readBytes = 2 ** 29;
const trials = 5;

const [threadCount = "1", fmaProgram] = process.argv.slice(2);
const threads = Number(threadCount);

/** The least of some trials in seconds, after one that does not count. */
async function leastSeconds(work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial <= trials; trial++) {
    const start = performance.now();
    await work();
    if (trial > 0) least = Math.min(least, (performance.now() - start) / 1000);
  }
  return least;
}

async function gemmPeak(): Promise<number> {
  const engine = await createEngine();
  const left = input("left", "float32", [size, size]);
  const right = constant("float32", [size, size], new Array(size * size).fill(0.001));
  const session = await engine.createSession(lower({ product: matmul(left, right) }).model, { threads });
  const factor = allocateBuffer("float32", [size, size]);
  (factor.data as Float32Array).fill(0.5);
  const binding = session.bind({ left: factor }, { product: allocateBuffer("float32", [size, size]) });
  return (2 * size ** 3) / (await leastSeconds(() => binding.run({}, {}))) / 1e9;
}

async function readPeak(): Promise<number> {
  const memory = new FlatMemory({ shared: true });
  const values = memory.allocate("float32", readBytes / Float32Array.BYTES_PER_ELEMENT);
  values.fill(1);
  const kernels = await createKernels(memory, { threads });
  if (kernels.executor instanceof ThreadPool) await kernels.executor.ready();
  return readBytes / (await leastSeconds(() => kernels.sumOfSquares(values))) / 1e9;
}

const fma = fmaProgram && Number(spawnSync(fmaProgram, [threadCount], { encoding: "utf8" }).stdout);
process.stdout.write(`${JSON.stringify({ fma: fma || undefined, gemm: await gemmPeak(), read: await readPeak() })}\n`);
process.exit(0);
