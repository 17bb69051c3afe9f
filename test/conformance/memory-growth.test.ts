/** Short forms of `npm run test:memory`. */
import { describe, expect, it } from "vitest";
import { growthOfCalls, growthOfSessions, growthOfSteps } from "../support/memory-growth.ts";

describe("memory stays flat", () => {
  it("over 1,200 calls with batches of all sizes", async () => {
    expect(await growthOfCalls(1200)).toBeLessThan(30);
  }, 120_000);

  it("over 60 models that are loaded, called and released", async () => {
    expect(await growthOfSessions(60)).toBeLessThan(30);
  }, 120_000);

  it("over 150 training steps", async () => {
    expect(await growthOfSteps(150)).toBeLessThan(30);
  }, 120_000);
});
