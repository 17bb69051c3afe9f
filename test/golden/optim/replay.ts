/**
 * Runs a recorded optimizer case and says how far parameters and state are from the reference. The reference is in
 * float64, ours in float32.
 */
import {
  adadelta,
  adafactor,
  adafactorTorch,
  adagrad,
  adam,
  adamw,
  bertAdam,
  lamb,
  Optimizer,
  type ParameterGroup,
  rmsprop,
  sgd,
  type UpdateRule,
} from "../../../src/optim/index.ts";
import type { Kernels } from "../../../src/runtime/kernels/kernels.ts";

export interface RecordedArray {
  readonly shape: number[];
  readonly data: number[];
}

/** Settings as the reference names them. */
type Settings = Record<string, unknown>;

export interface RecordedCase {
  readonly name: string;
  readonly settings: Settings;
  readonly second_group: Settings | null;
  readonly lr_factors: number[] | null;
  readonly values: Record<string, number[]>[];
  readonly state_after: Record<string, Record<string, RecordedArray | number>>;
}

export interface RecordedRuns<C extends RecordedCase = RecordedCase> {
  readonly parameters: Record<string, RecordedArray>;
  readonly gradients: Record<string, RecordedArray>[];
  readonly cases: C[];
}

/** Leaves out what is undefined or null, as optional settings want it. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null)) as T;
}

function betas(settings: Settings): { beta1?: number; beta2?: number } {
  const [beta1, beta2] = (settings.betas ?? []) as number[];
  return given({ beta1, beta2 }) as { beta1?: number; beta2?: number };
}

function adamSettings(s: Settings) {
  return { ...betas(s), ...given({ epsilon: s.eps, weightDecay: s.weight_decay, amsgrad: s.amsgrad }) } as object;
}

function adafactorSettings(s: Settings): object {
  const [epsilon, minimumScale] = (s.eps ?? []) as number[];
  return given({
    epsilon,
    minimumScale,
    clipThreshold: s.clip_threshold,
    decayExponent: s.decay_rate,
    beta1: s.beta1,
    weightDecay: s.weight_decay,
    scaleParameter: s.scale_parameter,
    relativeStep: s.relative_step,
    warmupInit: s.warmup_init,
  });
}

/** Our rules from the reference's settings. */
export const RULES: Record<string, (settings: Settings) => UpdateRule> = {
  sgd: (s) =>
    sgd(
      given({
        momentum: s.momentum,
        dampening: s.dampening,
        nesterov: s.nesterov,
        weightDecay: s.weight_decay,
      }) as object,
    ),
  adam: (s) => adam(adamSettings(s)),
  adamw: (s) => adamw(adamSettings(s)),
  "bert-adam": (s) => bertAdam(adamSettings(s)),
  lamb: (s) =>
    lamb({ ...adamSettings(s), ...(given({ biasCorrection: s.bias_correction, normBounds: s.phi }) as object) }),
  adafactor: (s) => adafactor(adafactorSettings(s)),
  "adafactor-torch": (s) => adafactorTorch(given({ weightDecay: s.weight_decay }) as object),
  adagrad: (s) =>
    adagrad(
      given({
        learningRateDecay: s.lr_decay,
        initialSum: s.initial_accumulator_value,
        epsilon: s.eps,
        weightDecay: s.weight_decay,
      }) as object,
    ),
  adadelta: (s) => adadelta(given({ rho: s.rho, epsilon: s.eps, weightDecay: s.weight_decay }) as object),
  rmsprop: (s) =>
    rmsprop(
      given({
        alpha: s.alpha,
        momentum: s.momentum,
        centered: s.centered,
        epsilon: s.eps,
        weightDecay: s.weight_decay,
      }) as object,
    ),
};

export interface Deviation {
  readonly what: string;
  /** The largest difference divided by the largest reference value, or the difference itself where that is 0. */
  readonly relative: number;
}

function deviation(what: string, actual: ArrayLike<number>, expected: readonly number[]): Deviation {
  if (actual.length !== expected.length) return { what: `${what}: length`, relative: Number.POSITIVE_INFINITY };
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  let worst = 0;
  expected.forEach((value, i) => {
    const difference = Math.abs((actual[i] as number) - value);
    worst = Math.max(worst, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  });
  return { what, relative: largest === 0 ? worst : worst / largest };
}

/** Each parameter on its own 16 elements, the first group's first. */
function layOut(runs: RecordedRuns, second: boolean) {
  const names = Object.keys(runs.parameters);
  const inSecond = (name: string) => second && (runs.parameters[name] as RecordedArray).shape.length <= 1;
  let offset = 0;
  const placed = [...names.filter((n) => !inSecond(n)), ...names.filter(inSecond)].map((name) => {
    const { shape, data } = runs.parameters[name] as RecordedArray;
    const parameter = { name, shape, offset };
    offset += Math.ceil(data.length / 16) * 16;
    return parameter;
  });
  return { placed, inSecond, total: offset };
}

/** Every comparison of a case: all parameters after each step, and the state after the last. */
export function replay(kernels: Kernels, runs: RecordedRuns, recorded: RecordedCase, rule: UpdateRule): Deviation[] {
  const { settings, second_group: second, lr_factors: factors } = recorded;
  const { placed, inSecond, total } = layOut(runs, second !== null);
  const [parameters, gradients] = [
    kernels.memory.allocate("float32", total),
    kernels.memory.allocate("float32", total),
  ];
  const put = (flat: Float32Array, arrays: Record<string, RecordedArray>) => {
    for (const { name, offset } of placed) flat.set((arrays[name] as RecordedArray).data, offset);
  };
  const learningRate = (settings.lr as number | null) ?? 1;
  const groups: ParameterGroup[] = [{ parameters: placed.filter(({ name }) => !inSecond(name)) }];
  if (second !== null) {
    groups.push({
      parameters: placed.filter(({ name }) => inSecond(name)),
      ...(given({ weightDecay: second.weight_decay }) as object),
      learningRateScale: ((second.lr as number | undefined) ?? learningRate) / learningRate,
    });
  }
  put(parameters, runs.parameters);
  const optimizer = new Optimizer(rule, { kernels, parameters }, groups);
  const deviations: Deviation[] = [];
  recorded.values.forEach((values, step) => {
    gradients.fill(0);
    put(gradients, runs.gradients[step] as Record<string, RecordedArray>);
    optimizer.step({ gradients, learningRate: learningRate * (factors?.[step] ?? 1) });
    for (const { name, offset } of placed) {
      const expected = values[name] as number[];
      const actual = parameters.subarray(offset, offset + expected.length);
      deviations.push(deviation(`${name} after step ${step + 1}`, actual, expected));
    }
  });
  const { arrays } = optimizer.exportState();
  for (const [name, states] of Object.entries(recorded.state_after)) {
    for (const [state, expected] of Object.entries(states)) {
      if (typeof expected === "number") continue;
      deviations.push(deviation(`${state} of ${name}`, arrays.get(`${state}/${name}`) ?? [], expected.data));
    }
  }
  optimizer.dispose();
  for (const array of [parameters, gradients]) kernels.memory.free(array);
  return deviations;
}
