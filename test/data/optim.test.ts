/** Optimizers, schedules and clipping against the reference values beside the repository. */
import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import {
  clipByValue,
  clippingScale,
  constant,
  cosine,
  cosineWithRestarts,
  gradientNorm,
  hold,
  inverseSquareRoot,
  linear,
  MovingAverage,
  type NormType,
  noam,
  polynomial,
  type Schedule,
  slantedTriangular,
} from "../../src/optim/index.ts";
import { createKernels, type Kernels } from "../../src/runtime/kernels/kernels.ts";
import { FlatMemory } from "../../src/runtime/memory.ts";
import { type RecordedArray, type RecordedCase, type RecordedRuns, RULES, replay } from "../golden/optim/replay.ts";

const folder = new URL("../../../shared/golden/training/", import.meta.url);
const present = existsSync(folder);
if (!present) console.log("skipped: no reference values for training beside the repository");

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8")) as T;
}

/** float32 against float64 over ten steps. */
const TOLERANCE = 3e-6;

/** The rule of a case: the reference's class decides, where two share a name. */
function ruleName({ optimizer, name }: { optimizer: string; name: string }): string {
  if (optimizer === "torch.Adafactor") return "adafactor-torch";
  if (optimizer === "paper.BertAdam") return "bert-adam";
  const known = { Lamb: "lamb", Adafactor: "adafactor", SGD: "sgd", Adam: "adam", AdamW: "adamw" };
  const others = { Adagrad: "adagrad", Adadelta: "adadelta", RMSprop: "rmsprop" };
  const found = { ...known, ...others }[optimizer.split(".")[1] ?? ""];
  if (found === undefined) throw new Error(`the case ${name} is of an unknown optimizer ${optimizer}`);
  return found;
}

let kernels: Kernels;

beforeAll(async () => {
  kernels = await createKernels(new FlatMemory({ shared: false, initialBytes: 2 ** 20 }));
});

describe.skipIf(!present)("optimizers.json", () => {
  const runs = present
    ? read<RecordedRuns<RecordedCase & { optimizer: string }>>("optimizers.json")
    : { cases: [], parameters: {}, gradients: [] };

  it.each(runs.cases)("$name", (recorded) => {
    const rule = RULES[ruleName(recorded)]?.(recorded.settings);
    if (rule === undefined) throw new Error(`no rule for ${recorded.name}`);
    const deviations = replay(kernels, runs, recorded, rule);
    expect(deviations.length).toBeGreaterThanOrEqual(50);
    expect(deviations.filter(({ relative }) => !(relative <= TOLERANCE))).toEqual([]);
  });
});

type Numbers = Record<string, number>;

interface ScheduleCase {
  readonly name: string;
  readonly settings: Numbers;
  readonly base_lr: number | null;
  readonly lr: number[];
}

/** Our schedules from the reference's names and settings. */
const SCHEDULE_MAKERS: Record<string, (learningRate: number, settings: Numbers) => Schedule> = {
  constant: (learningRate) => constant({ learningRate }),
  constant_with_warmup: (learningRate, s) => constant({ learningRate, warmupSteps: s.num_warmup_steps ?? 0 }),
  linear: (learningRate, s) => linear({ learningRate, warmupSteps: s.num_warmup_steps ?? 0 }),
  cosine: (learningRate, s) =>
    cosine({ learningRate, warmupSteps: s.num_warmup_steps ?? 0, cycles: s.num_cycles ?? 0.5 }),
  cosine_with_restarts: (learningRate, s) =>
    cosineWithRestarts({ learningRate, warmupSteps: s.num_warmup_steps ?? 0, cycles: s.num_cycles ?? 1 }),
  cosine_with_min_lr: (learningRate, s) =>
    cosine({ learningRate, warmupSteps: s.num_warmup_steps ?? 0, minimumShare: s.min_lr_rate ?? 0 }),
  polynomial: (learningRate, s) =>
    polynomial({
      learningRate,
      warmupSteps: s.num_warmup_steps ?? 0,
      finalLearningRate: s.lr_end ?? 1e-7,
      power: s.power ?? 1,
    }),
  inverse_sqrt: (learningRate, s) =>
    inverseSquareRoot({
      learningRate,
      warmupSteps: s.num_warmup_steps ?? 0,
      ...(s.timescale === undefined ? {} : { timescale: s.timescale }),
    }),
  warmup_stable_decay: (learningRate, s) =>
    hold({
      learningRate,
      warmupSteps: s.num_warmup_steps ?? 0,
      decaySteps: s.num_decay_steps ?? 0,
      decay: "cosine",
    }),
  noam: (_, s) => noam({ hiddenSize: s.d_model ?? 0, warmupSteps: s.warmup ?? 0, factor: s.factor ?? 1 }),
  slanted_triangular: (learningRate, s) =>
    slantedTriangular({ learningRate, riseShare: s.cut_frac ?? 0, ratio: s.ratio ?? 0 }),
};

