/**
 * The kernels as TypeScript sees them: typed, bounds-checked functions over arrays of one `FlatMemory`. Arrays are
 * views that `FlatMemory.allocate` gave, or subarrays of these. A call returns when all threads are done.
 */
import { ShapeError } from "../../errors.ts";
import { COUNTER_DOMAIN } from "../../random.ts";
import type { FlatMemory, MemoryArray } from "../memory.ts";
import { type KernelArgument, type KernelExecutor, type MovingArgument, SingleThread } from "../thread-pool.ts";
import type { DropoutPlace } from "./dropout.ts";
import { compileKernels, instantiateKernels, type KernelName } from "./module.ts";

/** Elements in a piece: 256 KiB of each float32 array. Reductions sum by pieces, so changing this changes their bits. */
const PIECE = 65536;
/** Columns of an embedding table in a piece. */
const COLUMN_PIECE = 64;
/** Partial results of one reduction; enough for 4 GiB of float32. */
const MAXIMUM_PIECES = 2 ** 30 / PIECE;

/** One element's step of Adam and its kin: see assembly/adam.ts for the formula. */
export interface AdamScalars {
  gradientScale: number;
  /** λ of L2 regularization, added to the gradient as λ p. */
  l2: number;
  beta1: number;
  beta2: number;
  /** Learning rate, divided by 1 − β1ᵗ where the method corrects the bias. */
  rate: number;
  /** Factor of √v: 1 / √(1 − β2ᵗ) where the method corrects the bias, else 1. */
  root: number;
  epsilon: number;
  /** Factor of the parameter: 1 − learning rate · λ for decoupled decay, else 1. */
  decay: number;
}

export interface LambScalars {
  gradientScale: number;
  beta1: number;
  beta2: number;
  /** 1 / (1 − β1ᵗ) where the bias is corrected, else 1. */
  firstCorrection: number;
  /** 1 / √(1 − β2ᵗ) where the bias is corrected, else 1. */
  root: number;
  epsilon: number;
  weightDecay: number;
}

export interface SgdScalars {
  gradientScale: number;
  l2: number;
  rate: number;
}

export interface MomentumScalars extends SgdScalars {
  momentum: number;
  /** Share of the gradient that enters the buffer: 1 − dampening, and 1 at the first step. */
  gradientShare: number;
  nesterov: boolean;
}

export class Kernels {
  readonly memory: FlatMemory;
  readonly executor: KernelExecutor;
  readonly #partial: Float64Array;

  constructor(memory: FlatMemory, executor: KernelExecutor) {
    this.memory = memory;
    this.executor = executor;
    this.#partial = memory.allocate("float64", MAXIMUM_PIECES);
  }

  /** Ends the threads; the arrays stay usable. */
  dispose(): Promise<void> {
    return this.executor.dispose();
  }

  adam(p: Float32Array, g: Float32Array, m: Float32Array, v: Float32Array, scalars: AdamScalars): void {
    this.#elementwise("adam", [p, g, m, v], adamArguments(scalars));
  }

  /** Like `adam`, with the largest second moment so far in `largest`. */
  adamAmsgrad(
    p: Float32Array,
    g: Float32Array,
    m: Float32Array,
    v: Float32Array,
    largest: Float32Array,
    scalars: AdamScalars,
  ): void {
    this.#elementwise("adamAmsgrad", [p, g, m, v, largest], adamArguments(scalars));
  }

