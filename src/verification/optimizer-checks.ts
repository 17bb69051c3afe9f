/** Optimizers beside recorded runs: the parameters after every step, and the state after the last. */
import { DataError } from "../errors.ts";
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
} from "../optim/index.ts";
import type { Kernels } from "../runtime/kernels/kernels.ts";
import { compare } from "./compare.ts";
import { type Finding, failure, oneCase } from "./report.ts";

interface RecordedArray {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
type RecordedArrays = Readonly<Record<string, RecordedArray>>;

/** Settings as the reference names them; null is as good as absent. */
export type Settings = Readonly<Record<string, unknown>>;

interface RecordedCase {
  readonly name: string;
  /** The reference's class, such as `torch.AdamW`. */
  readonly optimizer: string;
  readonly settings: Settings;
  /** What differs for parameters of one axis or none. */
  readonly second_group: Settings | null;
  /** Factors of the learning rate of each step. */
  readonly lr_factors: readonly number[] | null;
  readonly values: readonly Readonly<Record<string, readonly number[]>>[];
  readonly state_after: Readonly<Record<string, Readonly<Record<string, RecordedArray | number>>>>;
}

export interface RecordedOptimizers {
  readonly parameters: RecordedArrays;
  readonly gradients: readonly RecordedArrays[];
  readonly cases: readonly RecordedCase[];
}

/** float32 beside the reference's float64 over ten steps. */
const tolerance = { relative: 3e-6, absolute: 1e-7 };

/** Settings under our names. Throws a DataError for one that `names` does not have: ignoring it would check nothing. */
export function renamedSettings(settings: Settings, names: Readonly<Record<string, string>>): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (value === null) continue;
    const own = names[name];
    if (own === undefined) throw new DataError(`the setting ${name} is not known here`, { field: name });
    const parts = own.split(" ");
    // A pair of settings in one, such as `betas`.
    for (const [index, part] of parts.entries()) {
      if (part !== "-") options[part] = parts.length > 1 ? (value as readonly unknown[])[index] : value;
    }
  }
  return options;
}

const common = { lr: "-", weight_decay: "weightDecay" };
const adamNames = { ...common, betas: "beta1 beta2", eps: "epsilon", amsgrad: "amsgrad" };

/** How a class of the reference is called here, with the names of its settings. */
const rules: Readonly<Record<string, readonly [(options: object) => UpdateRule, Readonly<Record<string, string>>]>> = {
  "torch.SGD": [sgd, { ...common, momentum: "momentum", dampening: "dampening", nesterov: "nesterov" }],
  "torch.Adam": [adam, adamNames],
  "torch.AdamW": [adamw, adamNames],
  "paper.BertAdam": [bertAdam, adamNames],
  "paper.Lamb": [lamb, { ...adamNames, bias_correction: "biasCorrection", phi: "normBounds" }],
  "transformers.Adafactor": [
    adafactor,
    {
      ...common,
      eps: "epsilon minimumScale",
      clip_threshold: "clipThreshold",
      decay_rate: "decayExponent",
      beta1: "beta1",
      scale_parameter: "scaleParameter",
      relative_step: "relativeStep",
      warmup_init: "warmupInit",
    },
  ],
  "torch.Adafactor": [adafactorTorch, common],
  "torch.Adagrad": [
    adagrad,
    { ...common, lr_decay: "learningRateDecay", initial_accumulator_value: "initialSum", eps: "epsilon" },
  ],
  "torch.Adadelta": [adadelta, { ...common, rho: "rho", eps: "epsilon" }],
  "torch.RMSprop": [rmsprop, { ...common, alpha: "alpha", momentum: "momentum", centered: "centered", eps: "epsilon" }],
};

/** A finding for each case. */
export function* checkOptimizers(kernels: Kernels, recorded: RecordedOptimizers): Generator<Finding> {
  for (const run of recorded.cases) {
    const [make, names] = rules[run.optimizer] ?? [];
    if (make === undefined || names === undefined) {
      yield failure("training", run.name, `there is no optimizer ${run.optimizer} here`);
      continue;
    }
    const rule = make(renamedSettings(run.settings, names));
    yield oneCase("training", run.name, new Replay(kernels, recorded, run).compare(rule));
  }
}

interface PlacedParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
}

/** One case run again. */
class Replay {
  readonly #kernels: Kernels;
  readonly #recorded: RecordedOptimizers;
  readonly #run: RecordedCase;
  readonly #placed: readonly PlacedParameter[];
  readonly #total: number;

  constructor(kernels: Kernels, recorded: RecordedOptimizers, run: RecordedCase) {
    this.#kernels = kernels;
    this.#recorded = recorded;
    this.#run = run;
    let offset = 0;
    this.#placed = Object.entries(recorded.parameters).map(([name, { shape, data }]) => {
      const placed = { name, shape, offset };
      offset += Math.ceil(data.length / 16) * 16;
      return placed;
    });
    this.#total = offset;
  }

  *compare(rule: UpdateRule): Generator<Finding> {
    const { memory } = this.#kernels;
    const parameters = memory.allocate("float32", this.#total);
    const gradients = memory.allocate("float32", this.#total);
    this.#fill(parameters, this.#recorded.parameters);
    const optimizer = new Optimizer(rule, { kernels: this.#kernels, parameters }, this.#groups());
    const { values, lr_factors: factors } = this.#run;
    for (const [step, expected] of values.entries()) {
      this.#fill(gradients, this.#recorded.gradients[step] ?? {});
      optimizer.step({ gradients, learningRate: this.#learningRate * (factors?.[step] ?? 1) });
      for (const { name: parameter, shape, offset } of this.#placed) {
        const data = expected[parameter] ?? [];
        const actual = { shape, data: parameters.slice(offset, offset + data.length) };
        yield compare("training", `${parameter} after step ${step + 1}`, actual, { shape, data }, tolerance);
      }
    }
    yield* this.#compareState(optimizer);
    optimizer.dispose();
    for (const array of [parameters, gradients]) memory.free(array);
  }

  *#compareState(optimizer: Optimizer): Generator<Finding> {
    const { arrays } = optimizer.exportState();
    for (const [parameter, states] of Object.entries(this.#run.state_after)) {
      for (const [state, expected] of Object.entries(states)) {
        if (typeof expected === "number") continue;
        const data = arrays.get(`${state}/${parameter}`);
        const actual = data && { shape: expected.shape, data };
        yield compare("training", `${state} of ${parameter}`, actual, expected, tolerance);
      }
    }
  }

  get #learningRate(): number {
    return (this.#run.settings.lr as number | null | undefined) ?? 1;
  }

  #groups(): ParameterGroup[] {
    const { second_group: second } = this.#run;
    if (second === null) return [{ parameters: this.#placed }];
    const { lr, weight_decay: weightDecay, ...others } = second;
    renamedSettings(others, {});
    const isVector = ({ shape }: PlacedParameter): boolean => shape.length <= 1;
    const settings = {
      ...(weightDecay === undefined ? {} : { weightDecay: weightDecay as number }),
      learningRateScale: ((lr as number | undefined) ?? this.#learningRate) / this.#learningRate,
    };
    return [
      { parameters: this.#placed.filter((parameter) => !isVector(parameter)) },
      { parameters: this.#placed.filter(isVector), ...settings },
    ];
  }

  #fill(flat: Float32Array, arrays: RecordedArrays): void {
    flat.fill(0);
    for (const { name, offset } of this.#placed) flat.set(arrays[name]?.data ?? [], offset);
  }
}
