/**
 * Nanoseconds a parameter of the training kernels, on one and two threads:
 * `tsx --conditions=@cloze/source benchmarks/optimizer.ts [millions of parameters]`
 *
 * AdamW moves 28 bytes a parameter (reads p, g, m, v; writes p, m, v), so it is bound by the memory's bandwidth. The
 * sides alternate and medians are printed, as other work on the machine disturbs single figures.
 */
import { Random } from "../src/random.ts";
import { keepThreshold } from "../src/runtime/kernels/dropout.ts";
import type { Kernels } from "../src/runtime/kernels/kernels.ts";
import { FlatMemory } from "../src/runtime/memory.ts";
import { createKernels, ThreadPool } from "../src/runtime/thread-pool-node.ts";

const ROUNDS = 9;

const parameters = Math.round(Number(process.argv[2] ?? 124) * 1e6);
const memory = new FlatMemory({ shared: true });
const [p, g, m, v] = [0, 1, 2, 3].map(() => memory.allocate("float32", parameters)) as [
  Float32Array,
  Float32Array,
  Float32Array,
  Float32Array,
];
const random = new Random(1);
for (const array of [p, g]) {
  const some = array.subarray(0, 2 ** 20);
  random.fillNormal(some, 0, 0.02);
  for (let at = some.length; at < parameters; at += some.length) {
    array.set(some.subarray(0, Math.min(some.length, parameters - at)), at);
  }
}
const mask = new Uint8Array(m.buffer, m.byteOffset, Math.min(m.byteLength, 2 ** 26));
const place = { key: random.fork("dropout").key, site: 0, step: 0 };
/** gradientScale, l2, β1, 1 − β1, β2, 1 − β2, rate, root, ε, decay */
const scalars = [1, 0, 0.9, 0.1, 0.999, 0.001, 1e-4, 1, 1e-8, 0.999];

const cases: { name: string; items: number; run: (kernels: Kernels) => void }[] = [
  { name: "AdamW step", items: parameters, run: (kernels) => kernels.elementwise("adam", [p, g, m, v], scalars) },
  { name: "sum of squares", items: parameters, run: (kernels) => kernels.sumOfSquares(g) },
  { name: "add", items: parameters, run: (kernels) => kernels.add(g, p) },
  { name: "fill", items: parameters, run: (kernels) => kernels.fill(g, 0.01) },
  { name: "dropout mask", items: mask.length, run: (kernels) => kernels.dropoutMask(mask, place, keepThreshold(0.1)) },
];

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const sides: Kernels[] = [];
for (const threads of [1, 2]) {
  const kernels = await createKernels(memory, { threads });
  if (kernels.executor instanceof ThreadPool) await kernels.executor.ready();
  sides.push(kernels);
}
console.log(`${(parameters / 1e6).toFixed(1)} million parameters; median of ${ROUNDS} alternated rounds, ns per item`);
for (const { name, items, run } of cases) {
  for (const kernels of sides) run(kernels);
  const times = sides.map(() => [] as number[]);
  for (let round = 0; round < ROUNDS; round++) {
    sides.forEach((kernels, side) => {
      const start = performance.now();
      run(kernels);
      times[side]?.push(((performance.now() - start) * 1e6) / items);
    });
  }
  const shown = times.map((side, i) => `${i + 1} thread${i ? "s" : ""} ${median(side).toFixed(3)}`);
  console.log(`${name.padEnd(16)} ${shown.join("   ")}`);
}
await Promise.all(sides.map((kernels) => kernels.dispose()));
