/** Short forms of `npm run test:memory`. On a busy machine the allocator itself may grow by some 30 MiB. */
import { describe, expect, it } from "vitest";
import { growthOfCalls, growthOfSessions, growthOfSteps } from "../support/memory-growth.ts";

describe("memory stays flat", () => {
  it("over 1,200 calls with batches of all sizes", async () => {
    expect(await growthOfCalls(1200)).toBeLessThan(60);
  }, 120_000);

  it("over 60 models that are loaded, called and released", async () => {
    expect(await growthOfSessions(60)).toBeLessThan(60);
  }, 120_000);

  it("over 150 training steps", async () => {
    expect(await growthOfSteps(150)).toBeLessThan(60);
  }, 120_000);
});
