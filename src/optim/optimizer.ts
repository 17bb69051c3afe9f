/**
 * What all optimizers share: the flat buffers, the stretches of parameters, the state and its way to and from
 * checkpoints. How a stretch is updated is an `UpdateRule`, one file each.
 */
import { CheckpointError, ConfigurationError } from "../errors.ts";
import type { Kernels } from "../runtime/kernels/kernels.ts";
import { REGION_ALIGNMENT_BYTES } from "../runtime/memory.ts";
import { gradientNorm, type NormType } from "./clipping.ts";
import { elementCount, nonNegative, type ParameterGroup, type Stretch, stretchesOf } from "./parameter-groups.ts";

/** State arrays by name, with their lengths in elements. */
export type StateLengths = Readonly<Record<string, number>>;

/** How a rule keeps its state; bfloat16 as its 16 bits. */
export type StateType = "float32" | "bfloat16";
type StateArray = Float32Array | Uint16Array;

/** What a rule works on: views into the flat buffers and the state that belongs to them. */
export interface LiveStretch {
  readonly kernels: Kernels;
  readonly parameters: Float32Array;
  /** A rule may leave anything here: gradients are made anew for every step. */
  readonly gradients: Float32Array;
  /** The arrays that the rule's `stateLengths` asked for. */
  readonly state: Readonly<Record<string, StateArray>>;
  /** Of the single parameter, when the rule is `perTensor`; else of the first. */
  readonly shape: readonly number[];
}

export interface UpdateSettings {
  /** 1 at the first step. */
  readonly stepNumber: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  /** What the gradients are to be multiplied by. */
  readonly gradientScale: number;
}

export interface UpdateRule {
  readonly name: string;
  /** Weight decay of the groups that do not say. */
  readonly weightDecay: number;
  /** Whether parameters are updated one by one, because their norms or shapes matter, or joined with their neighbours. */
  readonly perTensor: boolean;
  /** float32 when left out. */
  readonly stateType?: StateType;
  /** State of a stretch of so many elements; `shape` is the parameter's when the rule is `perTensor`. */
  stateLengths(length: number, shape: readonly number[]): StateLengths;
  update(stretch: LiveStretch, settings: UpdateSettings): void;
}

export interface StepOptions {
  /** In the layout of the parameters. A rule may leave other values in it. */
  readonly gradients: Float32Array;
  readonly learningRate: number;
  /** Multiplies the gradients: clipping, and the mean over accumulated batches. 1 by default. */
  readonly gradientScale?: number;
}

/**
 * What a checkpoint keeps. The arrays, named `<state>/<parameter>`, are views of the live state, or its values where it is
 * not kept as float32.
 */
export interface OptimizerState {
  readonly stepNumber: number;
  readonly arrays: ReadonlyMap<string, Float32Array>;
}

export class Optimizer {
  readonly rule: UpdateRule;
  readonly stretches: readonly Stretch[];
  readonly #kernels: Kernels;
  readonly #parameters: Float32Array;
  /** Of each stretch. */
  readonly #states: readonly Readonly<Record<string, StateArray>>[];
  #stepNumber = 0;

