/**
 * Where a model's values live: one flat region of one memory, which the engine reads in place, the kernels step on and
 * checkpoints are written from. Values that were loaded stay in their file until somebody wants them in memory.
 */
import { ConfigurationError } from "../errors.ts";
import type { Parameter } from "../graph/index.ts";
import type { FileStretch } from "../platform/platform.ts";
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
  #memory: FlatMemory | undefined;
  #flat: Float32Array | undefined;
  readonly #stored = new Map<Parameter, FileStretch>();
  #isOpen = false;
  /** Is told that the values may change from now on, or have moved. */
  onChange: () => void = () => undefined;

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
  }

  get memory(): FlatMemory {
    this.#memory ??= new FlatMemory({ initialBytes: this.length * 4 });
    return this.#memory;
  }

  /** All values, [length], to be changed at will: nobody may take them for constant any more. */
  get values(): Float32Array {
    this.open();
    for (const parameter of [...this.#stored.keys()]) this.#read(parameter);
    return this.#memoryOfAll();
  }

  /** Whether somebody was given the values to change them, at any time without a word. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** From now on the values may change at any time. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.onChange();
  }

  /** Leaves a parameter's values, float32, in a file until somebody wants them in memory. */
  leaveInFile(parameter: Parameter, stretch: FileStretch): void {
    this.#stored.set(parameter, stretch);
  }

  /** Where the values are that are not in memory. */
  get stored(): ReadonlyMap<Parameter, FileStretch> {
    return this.#stored;
  }

  /** Bytes of values that are in memory. */
  get bytesInMemory(): number {
    const present = this.parameters.filter((parameter) => !this.#stored.has(parameter));
    return present.reduce((total, { size }) => total + size, 0) * Float32Array.BYTES_PER_ELEMENT;
  }

  /** The flat region; what is left in files has its place there, which takes no memory until it is written to. */
  #memoryOfAll(): Float32Array {
    this.#flat ??= this.memory.allocate("float32", this.length);
    return this.#flat;
  }

  /** Takes values into memory. Throws a CheckpointError if they were left in a file that has been written to since. */
  #read(parameter: Parameter): void {
    const stretch = this.#stored.get(parameter);
    if (stretch === undefined) return;
    const { buffer, byteOffset, byteLength } = this.view(parameter, this.#memoryOfAll());
    stretch.file.readNow(stretch.offset, new Uint8Array(buffer, byteOffset, byteLength));
    this.#stored.delete(parameter);
  }

  /** Where the parameter begins in the flat region, in elements. */
  offsetOf(parameter: Parameter): number {
    const offset = this.#offsets.get(parameter);
    if (offset === undefined) throw new ConfigurationError(`${parameter.name} is no parameter of this model`);
    return offset;
  }

  /** The parameter's elements within `flat`, which has this store's layout: its values, to be changed, when left out. */
  view(parameter: Parameter, flat: Float32Array = this.values): Float32Array {
    const offset = this.offsetOf(parameter);
    return flat.subarray(offset, offset + parameter.size);
  }

  /** The parameter's values, only to be read. */
  peek(parameter: Parameter): Float32Array {
    this.#read(parameter);
    return this.view(parameter, this.#memoryOfAll());
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
      parameter.initialize(random.fork("parameter", parameter.name), this.peek(parameter), parameter.shape);
    }
  }

  /**
   * Makes room for `count` more flat regions of the same length in the same memory and returns them, zeroed. An unshared
   * memory cannot grow, so the values move to a larger one, with room for `reserveBytes` beside (an optimizer's state,
   * a step's rows and masks): graphs that were compiled before must be compiled anew.
   */
  allocateBeside(count: number, reserveBytes = 2 * this.length * 4 + 2 ** 26): Float32Array[] {
    const values = this.values;
    if (!this.memory.shared) {
      const regions = (count + 1) * (this.length * 4 + REGION_ALIGNMENT_BYTES);
      const larger = new FlatMemory({ shared: false, initialBytes: regions + reserveBytes });
      this.#flat = larger.allocate("float32", this.length);
      this.#flat.set(values);
      this.#memory = larger;
      this.onChange();
    }
    return Array.from({ length: count }, () => this.memory.allocate("float32", this.length));
  }
}