describe.skipIf(!present)("schedules.json", () => {
  const { cases } = present ? read<{ cases: ScheduleCase[] }>("schedules.json") : { cases: [] };

  it.each(cases)("$name $settings, peak $base_lr", ({ name, settings, base_lr, lr }) => {
    const schedule = SCHEDULE_MAKERS[name]?.(base_lr ?? 1, settings);
    if (schedule === undefined) throw new Error(`no schedule for ${name}`);
    const total = settings.num_training_steps ?? Number.POSITIVE_INFINITY;
    for (const [step, expected] of lr.entries()) {
      expect(Math.abs(schedule(step, total) - expected)).toBeLessThanOrEqual(1e-12 * Math.max(...lr));
    }
  });
});

interface ClippingCase {
  readonly name: string;
  readonly max_norm: number;
  readonly norm_type: number | "inf";
  readonly norm: number;
  readonly clip_value: number;
  readonly gradients: RecordedArray[];
  readonly clipped: RecordedArray[];
  readonly decay: number;
  readonly warmup: boolean;
  readonly starts: string;
  readonly values: number[][];
  readonly average: number[][];
}

function place({ data }: { data: number[] }): Float32Array {
  const array = kernels.memory.allocate("float32", data.length);
  array.set(data);
  return array;
}

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, value] of expected.entries()) {
    expect(Math.abs((actual[i] as number) - value)).toBeLessThanOrEqual(3e-7 * largest);
  }
}

const CLIPPING: Record<string, (recorded: ClippingCase) => void> = {
  clip_grad_norm({ gradients, clipped, norm_type, max_norm, norm }) {
    const arrays = gradients.map(place);
    const type = (norm_type === "inf" ? Number.POSITIVE_INFINITY : norm_type) as NormType;
    const measured = gradientNorm(kernels, arrays, type);
    expect(Math.abs(measured - norm)).toBeLessThanOrEqual(1e-12 * norm);
    for (const [i, array] of arrays.entries()) {
      kernels.scale(array, clippingScale(measured, max_norm));
      expectClose(array, clipped[i]?.data ?? []);
    }
  },
  clip_grad_value({ gradients, clipped, clip_value }) {
    const arrays = gradients.map(place);
    clipByValue(kernels, arrays, clip_value);
    for (const [i, array] of arrays.entries()) expectClose(array, clipped[i]?.data ?? []);
  },
  exponential_moving_average({ decay, warmup, starts, values, average }) {
    const moving = new MovingAverage(kernels, 4, { decay, warmup, debiased: starts.startsWith("at zero") });
    for (const [i, data] of values.entries()) {
      moving.update(place({ data }));
      expectClose(
        moving.values.map((value) => value * moving.correction),
        average[i] ?? [],
      );
    }
  },
};

describe.skipIf(!present)("clipping.json", () => {
  const { cases } = present ? read<{ cases: ClippingCase[] }>("clipping.json") : { cases: [] };

  it.each(cases)("$name $max_norm $norm_type $decay", (recorded) => {
    const check = CLIPPING[recorded.name];
    if (check === undefined) throw new Error(`no check for ${recorded.name}`);
    check(recorded);
  });
});