  /** `parameters` is the flat buffer that the groups' offsets count in, in the kernels' memory. */
  constructor(
    rule: UpdateRule,
    buffers: { readonly kernels: Kernels; readonly parameters: Float32Array },
    groups: readonly ParameterGroup[],
  ) {
    const { kernels, parameters } = buffers;
    this.rule = rule;
    this.stretches = stretchesFor(rule, groups, parameters.length);
    this.#kernels = kernels;
    this.#parameters = parameters;
    this.#states = this.stretches.map((stretch) => {
      const lengths = Object.entries(stateLengthsOf(rule, stretch));
      const type = rule.stateType ?? "float32";
      return Object.fromEntries(lengths.map(([name, length]) => [name, kernels.memory.allocate(type, length)]));
    });
  }

  /** Steps taken so far. */
  get stepNumber(): number {
    return this.#stepNumber;
  }

  /** Updates all parameters of the groups. */
  step(options: StepOptions): void {
    const { learningRate, gradientScale = 1 } = options;
    nonNegative("learningRate", learningRate);
    this.#checkLayout(options.gradients);
    this.#stepNumber++;
    this.stretches.forEach((stretch, i) => {
      const live: LiveStretch = {
        kernels: this.#kernels,
        parameters: within(this.#parameters, stretch),
        gradients: within(options.gradients, stretch),
        state: this.#states[i] ?? {},
        shape: shapeOf(stretch),
      };
      this.rule.update(live, {
        stepNumber: this.#stepNumber,
        learningRate: learningRate * stretch.learningRateScale,
        weightDecay: stretch.weightDecay,
        gradientScale,
      });
    });
  }

  /** The norm of the trained parameters' gradients together, before any scaling; not finite when some value is not. */
  gradientNorm(gradients: Float32Array, type: NormType = 2): number {
    this.#checkLayout(gradients);
    const trained = this.stretches.map((stretch) => within(gradients, stretch));
    return gradientNorm(this.#kernels, trained, type);
  }

  exportState(): OptimizerState {
    const arrays = [...this.#namedArrays()].map(([name, array]): [string, Float32Array] => [name, floatsOf(array)]);
    return { stepNumber: this.#stepNumber, arrays: new Map(arrays) };
  }

  /** Copies a checkpoint's state in. It must be of the same rule and parameters. */
  importState(state: OptimizerState): void {
    const own = this.#namedArrays();
    for (const [name, array] of own) {
      const saved = state.arrays.get(name);
      if (saved === undefined || saved.length !== array.length) {
        throw new CheckpointError("the saved optimizer state does not belong to this optimizer and model", {
          field: name,
          expected: `${array.length} values`,
          received: saved === undefined ? "nothing" : `${saved.length} values`,
        });
      }
    }
    const unknown = [...state.arrays.keys()].find((name) => !own.has(name));
    if (unknown !== undefined || !Number.isSafeInteger(state.stepNumber) || state.stepNumber < 0) {
      throw new CheckpointError("the saved optimizer state does not belong to this optimizer and model", {
        field: unknown ?? "stepNumber",
        received: unknown === undefined ? String(state.stepNumber) : "values that nothing here asks for",
      });
    }
    for (const [name, array] of own) setFloats(array, state.arrays.get(name) as Float32Array);
    this.#stepNumber = state.stepNumber;
  }

  /** Gives the state's memory back. */
  dispose(): void {
    for (const state of this.#states) {
      for (const array of Object.values(state)) this.#kernels.memory.free(array);
    }
  }

  #checkLayout(gradients: Float32Array): void {
    if (gradients.length !== this.#parameters.length) {
      throw new ConfigurationError("the flat buffers of parameters and gradients differ in length", {
        expected: String(this.#parameters.length),
        received: String(gradients.length),
      });
    }
  }

  #namedArrays(): Map<string, StateArray> {
    const arrays = new Map<string, StateArray>();
    this.stretches.forEach((stretch, i) => {
      for (const [name, array] of Object.entries(this.#states[i] ?? {})) {
        for (const parameter of stretch.parameters) {
          const start = parameter.offset - stretch.offset;
          // The state of a joined stretch follows the parameters element by element.
          const view = this.rule.perTensor ? array : array.subarray(start, start + elementCount(parameter.shape));
          arrays.set(`${name}/${parameter.name}`, view);
        }
      }
    });
    return arrays;
  }
}

/** The array itself, or what its bfloat16 are worth. */
function floatsOf(array: StateArray): Float32Array {
  if (array instanceof Float32Array) return array;
  const bits = new Uint32Array(array.length);
  for (let i = 0; i < bits.length; i++) bits[i] = (array[i] as number) << 16;
  return new Float32Array(bits.buffer);
}

/** Float32 that came from bfloat16 become what they were; others lose their last bits. */
function setFloats(array: StateArray, values: Float32Array): void {
  if (array instanceof Float32Array) {
    array.set(values);
    return;
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) array[i] = (bits[i] as number) >>> 16;
}

function stretchesFor(rule: UpdateRule, groups: readonly ParameterGroup[], total: number): Stretch[] {
  return stretchesOf(groups, { total, weightDecay: rule.weightDecay, joined: !rule.perTensor });
}

function within(flat: Float32Array, stretch: Stretch): Float32Array {
  return flat.subarray(stretch.offset, stretch.offset + stretch.length);
}

function shapeOf(stretch: Stretch): readonly number[] {
  return stretch.parameters[0]?.shape ?? [];
}

function stateLengthsOf(rule: UpdateRule, stretch: Stretch): StateLengths {
  return rule.stateLengths(stretch.length, shapeOf(stretch));
}

/** Bytes of the kernels' memory that an optimizer will take for its state; for plans, and memories that cannot grow. */
export function stateBytes(rule: UpdateRule, groups: readonly ParameterGroup[]): number {
  let bytes = 0;
  const perElement = rule.stateType === "bfloat16" ? 2 : 4;
  for (const stretch of stretchesFor(rule, groups, Number.MAX_SAFE_INTEGER)) {
    for (const length of Object.values(stateLengthsOf(rule, stretch))) {
      bytes += Math.max(1, Math.ceil((length * perElement) / REGION_ALIGNMENT_BYTES)) * REGION_ALIGNMENT_BYTES;
    }
  }
  return bytes;
}
