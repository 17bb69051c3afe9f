/**
 * Does what long-lived programs do, often, and fails if the process grows: `tsx scripts/watch-memory.ts [SHARE]`, where 0.1
 * does a tenth of it all.
 */
import { growthOfCalls, growthOfSessions, growthOfSteps } from "../test/support/memory-growth.ts";

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
process.exit(isFlat ? 0 : 1);
