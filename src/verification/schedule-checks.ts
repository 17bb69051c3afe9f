/** Learning rate schedules beside recorded rates. */
import {
  constant,
  cosine,
  cosineWithRestarts,
  hold,
  inverseSquareRoot,
  linear,
  noam,
  polynomial,
  type Schedule,
  slantedTriangular,
} from "../optim/index.ts";
import { compare } from "./compare.ts";
import { renamedSettings, type Settings } from "./optimizer-checks.ts";
import { type Finding, failure } from "./report.ts";

export interface RecordedSchedule {
  readonly name: string;
  readonly settings: Settings;
  /** The peak; null where the schedule has none. */
  readonly base_lr: number | null;
  /** Of steps 0, 1, … */
  readonly lr: readonly number[];
}

/** Both sides compute in float64. */
const tolerance = { relative: 1e-12, absolute: 0 };

const common = { num_warmup_steps: "warmupSteps", num_training_steps: "-" };

// biome-ignore lint/suspicious/noExplicitAny: the settings are the reference's
type MakeSchedule = (options: any) => Schedule;

/** How a schedule of the reference is called here, with the names of its settings. */
const schedules: Readonly<Record<string, readonly [MakeSchedule, Readonly<Record<string, string>>]>> = {
  constant: [constant, common],
  constant_with_warmup: [constant, common],
  linear: [linear, common],
  cosine: [cosine, { ...common, num_cycles: "cycles" }],
  cosine_with_restarts: [cosineWithRestarts, { ...common, num_cycles: "cycles" }],
  cosine_with_min_lr: [cosine, { ...common, min_lr_rate: "minimumShare" }],
  polynomial: [polynomial, { ...common, lr_end: "finalLearningRate", power: "power" }],
  inverse_sqrt: [inverseSquareRoot, { ...common, timescale: "timescale" }],
  warmup_stable_decay: [
    (options) => hold({ ...options, decay: "cosine" }),
    { ...common, num_decay_steps: "decaySteps" },
  ],
  noam: [noam, { d_model: "hiddenSize", warmup: "warmupSteps", factor: "factor" }],
  slanted_triangular: [slantedTriangular, { ...common, cut_frac: "riseShare", ratio: "ratio" }],
};

/** A finding for each schedule. */
export function* checkSchedules(cases: readonly RecordedSchedule[]): Generator<Finding> {
  for (const { name, settings, base_lr: learningRate, lr } of cases) {
    const label = `${name} ${JSON.stringify({ ...settings, base_lr: learningRate })}`;
    const [make, names] = schedules[name] ?? [];
    if (make === undefined || names === undefined) {
      yield failure("training", label, `there is no schedule ${name} here`);
      continue;
    }
    const peak = learningRate === null ? {} : { learningRate };
    const schedule = make({ ...peak, ...renamedSettings(settings, names) });
    const total = (settings.num_training_steps as number | undefined) ?? Number.POSITIVE_INFINITY;
    const shape = [lr.length];
    const data = lr.map((_, step) => schedule(step, total));
    yield compare("training", label, { shape, data }, { shape, data: lr }, tolerance);
  }
}
