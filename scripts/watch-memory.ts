/**
 * Does what long-lived programs do, often, and fails if the process grows, or if loading takes more than it should: `tsx scripts/watch-memory.ts [SHARE]`, where 0.1
 * does a tenth of it all.
 */
import { growthOfCalls, growthOfSessions, growthOfSteps, peaksOfLoading } from "../test/support/memory-growth.ts";

const share = Number(process.argv[2] ?? 1);
/** What allocators keep for later; a leak of a hundred bytes a call would be more. */
const allowedMebibytes = 40;

const works = [
  ["forward calls of random lengths", 10_000, growthOfCalls],
  ["sessions created and released", 1000, growthOfSessions],
  ["training steps", 2000, growthOfSteps],
] as const;

let isFlat = true;
for (const [what, count, growthOf] of works) {
  const growth = await growthOf(Math.round(count * share));
  isFlat &&= growth < allowedMebibytes;
  console.log(`${Math.round(count * share)} ${what}: ${growth.toFixed(1)} MiB more after the first fifth`);
}

/** Loading takes no more than this beside what the process had. */
const bound = (valuesMiB: number): number => 1.3 * valuesMiB + 64;

for (const { dtype, valuesMiB, loadingMiB, callingMiB, packedMiB } of await peaksOfLoading(
  share < 1 ? "small" : "base",
)) {
  isFlat &&= loadingMiB <= bound(valuesMiB) && callingMiB <= bound(valuesMiB) + packedMiB;
  console.log(
    `a BERT of ${valuesMiB.toFixed(0)} MiB, stored as ${dtype}: ${loadingMiB.toFixed(0)} MiB at most to load it, ` +
      `${callingMiB.toFixed(0)} with its first call, ${packedMiB.toFixed(0)} of them weights that the engine packed`,
  );
}
process.exit(isFlat ? 0 : 1);
