/**
 * Safetensors files, read by byte range and written as a stream. Format:
 * https://github.com/huggingface/safetensors; the bytes written are those of the reference implementation.
 */
import { platform } from "#platform";
import { CheckpointError, ConfigurationError } from "../errors.ts";
import { openBytes } from "./file-bytes.ts";
import { float32ToHalf } from "./half-precision.ts";
import {
  compareLayout,
  encodeHeader,
  headerLength,
  lengthBytes,
  parseHeader,
  type SafetensorsEntry,
  type TensorInfo,
  type TensorType,
  tensorBytes,
} from "./safetensors-header.ts";
import { elementCount, readFloat32Tensor, readTensor, storedType, tensorNamed, type Weights } from "./weights.ts";

export interface SafetensorsFile extends Weights {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of the bytes in the file. */
  readonly names: readonly string[];
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

/**
 * Opens a safetensors file and checks its header; tensors are read when asked for.
 *
 * @param file a path, or what to call the bytes in messages.
 * @param bytes the whole file, if it is in memory already.
 * @throws CheckpointError for whatever is wrong with the file.
 */
export async function openSafetensors(file: string, bytes?: Uint8Array): Promise<SafetensorsFile> {
  const source = await openBytes(file, bytes);
  const { size } = source;
  if (size < lengthBytes) {
    throw new CheckpointError(`${file} is too short for a safetensors file.`, {
      file,
      expected: `at least ${lengthBytes} bytes`,
      received: `${size} bytes`,
      hint: "The file is cut short: copy or download it again.",
    });
  }
  const start = new Uint8Array(lengthBytes);
  await source.readInto(0, start);
  const json = new Uint8Array(headerLength(start, size, file));
  await source.readInto(lengthBytes, json);
  const { metadata, tensors } = parseHeader(json, size, file);
  return {
    file,
    metadata,
    tensors,
    names: [...tensors.keys()],
    async read(name) {
      const entry = tensorNamed(tensors, name, file);
      return readTensor(name, entry, entry.offset, source);
    },
    async readFloat32(name, into) {
      const entry = tensorNamed(tensors, name, file);
      return readFloat32Tensor(name, entry, entry.offset, source, into);
    },
    keepOpen() {
      const kept = source.keepOpen?.();
      if (kept === undefined) return undefined;
      return (name) => {
        const { dtype, offset, bytes } = tensorNamed(tensors, name, file);
        return dtype === "F32" ? { file: kept, offset, length: bytes } : undefined;
      };
    },
  };
}

/** A tensor to be written. The data may lie in shared memory. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
  /** The stored type, where the data's own does not tell it: "BOOL" for bytes, "F16" or "BF16" for a Float32Array. */
  readonly dtype?: TensorType;
}

export interface SafetensorsOptions {
  /** Free text in the header; `{ format: "pt" }`, which Python asks for, if absent. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The stored type of every Float32Array that names none itself; "F32" if absent. */
  readonly dtype?: "F32" | "F16" | "BF16";
}

interface PlannedTensor extends TensorInfo {
  readonly name: string;
  readonly bytes: number;
  readonly data: ArrayBufferView;
}

function planned(tensor: NamedTensor, file: string, options: SafetensorsOptions): PlannedTensor {
  const { name, shape, data } = tensor;
  const own = storedType(data);
  const dtype = tensor.dtype ?? (own === "F32" ? (options.dtype ?? "F32") : own);
  const narrowed = own === "F32" && (dtype === "F16" || dtype === "BF16");
  const bytes = tensorBytes(dtype, shape);
  const fits = bytes !== undefined && bytes === (narrowed ? data.byteLength / 2 : data.byteLength);
  if (fits && (dtype === own || narrowed || (dtype === "BOOL" && own === "U8")))
    return { name, dtype, shape, bytes, data };
  throw new CheckpointError(`Tensor ${name} cannot be stored as ${dtype} of shape [${shape.join(", ")}].`, {
    file,
    field: name,
    expected: `${elementCount(shape)} values that fit ${dtype}`,
    received: `${data.byteLength} bytes of ${own}`,
    hint: "Give data, shape and type that belong together.",
  });
}

/** Values that are narrowed at a time. */
const chunkValues = 1 << 19;

function* tensorPieces(tensor: PlannedTensor, file: string): Generator<Uint8Array> {
  const { data, dtype, name } = tensor;
  if (!(data instanceof Float32Array) || dtype === "F32") {
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return;
  }
  for (let done = 0; done < data.length; done += chunkValues) {
    const floats = data.subarray(done, done + chunkValues);
    const halves = new Uint16Array(floats.length);
    if (float32ToHalf(floats, halves, dtype === "F16" ? "F16" : "BF16") > 0) {
      throw new ConfigurationError(`Tensor ${name} holds values that are too large for ${dtype}.`, {
        file,
        field: name,
        expected: "values up to 65504 for F16",
        hint: "Save as bfloat16 or float32.",
      });
    }
    yield new Uint8Array(halves.buffer);
  }
}

function sorted(tensors: Iterable<NamedTensor>, file: string, options: SafetensorsOptions): PlannedTensor[] {
  const plan = Array.from(tensors, (tensor) => planned(tensor, file, options)).sort(compareLayout);
  const names = new Set<string>();
  for (const { name } of plan) {
    if (!names.has(name) && name !== "__metadata__") names.add(name);
    else throw new CheckpointError(`Two tensors cannot both be called ${name}.`, { file, field: name });
  }
  return plan;
}

function* filePieces(tensors: Iterable<NamedTensor>, file: string, options: SafetensorsOptions): Generator<Uint8Array> {
  const plan = sorted(tensors, file, options);
  yield encodeHeader(plan, options.metadata ?? { format: "pt" });
  for (const tensor of plan) yield* tensorPieces(tensor, file);
}

/**
 * Writes a safetensors file atomically. The bytes depend on the tensors alone, not on their order, and equal those of the
 * reference; nothing as large as a tensor is copied.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<NamedTensor>,
  options: SafetensorsOptions = {},
): Promise<void> {
  await platform.writeFileAtomically(path, filePieces(tensors, path, options));
}

/** The same in memory. */
export function encodeSafetensors(
  tensors: Iterable<NamedTensor>,
  options: SafetensorsOptions = {},
): Uint8Array<ArrayBuffer> {
  const pieces = [...filePieces(tensors, "safetensors", options)];
  const whole = new Uint8Array(pieces.reduce((total, piece) => total + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
