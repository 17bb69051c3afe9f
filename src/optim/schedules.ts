/**
 * Learning-rate schedules. A schedule is a pure function of the step (counted from 0: the value is what that step uses)
 * and of the number of steps that the run will have. Formulas are those of transformers' `optimization.py`, but for
 * `slantedTriangular` and `noam`, which are their papers'.
 */
import { ConfigurationError } from "../errors.ts";
import { nonNegative } from "./parameter-groups.ts";

/** The learning rate of a step. `totalSteps` may be infinite while the end is not known: nothing decays then. */
export type Schedule = (step: number, totalSteps: number) => number;

export interface ScheduleOptions {
  /** The peak. */
  readonly learningRate: number;
  /** Steps in which the rate rises in a line from 0 to the peak; none by default. */
  readonly warmupSteps?: number;
}

interface ResolvedOptions {
  readonly peak: number;
  readonly warmup: number;
}

function resolve({ learningRate, warmupSteps = 0 }: ScheduleOptions): ResolvedOptions {
  if (!Number.isSafeInteger(warmupSteps) || warmupSteps < 0) {
    throw new ConfigurationError("warmupSteps must be a non-negative integer", {
      field: "warmupSteps",
      received: String(warmupSteps),
    });
  }
  return { peak: nonNegative("learningRate", learningRate), warmup: warmupSteps };
}

/** How far a step is between the end of the warm-up (0) and the last step (1); beyond 1 afterwards. */
function progress(step: number, warmup: number, totalSteps: number): number {
  return totalSteps === Number.POSITIVE_INFINITY ? 0 : (step - warmup) / Math.max(1, totalSteps - warmup);
}

/** A linear rise, then `factor` of the step. */
function afterWarmup(options: ScheduleOptions, factor: Schedule): Schedule {
  const { peak, warmup } = resolve(options);
  return (step, totalSteps) => peak * (step < warmup ? step / warmup : factor(step, totalSteps));
}

/** The peak throughout. */
export function constant(options: ScheduleOptions): Schedule {
  return afterWarmup(options, () => 1);
}

/** In a line to 0 at the end: BERT and GPT fine-tuning. */
export function linear(options: ScheduleOptions): Schedule {
  const { warmup } = resolve(options);
  return afterWarmup(options, (step, total) => {
    if (total === Number.POSITIVE_INFINITY) return 1;
    return Math.max(0, (total - step) / Math.max(1, total - warmup));
  });
}

export interface CosineOptions extends ScheduleOptions {
  /** Waves until the end; one half by default, which is a fall to the minimum. */
  readonly cycles?: number;
  /** The lowest rate as a share of the peak; 0 by default. */
  readonly minimumShare?: number;
}

function cosineWave(progressed: number, cycles: number): number {
  return 0.5 * (1 + Math.cos(2 * Math.PI * cycles * progressed));
}

/** Along a cosine (Loshchilov and Hutter 2017, without restarts): GPT-2 and most later language models. */
export function cosine(options: CosineOptions): Schedule {
  const { warmup } = resolve(options);
  const { cycles = 0.5, minimumShare = 0 } = options;
  return afterWarmup(options, (step, total) => {
    const wave = cosineWave(progress(step, warmup, total), cycles);
    return Math.max(0, wave * (1 - minimumShare) + minimumShare);
  });
}

export interface RestartOptions extends ScheduleOptions {
  /** Falls from the peak to 0 until the end; 1 by default. */
  readonly cycles?: number;
}

/** Along a cosine that starts over (SGDR: Loshchilov and Hutter 2017). */
export function cosineWithRestarts(options: RestartOptions): Schedule {
  const { warmup } = resolve(options);
  const { cycles = 1 } = options;
  return afterWarmup(options, (step, total) => {
    const progressed = progress(step, warmup, total);
    return progressed >= 1 ? 0 : Math.max(0, cosineWave((cycles * progressed) % 1, 0.5));
  });
}

export interface PolynomialOptions extends ScheduleOptions {
  /** The rate at the end and after it; 1e-7 by default. */
  readonly finalLearningRate?: number;
  /** Of the distance still to go; 1, a line, by default. */
  readonly power?: number;
}

/** A power of the distance still to go: BERT's own code has power 1 and final rate 0. */
export function polynomial(options: PolynomialOptions): Schedule {
  const { peak, warmup } = resolve(options);
  const { finalLearningRate = 1e-7, power = 1 } = options;
  const final = nonNegative("finalLearningRate", finalLearningRate);
  return (step, total) => {
    if (step < warmup) return (peak * step) / warmup;
    return final + (peak - final) * Math.max(0, 1 - progress(step, warmup, total)) ** power;
  };
}