  /** Steps the moments and leaves LAMB's update, not yet scaled by its trust ratio, in the gradient's place. */
  lambUpdate(p: Float32Array, g: Float32Array, m: Float32Array, v: Float32Array, scalars: LambScalars): void {
    const { gradientScale, beta1, beta2, firstCorrection, root, epsilon, weightDecay } = scalars;
    const betas = [beta1, 1 - beta1, beta2, 1 - beta2];
    this.#elementwise(
      "lambUpdate",
      [p, g, m, v],
      [gradientScale, ...betas, firstCorrection, root, epsilon, weightDecay],
    );
  }

  sgd(p: Float32Array, g: Float32Array, scalars: SgdScalars): void {
    this.#elementwise("sgd", [p, g], [scalars.gradientScale, scalars.l2, scalars.rate]);
  }

  sgdMomentum(p: Float32Array, g: Float32Array, buffer: Float32Array, scalars: MomentumScalars): void {
    const { gradientScale, l2, rate, momentum, gradientShare, nesterov } = scalars;
    const shares = nesterov ? [1, momentum] : [0, 1];
    this.#elementwise("sgdMomentum", [p, g, buffer], [gradientScale, l2, rate, momentum, gradientShare, ...shares]);
  }

  fill(x: Float32Array, value: number): void {
    this.#elementwise("fill", [x], [value]);
  }

  scale(x: Float32Array, factor: number): void {
    this.#elementwise("scale", [x], [factor]);
  }

  /** target ← target + source */
  add(target: Float32Array, source: Float32Array): void {
    this.#elementwise("add", [target, source], []);
  }

  /** target ← targetFactor · target + sourceFactor · source */
  combine(target: Float32Array, source: Float32Array, targetFactor: number, sourceFactor: number): void {
    this.#elementwise("combine", [target, source], [targetFactor, sourceFactor]);
  }

  /** x ← min(max(x, −limit), limit) */
  clamp(x: Float32Array, limit: number): void {
    this.#elementwise("clamp", [x], [limit]);
  }

  /** Σ x² in float64; not finite exactly when some value is not. */
  sumOfSquares(x: Float32Array): number {
    return this.#reduce("sumOfSquares", x).reduce((sum, part) => sum + part, 0);
  }

  /** Σ |x| in float64. */
  sumOfMagnitudes(x: Float32Array): number {
    return this.#reduce("sumOfMagnitudes", x).reduce((sum, part) => sum + part, 0);
  }

  /** max |x|, 0 for an empty array, NaN when some value is. */
  largestMagnitude(x: Float32Array): number {
    return this.#reduce("largestMagnitude", x).reduce((largest, part) => Math.max(largest, part), 0);
  }

  /**
   * The gradient of an embedding: table[ids[i], :] += rows[i, :], in the order of i, for all ids but `skip` (the padding
   * row that takes no gradient). table [V, D], ids [N], rows [N, D].
   */
  scatterAddRows(table: Float32Array, ids: BigInt64Array, rows: Float32Array, width: number, skip = -1): void {
    const vocabulary = table.length / width;
    if (!Number.isInteger(vocabulary) || rows.length !== ids.length * width) {
      throw new ShapeError("the rows do not fit the table that they are added to", {
        expected: `a table of rows of ${width} and ${ids.length} rows of ${width}`,
        received: `${table.length} and ${rows.length} values`,
      });
    }
    checkIds(ids, vocabulary);
    const idsAt = this.memory.offsetOf(ids);
    this.executor.run({
      kernel: "scatterAddRows",
      items: width,
      piece: COLUMN_PIECE,
      arguments: [this.#moving(table), this.#moving(rows), idsAt, ids.length, width, vocabulary, skip],
    });
  }

  /** Writes 1 where a value is kept, 0 where it is dropped: see dropout.ts. `threshold` is `keepThreshold(rate)`. */
  dropoutMask(out: Uint8Array, place: DropoutPlace, threshold: number): void {
    const blocks = { start: 0, perItem: 1 / 8 };
    const [low, high] = place.key;
    this.executor.run({
      kernel: "dropoutMask",
      items: out.length,
      piece: PIECE,
      arguments: [this.#moving(out), blocks, low, high, place.site, place.step, COUNTER_DOMAIN.dropout, threshold],
    });
  }

  #moving(array: MemoryArray): MovingArgument {
    return { start: this.memory.offsetOf(array), perItem: array.BYTES_PER_ELEMENT };
  }

  #elementwise(kernel: KernelName, arrays: Float32Array[], scalars: readonly KernelArgument[]): void {
    const items = arrays[0]?.length ?? 0;
    if (arrays.some((array) => array.length !== items)) {
      throw new ShapeError(`the arrays given to the kernel "${kernel}" differ in length`, {
        received: arrays.map((array) => array.length).join(", "),
      });
    }
    const pointers = arrays.map((array) => this.#moving(array));
    this.executor.run({ kernel, items, piece: PIECE, arguments: [...pointers, ...scalars] });
  }

  #reduce(kernel: KernelName, x: Float32Array): Float64Array {
    const out = { start: this.#partial.byteOffset, perItem: this.#partial.BYTES_PER_ELEMENT / PIECE };
    this.executor.run({ kernel, items: x.length, piece: PIECE, arguments: [this.#moving(x), out] });
    return this.#partial.subarray(0, Math.ceil(x.length / PIECE));
  }
}

function adamArguments(scalars: AdamScalars): number[] {
  const { gradientScale, l2, beta1, beta2, rate, root, epsilon, decay } = scalars;
  return [gradientScale, l2, beta1, 1 - beta1, beta2, 1 - beta2, rate, root, epsilon, decay];
}

/** Reads the ids as pairs of 32-bit words, which is much faster than as big integers. */
function checkIds(ids: BigInt64Array, vocabulary: number): void {
  const words = new Int32Array(ids.buffer, ids.byteOffset, ids.length * 2);
  for (let i = 0; i < ids.length; i++) {
    const id = (words[2 * i + 1] as number) * 2 ** 32 + ((words[2 * i] as number) >>> 0);
    if (id < 0 || id >= vocabulary) {
      throw new ShapeError("an id lies outside the embedding table", {
        field: `ids[${i}]`,
        expected: `0 to ${vocabulary - 1}`,
        received: String(id),
      });
    }
  }
}

/** The kernels on a memory, on the calling thread alone: for browsers. Node's `createKernels` uses threads. */
export async function createKernels(memory: FlatMemory): Promise<Kernels> {
  const functions = await instantiateKernels(await compileKernels(memory.shared), memory.memory);
  return new Kernels(memory, new SingleThread(functions));
}
