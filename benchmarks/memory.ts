/**
 * Whether memory stays flat over many training steps of all kinds of sizes:
 * `tsx --conditions=@cloze/source benchmarks/memory.ts [steps]`
 *
 * A small BERT with dropout is trained on batches of random row counts and lengths; resident memory is printed ten times,
 * and the growth between the third of these and the last must stay below a limit.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { TrainingSoak } from "../test/support/training-soak.ts";

const limitMiB = 16;
const lines = 10;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const steps = Number(process.argv[2] ?? 2000);
const soak = await TrainingSoak.create();
const residentMiB: number[] = [];
for (let line = 0; line < lines; line++) {
  await soak.run(Math.ceil(steps / lines));
  collect();
  await new Promise((resolve) => setTimeout(resolve, 50));
  residentMiB.push(process.memoryUsage.rss() / 2 ** 20);
  console.log(`${soak.steps} steps: ${residentMiB.at(-1)?.toFixed(1)} MiB, loss ${soak.loss.toFixed(3)}`);
}
await soak.release();
const growthMiB = (residentMiB.at(-1) ?? 0) - (residentMiB[2] ?? 0);
console.log(`${growthMiB.toFixed(1)} MiB more than after ${Math.ceil((3 * steps) / lines)} steps`);
process.exit(growthMiB > limitMiB ? 1 : 0);
