/**
 * The kernels as TypeScript sees them: typed, bounds-checked functions over arrays of one `FlatMemory`. Arrays are
 * views that `FlatMemory.allocate` gave, or subarrays of these. A call returns when all threads are done.
 */
import { ShapeError } from "../../errors.ts";
import { COUNTER_DOMAIN } from "../../random.ts";
import type { FlatMemory, MemoryArray } from "../memory.ts";
import { type KernelExecutor, type MovingArgument, SingleThread } from "../thread-pool.ts";
import type { DropoutPlace } from "./dropout.ts";
import { compileKernels, type ElementwiseKernel, instantiateKernels, type KernelName } from "./module.ts";

/** Elements in a piece: 256 KiB of each float32 array. Reductions sum by pieces, so changing this changes their bits. */
const PIECE = 65536;
/** Columns and rows of a matrix in a piece. */
const COLUMN_PIECE = 64;
const ROW_PIECE = 64;
/** Partial results of one reduction; enough for 4 GiB of float32. */
const MAXIMUM_PIECES = 2 ** 30 / PIECE;

export interface MeanSquareScalars {
  /** Multiplies the values. */
  readonly scale: number;
  /** Added to every square. */
  readonly offset: number;
  /** Share that the earlier result keeps. */
  readonly share: number;
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

  /**
   * Runs a kernel over every element of arrays of equal length: see assembly/ for each kernel's arrays, in order, and the
   * scalars that follow them.
   */
  elementwise(kernel: ElementwiseKernel, arrays: readonly Float32Array[], scalars: readonly number[]): void {
    const items = arrays[0]?.length ?? 0;
    checkLengths(kernel, arrays);
    const pointers = arrays.map((array) => this.#moving(array));
    this.executor.run({ kernel, items, piece: PIECE, arguments: [...pointers, ...scalars] });
  }

  fill(x: Float32Array, value: number): void {
    this.elementwise("fill", [x], [value]);
  }

  scale(x: Float32Array, factor: number): void {
    this.elementwise("scale", [x], [factor]);
  }

  /** target ← target + source */
  add(target: Float32Array, source: Float32Array): void {
    this.elementwise("add", [target, source], []);
  }

  /** target ← targetFactor · target + sourceFactor · source */
  combine(target: Float32Array, source: Float32Array, targetFactor: number, sourceFactor: number): void {
    this.elementwise("combine", [target, source], [targetFactor, sourceFactor]);
  }

  /** x ← min(max(x, −limit), limit) */
  clamp(x: Float32Array, limit: number): void {
    this.elementwise("clamp", [x], [limit]);
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

  /** out[r] ← share · out[r] + (1 − share) · (mean over columns of (scale · x[r, :])², plus offset). x [R, C], out [R]. */
  meanSquaresOfRows(x: Float32Array, out: Float32Array, { scale, offset, share }: MeanSquareScalars): void {
    const width = columnsOf(x, out.length);
    this.executor.run({
      kernel: "meanSquaresOfRows",
      items: out.length,
      piece: ROW_PIECE,
      arguments: [this.#moving(x, width), this.#moving(out), width, scale, offset, share],
    });
  }

  /** out[c] ← share · out[c] + (1 − share) · (mean over rows of (scale · x[:, c])², plus offset). x [R, C], out [C]. */
  meanSquaresOfColumns(x: Float32Array, out: Float32Array, { scale, offset, share }: MeanSquareScalars): void {
    const rows = columnsOf(x, out.length);
    this.executor.run({
      kernel: "meanSquaresOfColumns",
      items: out.length,
      piece: COLUMN_PIECE,
      arguments: [this.#moving(x), this.#moving(out), rows, out.length, scale, offset, share],
    });
  }

  /** g[r, c] ← scale · g / max(√(rowMeans[r] · rowFactor) · √columnMeans[c], floor). g [R, C], in place. */
  factoredUpdate(
    g: Float32Array,
    rowMeans: Float32Array,
    columnMeans: Float32Array,
    scalars: { scale: number; rowFactor: number; floor: number },
  ): void {
    const width = columnsOf(g, rowMeans.length);
    if (width !== columnMeans.length) {
      throw new ShapeError("the means do not fit the matrix", {
        expected: `${width} columns`,
        received: String(columnMeans.length),
      });
    }
    const columnsAt = this.memory.offsetOf(columnMeans);
    this.executor.run({
      kernel: "factoredUpdate",
      items: rowMeans.length,
      piece: ROW_PIECE,
      arguments: [
        this.#moving(g, width),
        this.#moving(rowMeans),
        columnsAt,
        width,
        scalars.scale,
        scalars.rowFactor,
        scalars.floor,
      ],
    });
  }

  /**
   * `adam` with moments of bfloat16, which are rounded at random: by the element's number and `key`, one for each step.
   */
  adamHalf(
    [parameters, gradients]: readonly [Float32Array, Float32Array],
    moments: readonly [Uint16Array, Uint16Array],
    scalars: readonly number[],
    key: number,
  ): void {
    const arrays = [parameters, gradients, ...moments];
    checkLengths("adamHalf", arrays);
    const pointers = arrays.map((array) => this.#moving(array));
    const numbers = { start: 0, perItem: 1 };
    this.executor.run({
      kernel: "adamHalf",
      items: parameters.length,
      piece: PIECE,
      arguments: [...pointers, ...scalars, numbers, key],
    });
  }

  /** A pointer that moves by so many elements an item. */
  #moving(array: MemoryArray, elementsPerItem = 1): MovingArgument {
    return { start: this.memory.offsetOf(array), perItem: array.BYTES_PER_ELEMENT * elementsPerItem };
  }

  #reduce(kernel: KernelName, x: Float32Array): Float64Array {
    const out = { start: this.#partial.byteOffset, perItem: this.#partial.BYTES_PER_ELEMENT / PIECE };
    this.executor.run({ kernel, items: x.length, piece: PIECE, arguments: [this.#moving(x), out] });
    return this.#partial.subarray(0, Math.ceil(x.length / PIECE));
  }
}

function checkLengths(kernel: KernelName, arrays: readonly MemoryArray[]): void {
  if (arrays.every((array) => array.length === arrays[0]?.length)) return;
  throw new ShapeError(`the arrays given to the kernel "${kernel}" differ in length`, {
    received: arrays.map((array) => array.length).join(", "),
  });
}

function columnsOf(matrix: Float32Array, rows: number): number {
  const columns = matrix.length / rows;
  if (!Number.isInteger(columns)) {
    throw new ShapeError("the means do not fit the matrix", {
      expected: `a divisor of its ${matrix.length} values`,
      received: String(rows),
    });
  }
  return columns;
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
