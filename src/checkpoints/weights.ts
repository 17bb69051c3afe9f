/** Named arrays in files, whatever the format: what the readers of all weight formats give. */
import { CheckpointError, ResourceError } from "../errors.ts";
import type { FileStretch } from "../platform/platform.ts";
import type { FileBytes } from "./file-bytes.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./half-precision.ts";
import type { TensorInfo, TensorType } from "./safetensors-header.ts";

/** The values of a tensor in row-major order. The 16-bit floats are widened to float32; booleans are 0 and 1. */
export type TensorData =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** An opened weight file, or several that belong together. The tensors' bytes are read when asked for. */
export interface Weights {
  /** The file to name in messages. */
  readonly file: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The values in their own type. */
  read(name: string): Promise<TensorData>;
  /**
   * The values of a floating point tensor as float32.
   *
   * @param into is filled and returned; it must have exactly as many elements, and may lie in shared memory. Without it
   *   a new array is made. Little memory is needed beside it.
   */
  readFloat32(name: string, into?: Float32Array): Promise<Float32Array>;
  /**
   * Keeps the files open, so that values can stay in them: gives the place of a tensor, or undefined for one that is not
   * stored as row-major float32. Absent, or undefined, where the bytes are not in files of this machine.
   */
  keepOpen?(): ((name: string) => FileStretch | undefined) | undefined;
}

/** Bytes of a file that are widened at a time. */
const chunkBytes = 1 << 20;

/** The tensor of this name, or a CheckpointError. */
export function tensorNamed<T>(tensors: ReadonlyMap<string, T>, name: string, file: string): T {
  const found = tensors.get(name);
  if (found) return found;
  throw new CheckpointError(`${file} holds no tensor ${name}.`, {
    file,
    field: name,
    hint: "Check that the file belongs to this architecture.",
  });
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

const floatTypes: readonly TensorType[] = ["F32", "F64", "F16", "BF16"];

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Widens chunk by chunk: the file's values pass through one small buffer into `into`. */
async function widen(
  dtype: "F64" | "F16" | "BF16",
  position: number,
  source: FileBytes,
  into: Float32Array,
): Promise<void> {
  const valueBytes = dtype === "F64" ? 8 : 2;
  const chunk = new ArrayBuffer(Math.min(chunkBytes, into.length * valueBytes));
  for (let done = 0; done < into.length; ) {
    const count = Math.min(chunk.byteLength / valueBytes, into.length - done);
    await source.readInto(position + done * valueBytes, new Uint8Array(chunk, 0, count * valueBytes));
    const target = into.subarray(done, done + count);
    if (dtype === "F64") target.set(new Float64Array(chunk, 0, count));
    else if (dtype === "F16") float16ToFloat32(new Uint16Array(chunk, 0, count), target);
    else bfloat16ToFloat32(new Uint16Array(chunk, 0, count), target);
    done += count;
  }
}

function allocate<T>(make: () => T, name: string, file: string): T {
  try {
    return make();
  } catch (cause) {
    throw new ResourceError(`${file}: tensor ${name} does not fit into the memory of this machine.`, {
      file,
      field: name,
      hint: "Check that this is the model you meant, or use a machine with more memory.",
      cause,
    });
  }
}

/** The values in their own type. `position` is that of the first byte. */
export async function readTensor(
  name: string,
  info: TensorInfo,
  position: number,
  source: FileBytes,
): Promise<TensorData> {
  const count = elementCount(info.shape);
  if (info.dtype === "F16" || info.dtype === "BF16") {
    const floats = allocate(() => new Float32Array(count), name, source.file);
    await widen(info.dtype, position, source, floats);
    return floats;
  }
  const type = arrays[info.dtype];
  const values = allocate(() => new type(count), name, source.file);
  if (count > 0) await source.readInto(position, bytesOf(values));
  return values;
}

/**
 * Where the float32 values of a tensor go: `into`, if it fits, or a new array.
 *
 * @throws CheckpointError if the tensor holds no floating point numbers or another number of values.
 */
export function float32Target(name: string, info: TensorInfo, file: string, into?: Float32Array): Float32Array {
  if (!floatTypes.includes(info.dtype)) {
    throw new CheckpointError(`${file}: tensor ${name} does not hold floating point numbers.`, {
      file,
      field: name,
      expected: floatTypes.join(", "),
      received: info.dtype,
      hint: "Quantized weights cannot be loaded here: use the original ones.",
    });
  }
  const count = elementCount(info.shape);
  if (into && into.length !== count) {
    throw new CheckpointError(`${file}: tensor ${name} has another size than the model's parameter.`, {
      file,
      field: name,
      expected: `${into.length} values`,
      received: `${count} values, shape [${info.shape.join(", ")}]`,
      hint: "Check that config.json belongs to these weights.",
    });
  }
  return into ?? allocate(() => new Float32Array(count), name, file);
}

/** The values as float32, in `into` if it is given. */
export async function readFloat32Tensor(
  name: string,
  info: TensorInfo,
  position: number,
  source: FileBytes,
  into?: Float32Array,
): Promise<Float32Array> {
  const floats = float32Target(name, info, source.file, into);
  if (floats.length === 0) return floats;
  if (info.dtype === "F32") await source.readInto(position, bytesOf(floats));
  else await widen(info.dtype as "F64" | "F16" | "BF16", position, source, floats);
  return floats;
}

/** The type under which an array is stored when nothing else is asked for. */
export function storedType(data: ArrayBufferView): TensorType {
  for (const [dtype, type] of Object.entries(arrays)) if (data instanceof type) return dtype as TensorType;
  throw new TypeError("Only typed arrays of numbers can be stored.");
}
