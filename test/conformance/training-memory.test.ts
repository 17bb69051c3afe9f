import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { TrainingSoak } from "../support/training-soak.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Resident megabytes after a collection; finalizers get their turn first. */
async function residentMegabytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return process.memoryUsage.rss() / 2 ** 20;
}

// benchmarks/memory.ts does the same for 2,000 steps.
it("trains on batches of all kinds of sizes in flat memory", async () => {
  const soak = await TrainingSoak.create();
  await soak.run(150);
  const early = await residentMegabytes();
  const first = soak.loss;
  await soak.run(250);
  // Gradients and moments are a megabyte: what stayed of each step would show.
  expect((await residentMegabytes()) - early).toBeLessThan(12);
  expect(soak.loss).not.toBe(first);
  expect(Number.isFinite(soak.loss)).toBe(true);
  await soak.release();
}, 120_000);
