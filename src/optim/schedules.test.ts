import { describe, expect, it } from "vitest";
import {
  constant,
  cosine,
  cosineWithRestarts,
  hold,
  inverseSquareRoot,
  linear,
  noam,
  polynomial,
  SCHEDULES,
  type Schedule,
  slantedTriangular,
} from "./index.ts";

const options = { learningRate: 2, warmupSteps: 3 };
const rise = [0, 2 / 3, 4 / 3];
const riseTo10th = [0.2, 0.8, 1.4];

/** Rates of the steps 0 to 12 of a run of 11, from transformers 5.23.0, but for the rise. */
const REFERENCE: [string, Schedule, number[], number[]][] = [
  ["constant", constant(options), rise, Array(10).fill(2)],
  ["linear", linear(options), rise, [2, 1.75, 1.5, 1.25, 1, 0.75, 0.5, 0.25, 0, 0]],
  [
    "cosine",
    cosine(options),
    rise,
    [2, 1.923879533, 1.707106781, 1.382683432, 1, 0.6173165676, 0.2928932188, 0.07612046749, 0, 0.07612046749],
  ],
  [
    "cosine with a minimum",
    cosine({ ...options, minimumShare: 0.1 }),
    rise,
    [2, 1.931491579, 1.736396103, 1.444415089, 1.1, 0.7555849109, 0.4636038969, 0.2685084207, 0.2, 0.2685084207],
  ],
  [
    "cosine with restarts",
    cosineWithRestarts({ ...options, cycles: 2 }),
    rise,
    [2, 1.707106781, 1, 0.2928932188, 2, 1.707106781, 1, 0.2928932188, 0, 0],
  ],
  [
    "polynomial",
    polynomial({ ...options, finalLearningRate: 0.5, power: 2 }),
    rise,
    [2, 1.6484375, 1.34375, 1.0859375, 0.875, 0.7109375, 0.59375, 0.5234375, 0.5, 0.5],
  ],
  [
    "inverse square root",
    inverseSquareRoot(options),
    rise,
    [2, 1.732050808, 1.549193338, Math.SQRT2, 1.309307341, 1.224744871, 1.154700538, 1.095445115, 1.044465936, 1],
  ],
  [
    "hold, then a line",
    hold({ ...options, decaySteps: 4, minimumShare: 0.1 }),
    riseTo10th,
    [2, 2, 2, 2, 2, 1.55, 1.1, 0.65, 0.2, 0.2],
  ],
  [
    "hold, then a cosine",
    hold({ ...options, decaySteps: 4, minimumShare: 0.1, decay: "cosine" }),
    riseTo10th,
    [2, 2, 2, 2, 2, 1.736396103, 1.1, 0.4636038969, 0.2, 0.2],
  ],
  [
    "hold, then a root",
    hold({ ...options, decaySteps: 4, minimumShare: 0.1, decay: "1-sqrt" }),
    riseTo10th,
    [2, 2, 2, 2, 2, 1.1, 0.7272077939, 0.4411542732, 0.2, 0.2],
  ],
];

describe("schedules", () => {
  it.each(REFERENCE)("%s", (_, schedule, warmup, rest) => {
    for (const [step, expected] of [...warmup, ...rest].entries()) expect(schedule(step, 11)).toBeCloseTo(expected, 8);
  });

  it("hold falls over a share of the run when no steps are given", () => {
    const schedule = hold({ learningRate: 1, decayShare: 0.25 });
    expect([0, 14, 15, 17, 20, 25].map((step) => schedule(step, 20))).toEqual([1, 1, 1, 0.6, 0, 0]);
  });

  it("noam peaks at the end of the warm-up", () => {
    const schedule = noam({ hiddenSize: 16, warmupSteps: 4, factor: 2 });
    expect([0, 1, 2, 4, 16].map((step) => schedule(step, 100))).toEqual([1 / 16, 1 / 16, 1 / 8, 1 / 4, 1 / 8]);
  });

  it("the slanted triangle rises for a tenth and falls for the rest", () => {
    const schedule = slantedTriangular({ learningRate: 32, riseShare: 0.1, ratio: 32 });
    expect(schedule(0, 100)).toBe(1);
    expect(schedule(10, 100)).toBe(32);
    expect(schedule(55, 100)).toBeCloseTo(16.5, 10);
    expect(schedule(100, 100)).toBeCloseTo(1, 10);
  });

  it.each(Object.entries(SCHEDULES))("%s is finite at every step, also while the end is unknown", (_, create) => {
    for (const warmupSteps of [0, 1, 10, 30]) {
      const schedule = create({ learningRate: 1, warmupSteps });
      for (const total of [1, 10, 30, Number.POSITIVE_INFINITY]) {
        for (let step = 0; step < 35; step++) {
          const rate = schedule(step, total);
          expect(rate >= 0 && rate <= 1).toBe(true);
        }
      }
    }
  });

  it("refuse rates and warm-ups that are none", () => {
    expect(() => linear({ learningRate: -1 })).toThrow(/learningRate/);
    expect(() => linear({ learningRate: 1, warmupSteps: 1.5 })).toThrow(/warmupSteps/);
  });
});
