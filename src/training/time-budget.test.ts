import { describe, expect, it } from "vitest";
import { TimeBudget } from "./time-budget.ts";

const phases = [
  { sequenceLength: 8, batchSize: 64, share: 0.25 },
  { sequenceLength: 32, batchSize: 32, share: 0.75 },
];

/** Runs on a machine that is `slowness` times as slow as it was when timed; returns the steps done when time is up. */
function simulate(slowness: (step: number) => number): { steps: number; elapsedMs: number } {
  const budget = new TimeBudget(60_000, phases, [4, 8]);
  let total = budget.plannedSteps;
  let step = 0;
  let elapsedMs = 0;
  while (step < total) {
    elapsedMs += (step < 0.25 * total ? 4 : 8) * slowness(step);
    step += 1;
    total = budget.replan(step, total, elapsedMs);
  }
  return { steps: step, elapsedMs };
}

describe("TimeBudget", () => {
  it("plans as many steps as the timed ones allow", () => {
    // 0.25 · 4 ms + 0.75 · 8 ms = 7 ms a step.
    expect(new TimeBudget(60_000, phases, [4, 8]).plannedSteps).toBe(Math.floor(60_000 / 7));
    expect(new TimeBudget(1, phases, [4, 8]).plannedSteps).toBe(1);
  });

  it.each([0.5, 1, 2.5])("ends in time on a machine that is %d times as slow as it seemed", (slowness) => {
    const { elapsedMs, steps } = simulate(() => slowness);
    expect(elapsedMs).toBeGreaterThan(57_000);
    expect(elapsedMs).toBeLessThan(63_000);
    expect(steps).toBeCloseTo(60_000 / 7 / slowness, -3);
  });

  it("follows a machine that becomes slower on the way", () => {
    const { elapsedMs } = simulate((step) => (step < 4000 ? 1 : 2));
    expect(elapsedMs).toBeGreaterThan(55_000);
    expect(elapsedMs).toBeLessThan(75_000);
  });
});
