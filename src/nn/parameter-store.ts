/**
 * Where a model's values live: one flat region of one memory, which the engine reads in place, the kernels step on and
 * checkpoints are written from.
 */
import { ConfigurationError } from "../errors.ts";
import type { Parameter } from "../graph/index.ts";
import type { Random } from "../random.ts";
import { FlatMemory, REGION_ALIGNMENT_BYTES } from "../runtime/memory.ts";

const alignment = REGION_ALIGNMENT_BYTES / Float32Array.BYTES_PER_ELEMENT;

/** A stretch of the flat region, in elements. */
export interface ParameterRange {
  readonly offset: number;
  readonly length: number;
}

export class ParameterStore {
  /** In the order of the flat region: decaying ones first, so that an optimizer steps over long stretches. */
  readonly parameters: readonly Parameter[];
  /** Elements of the flat region, padding included. */
  readonly length: number;
  readonly #offsets: ReadonlyMap<Parameter, number>;
  #memory: FlatMemory;
  #values: Float32Array;

  constructor(parameters: readonly Parameter[]) {
    this.parameters = [...parameters.filter((p) => p.decays), ...parameters.filter((p) => !p.decays)];
    const offsets = new Map<Parameter, number>();
    let length = 0;
    for (const parameter of this.parameters) {
      offsets.set(parameter, length);
      length += Math.ceil(parameter.size / alignment) * alignment;
    }
    this.#offsets = offsets;
    this.length = length;
    this.#memory = new FlatMemory({ initialBytes: length * 4 });
    this.#values = this.#memory.allocate("float32", length);
  }

  get memory(): FlatMemory {
    return this.#memory;
  }

  /** All values, [length]. */
  get values(): Float32Array {
    return this.#values;
  }

  /** Where the parameter begins in the flat region, in elements. */
  offsetOf(parameter: Parameter): number {
    const offset = this.#offsets.get(parameter);
    if (offset === undefined) throw new ConfigurationError(`${parameter.name} is no parameter of this model`);
    return offset;
  }

  /** The parameter's elements within `flat`, which has this store's layout: its values when left out. */
  view(parameter: Parameter, flat: Float32Array = this.#values): Float32Array {
    const offset = this.offsetOf(parameter);
    return flat.subarray(offset, offset + parameter.size);
  }

  /** The stretches that the chosen parameters cover, neighbours joined, padding between them included. */
  ranges(chosen: (parameter: Parameter) => boolean): ParameterRange[] {
    const ranges: { offset: number; length: number }[] = [];
    for (const parameter of this.parameters.filter(chosen)) {
      const offset = this.offsetOf(parameter);
      const length = Math.ceil(parameter.size / alignment) * alignment;
      const last = ranges.at(-1);
      if (last !== undefined && last.offset + last.length === offset) last.length += length;
      else ranges.push({ offset, length });
    }
    return ranges;
  }

  /** Draws parameters anew, all when none are named, each from a stream of its own name. */
  initialize(random: Random, parameters: readonly Parameter[] = this.parameters): void {
    for (const parameter of parameters) {
      parameter.initialize(random.fork("parameter", parameter.name), this.view(parameter), parameter.shape);
    }
  }

  /**
   * Makes room for `count` more flat regions of the same length in the same memory and returns them, zeroed. An unshared
   * memory cannot grow, so the values move to a larger one, with room for `reserveBytes` beside (an optimizer's state,
   * a step's rows and masks): graphs that were compiled before must be compiled anew.
   */
  allocateBeside(count: number, reserveBytes = 2 * this.length * 4 + 2 ** 26): Float32Array[] {
    if (!this.#memory.shared) {
      const regions = (count + 1) * (this.length * 4 + REGION_ALIGNMENT_BYTES);
      const larger = new FlatMemory({ shared: false, initialBytes: regions + reserveBytes });
      const values = larger.allocate("float32", this.length);
      values.set(this.#values);
      this.#memory = larger;
      this.#values = values;
    }
    return Array.from({ length: count }, () => this.#memory.allocate("float32", this.length));
  }
}