export interface InverseSquareRootOptions extends ScheduleOptions {
  /** Steps after which the rate has fallen to 1/√2 of the peak, less the warm-up; the warm-up by default. */
  readonly timescale?: number;
}

/** With the inverse square root of the step, for runs without a planned end. */
export function inverseSquareRoot(options: InverseSquareRootOptions): Schedule {
  const { warmup } = resolve(options);
  const timescale = options.timescale ?? (warmup || 10_000);
  return afterWarmup(options, (step) => 1 / Math.sqrt((step + timescale - warmup) / timescale));
}

export interface HoldOptions extends ScheduleOptions {
  /** Steps of the fall at the end. */
  readonly decaySteps?: number;
  /** The same as a share of the run, when `decaySteps` is not given; 0.3 by default. */
  readonly decayShare?: number;
  /** Form of the fall; linear by default. */
  readonly decay?: "linear" | "cosine" | "1-sqrt";
  /** The rate at the end as a share of the peak; 0 by default. */
  readonly minimumShare?: number;
}

const FALLS = {
  linear: (progressed: number) => 1 - progressed,
  cosine: (progressed: number) => cosineWave(progressed, 0.5),
  "1-sqrt": (progressed: number) => 1 - Math.sqrt(progressed),
} as const;

/** A rise, the peak held, then a fall over the last part (warm-up, stable, decay: Hu et al. 2024). */
export function hold(options: HoldOptions): Schedule {
  const { peak, warmup } = resolve(options);
  const { decayShare = 0.3, decay = "linear", minimumShare = 0 } = options;
  const withMinimum = (factor: number) => peak * (factor * (1 - minimumShare) + minimumShare);
  return (step, total) => {
    if (step < warmup) return withMinimum(step / warmup);
    const decaySteps = options.decaySteps ?? Math.round(total * decayShare);
    const start = Math.max(warmup, total - decaySteps);
    if (total === Number.POSITIVE_INFINITY || step < start) return peak;
    return withMinimum(step < start + decaySteps ? FALLS[decay]((step - start) / decaySteps) : 0);
  };
}

export interface SlantedTriangularOptions {
  /** The peak. */
  readonly learningRate: number;
  /** Share of the steps in which the rate rises; 0.1 by default. */
  readonly riseShare?: number;
  /** Peak over lowest rate; 32 by default. */
  readonly ratio?: number;
}

/** A short rise and a long fall (ULMFiT: Howard and Ruder 2018, https://arxiv.org/abs/1801.06146). */
export function slantedTriangular(options: SlantedTriangularOptions): Schedule {
  const peak = nonNegative("learningRate", options.learningRate);
  const { riseShare = 0.1, ratio = 32 } = options;
  return (step, total) => {
    if (total === Number.POSITIVE_INFINITY) return peak;
    const cut = Math.floor(total * riseShare);
    const fall = cut === 0 ? total : cut * (1 / riseShare - 1);
    const share = step < cut ? step / cut : 1 - (step - cut) / fall;
    return (peak * (1 + Math.max(0, share) * (ratio - 1))) / ratio;
  };
}

export interface NoamOptions {
  /** Width of the model. */
  readonly hiddenSize: number;
  readonly warmupSteps: number;
  readonly factor?: number;
}

/** The Transformer's own (Vaswani et al. 2017, §5.3): factor · D^−½ · min(t^−½, t · warm-up^−³ᐟ²), where t is at least 1. */
export function noam({ hiddenSize, warmupSteps, factor = 1 }: NoamOptions): Schedule {
  return (step) => {
    const t = Math.max(step, 1);
    return (factor * Math.min(1 / Math.sqrt(t), t * warmupSteps ** -1.5)) / Math.sqrt(hiddenSize);
  };
}

/** The schedules that need no more than a peak and a warm-up, by the names that settings give them. */
export const SCHEDULES = {
  constant,
  linear,
  cosine,
  "cosine-with-restarts": cosineWithRestarts,
  polynomial,
  "inverse-square-root": inverseSquareRoot,
  hold,
  "slanted-triangular": slantedTriangular,
} as const satisfies Record<string, (options: ScheduleOptions) => Schedule>;

export type ScheduleName = keyof typeof SCHEDULES;
