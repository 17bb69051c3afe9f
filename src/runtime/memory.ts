/**
 * One WebAssembly memory that holds parameters, gradients and optimizer state side by side, so that the engine, the
 * kernels and TypeScript work on the same bytes without copies.
 *
 * A shared memory grows as needed and views handed out earlier stay valid. Growing an unshared memory would detach its
 * views, so it is created with its full size. A memory holds 4 GiB at most: larger models take several, each with its
 * own kernels (`createKernels`).
 */
import { ConfigurationError, ResourceError, ShapeError } from "../errors.ts";

/** The typed array that holds elements of each type; float16 and bfloat16 are kept as their 16 bits. */
export interface MemoryArrays {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int8: Int8Array;
  uint32: Uint32Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type MemoryElementType = keyof MemoryArrays;
export type MemoryArray = MemoryArrays[MemoryElementType];

const ARRAY_CONSTRUCTORS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Regions begin at multiples of this and are padded to it: a cache line, sixteen float32. */
export const REGION_ALIGNMENT_BYTES = 64;

const PAGE_BYTES = 65536;
const MAXIMUM_PAGES = 65536;
/** Growing asks for whole steps of this size, so that many small regions do not mean many calls. */
const GROWTH_PAGES = 16;

export interface FlatMemoryOptions {
  /** Shared between threads; by default whether this environment allows it. */
  shared?: boolean;
  /** Room made at the start; the whole of it for an unshared memory, which does not grow. */
  initialBytes?: number;
  /** A shared memory grows up to this; 4 GiB by default, or what the environment grants. */
  maximumBytes?: number;
}

/** Whether memory can be shared between threads here (in a browser: only on cross-origin isolated pages). */
function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  return (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;
}

/** Sizes for people: 1536 → "1.5 KiB". */
function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`;
}

function alignBytes(bytes: number): number {
  return Math.ceil(bytes / REGION_ALIGNMENT_BYTES) * REGION_ALIGNMENT_BYTES;
}

/** Asks for a shared memory, with less and less room to grow where the environment refuses the address space. */
function createSharedMemory(initial: number, maximum: number): { memory: WebAssembly.Memory; maximum: number } {
  for (let pages = maximum; ; pages = Math.max(initial, pages >>> 1)) {
    try {
      return { memory: new WebAssembly.Memory({ initial, maximum: pages, shared: true }), maximum: pages };
    } catch (cause) {
      if (pages <= initial) throw outOfMemory(initial * PAGE_BYTES, 0, maximum * PAGE_BYTES, cause);
    }
  }
}

function createPlainMemory(pages: number): { memory: WebAssembly.Memory; maximum: number } {
  try {
    return { memory: new WebAssembly.Memory({ initial: pages, maximum: pages }), maximum: pages };
  } catch (cause) {
    throw outOfMemory(pages * PAGE_BYTES, 0, pages * PAGE_BYTES, cause);
  }
}

function outOfMemory(requested: number, used: number, maximum: number, cause?: unknown): ResourceError {
  return new ResourceError(
    `${formatBytes(requested)} of training memory were asked for, with ${formatBytes(used)} in use; there is no room for it`,
    {
      expected: `at most ${formatBytes(maximum)} in all`,
      received: formatBytes(requested + used),
      hint:
        requested + used > maximum
          ? "take a smaller model or batch, or moments of half the size (adamw with moments: bfloat16)"
          : "take a smaller model or batch, or free memory on this machine",
      cause,
    },
  );
}

interface FreeBlock {
  start: number;
  end: number;
}

export class FlatMemory {
  /** The memory itself, to instantiate kernels on. */
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  /** The most that this memory may come to hold. */
  readonly maximumBytes: number;
  /**
   * The buffer objects under the arrays handed out. There are several over the same bytes: growing makes another, and
   * with threads the engine replaces it once more at a moment of its own choosing.
   */
  readonly #buffers = new WeakSet<ArrayBufferLike>();
  /** Byte length of each live region by its start. */
  readonly #regions = new Map<number, number>();
  /** Given-back room below `#top`: in order, never adjacent to each other or to `#top`. */
  #free: FreeBlock[] = [];
  /** Everything from here on is unused. So is address 0, so that no region looks like a null pointer. */
  #top = REGION_ALIGNMENT_BYTES;
  /** Everything from here on was never used, so it still holds zeros. */
  #untouched = REGION_ALIGNMENT_BYTES;

