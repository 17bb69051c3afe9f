/** How many steps a time limit is worth, which is seen better and better while the run goes on. */
import { platform } from "#platform";
import type { LengthPhase } from "./pretrain-settings.ts";

/** A run that is limited by time may take so much longer before it is cut short of its schedule's end. */
export const overtime = 1.15;
/** What a step takes beside the run of its graph: batches, clipping, the optimizer. */
export const besideTheRun = 1.15;

type Phase = Pick<LengthPhase, "share">;

export class TimeBudget {
  readonly #budgetMs: number;
  readonly #phases: readonly Phase[];
  /** What a step of each phase took when it was timed before the run. */
  readonly #stepMs: readonly number[];
  #startMs: number | undefined;
  /** What the steps of this process should have taken by the times above. */
  #expectedMs = 0;

  constructor(budgetMs: number, phases: readonly Phase[], stepMs: readonly number[]) {
    this.#budgetMs = budgetMs;
    this.#phases = phases;
    this.#stepMs = stepMs;
  }

  /** The steps of the whole run, before the first. */
  get plannedSteps(): number {
    return this.#stepsAt(1);
  }

  /** The steps of the whole run, now that `step` of `totalSteps` are done in `elapsedMs`. Called after every step. */
  replan(step: number, totalSteps: number, elapsedMs: number): number {
    const stepMs = this.#stepMs[this.#phaseOf(step - 1, totalSteps)] ?? 0;
    this.#startMs ??= elapsedMs - stepMs;
    this.#expectedMs += stepMs;
    const measuredMs = elapsedMs - this.#startMs;
    // The first moments say little.
    if (measuredMs < settledShare * this.#budgetMs) return totalSteps;
    return Math.max(step, this.#stepsAt(measuredMs / this.#expectedMs));
  }

  /** The steps that fit when each takes `slowness` times what was timed. */
  #stepsAt(slowness: number): number {
    const meanStepMs = this.#phases.reduce((sum, { share }, index) => sum + share * (this.#stepMs[index] ?? 0), 0);
    return Math.max(1, Math.floor(this.#budgetMs / (meanStepMs * slowness)));
  }

  #phaseOf(step: number, totalSteps: number): number {
    let end = 0;
    for (const [index, { share }] of this.#phases.entries()) {
      end += share * totalSteps;
      if (step < end) return index;
    }
    return this.#phases.length - 1;
  }
}

/** Runs that are timed, and the time after which no more are made. */
const timedRuns = 9;
const longestTimingMs = 3000;

/** The median time of some runs in milliseconds. */
export async function timeRuns(
  run: () => Promise<unknown>,
  onRun: (done: number, total: number) => void,
): Promise<number> {
  const times: number[] = [];
  for (let trial = 0; trial < timedRuns; trial++) {
    onRun(trial, timedRuns);
    const startMs = platform.now();
    await run();
    times.push(platform.now() - startMs);
    if (trial >= 2 && times.reduce((sum, time) => sum + time, 0) > longestTimingMs) break;
  }
  return times.sort((a, b) => a - b)[times.length >> 1] as number;
}

/** Share of the time after which the pace is believed. */
const settledShare = 0.04;