  constructor(options: FlatMemoryOptions = {}) {
    this.shared = options.shared ?? canShareMemory();
    const initial = Math.ceil(((options.initialBytes ?? 0) + 2 * REGION_ALIGNMENT_BYTES) / PAGE_BYTES);
    const allowed = this.shared ? Math.floor((options.maximumBytes ?? 2 ** 32) / PAGE_BYTES) : initial;
    const maximum = Math.min(MAXIMUM_PAGES, allowed);
    if (initial > maximum) {
      throw outOfMemory(options.initialBytes ?? 0, 0, maximum * PAGE_BYTES);
    }
    const created = this.shared ? createSharedMemory(initial, maximum) : createPlainMemory(initial);
    this.memory = created.memory;
    this.maximumBytes = created.maximum * PAGE_BYTES;
  }

  /** Bytes in live regions, padding included. */
  get usedBytes(): number {
    let used = 0;
    for (const bytes of this.#regions.values()) used += bytes;
    return used;
  }

  /** A zeroed array of `length` elements. It begins at a multiple of 64 bytes and nothing else shares its last 64. */
  allocate<T extends MemoryElementType>(type: T, length: number): MemoryArrays[T] {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new ShapeError("a region's length must be a non-negative integer", { received: String(length) });
    }
    const Constructor = ARRAY_CONSTRUCTORS[type];
    const bytes = Math.max(REGION_ALIGNMENT_BYTES, alignBytes(length * Constructor.BYTES_PER_ELEMENT));
    const start = this.#takeFree(bytes) ?? this.#takeFresh(bytes);
    this.#regions.set(start, bytes);
    const usedBefore = Math.min(start + bytes, this.#untouched) - start;
    if (usedBefore > 0) new Uint8Array(this.memory.buffer, start, usedBefore).fill(0);
    this.#untouched = Math.max(this.#untouched, start + bytes);
    const { buffer } = this.memory;
    this.#buffers.add(buffer);
    return new Constructor(buffer, start, length) as MemoryArrays[T];
  }

  /** Gives an array's room back. Neither it nor any view of it may be used afterwards. */
  free(array: MemoryArray): void {
    const start = this.offsetOf(array);
    const bytes = this.#regions.get(start);
    if (bytes === undefined) {
      throw new ConfigurationError("this array is not the beginning of a region in use, so it cannot be given back");
    }
    this.#regions.delete(start);
    const blocks = [...this.#free, { start, end: start + bytes }].sort((a, b) => a.start - b.start);
    this.#free = [];
    for (const block of blocks) {
      const last = this.#free.at(-1);
      if (last?.end === block.start) last.end = block.end;
      else this.#free.push(block);
    }
    if (this.#free.at(-1)?.end === this.#top) this.#top = this.#free.pop()?.start ?? this.#top;
  }

  /** The byte offset of a view into this memory; refuses arrays that live elsewhere. */
  offsetOf(array: ArrayBufferView): number {
    if (!this.#buffers.has(array.buffer)) {
      throw new ConfigurationError("this array does not live in the memory that the kernels work on", {
        hint: "allocate it with FlatMemory.allocate",
      });
    }
    return array.byteOffset;
  }

  /** First fit among the room given back. */
  #takeFree(bytes: number): number | undefined {
    const at = this.#free.findIndex((block) => block.end - block.start >= bytes);
    const block = this.#free[at];
    if (block === undefined) return undefined;
    const start = block.start;
    block.start += bytes;
    if (block.start === block.end) this.#free.splice(at, 1);
    return start;
  }

  #takeFresh(bytes: number): number {
    const start = this.#top;
    const end = start + bytes;
    // Vector loads may read up to the next 64 bytes past an array, so the memory goes on that much further.
    const missing = Math.ceil((end + REGION_ALIGNMENT_BYTES - this.memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) this.#grow(bytes, missing);
    this.#top = end;
    return start;
  }

  #grow(requestedBytes: number, missingPages: number): void {
    const current = this.memory.buffer.byteLength / PAGE_BYTES;
    const room = this.maximumBytes / PAGE_BYTES - current;
    if (missingPages > room) throw outOfMemory(requestedBytes, this.usedBytes, this.maximumBytes);
    try {
      this.memory.grow(Math.min(room, Math.ceil(missingPages / GROWTH_PAGES) * GROWTH_PAGES));
    } catch (cause) {
      throw outOfMemory(requestedBytes, this.usedBytes, this.maximumBytes, cause);
    }
  }
}
