/**
 * The header of a safetensors file: eight bytes of length (little endian), then JSON, then the tensors' bytes without
 * gaps. Format: https://github.com/huggingface/safetensors. Nothing in it is trusted.
 */
import { CheckpointError } from "../errors.ts";
import { jsonShapeProblem } from "../platform/json-shape.ts";
import { compareCodePoints, duplicateKey, shown } from "./json-text.ts";

/** Bytes per value of the types that are read and written, in the order in which the reference lays them out. */
const typeBytes = {
  U64: 8,
  I64: 8,
  F64: 8,
  F32: 4,
  U32: 4,
  I32: 4,
  BF16: 2,
  F16: 2,
  U16: 2,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

/** A tensor's type, under the name of the format. */
export type TensorType = keyof typeof typeBytes;

/** What a weight file says of one tensor. */
export interface TensorInfo {
  readonly dtype: TensorType;
  readonly shape: readonly number[];
}

export interface SafetensorsEntry extends TensorInfo {
  /** First byte in the file. */
  readonly offset: number;
  readonly bytes: number;
}

export interface SafetensorsHeader {
  /** Free text beside the tensors; `format` is "pt" in published files. */
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of the bytes in the file. */
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

/** The reference refuses longer headers too. */
const longestHeaderBytes = 100_000_000;
export const lengthBytes = 8;

function isTensorType(value: unknown): value is TensorType {
  return typeof value === "string" && Object.hasOwn(typeBytes, value);
}

/** Bytes of a tensor, or undefined if they cannot be counted exactly. */
export function tensorBytes(dtype: TensorType, shape: readonly number[]): number | undefined {
  let bytes: number = typeBytes[dtype];
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) return undefined;
  }
  return bytes;
}

function unsound(file: string, field: string, expected: string, received: string): CheckpointError {
  return new CheckpointError(`${file} is not a sound safetensors file.`, {
    file,
    field: shown(field).slice(1, -1),
    expected,
    received,
    hint: "The file is damaged or of another format: copy or download it again.",
  });
}

/** The length of the header's JSON from the first eight bytes. */
export function headerLength(start: Uint8Array, fileBytes: number, file: string): number {
  if (new TextDecoder().decode(start).startsWith("version ")) {
    throw new CheckpointError(`${file} is a Git LFS pointer, not the weights themselves.`, {
      file,
      hint: "Run `git lfs pull` in the folder that it came from.",
    });
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  const longest = Math.min(longestHeaderBytes, fileBytes - lengthBytes);
  if (length < 2n || length > BigInt(longest)) {
    throw unsound(file, "header length", `from 2 to ${longest} bytes`, `${length} bytes`);
  }
  return Number(length);
}

function parseMetadata(value: unknown, file: string): Map<string, string> {
  const metadata = new Map<string, string>();
  if (value === undefined) return metadata;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw unsound(file, "__metadata__", "an object of texts", shown(value));
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw unsound(file, `__metadata__.${key}`, "a text", shown(text));
    metadata.set(key, text);
  }
  return metadata;
}

function parseEntry(name: string, value: unknown, dataStart: number, file: string): SafetensorsEntry {
  const fields = Object(value) as Record<string, unknown>;
  const { dtype, shape, data_offsets: offsets } = fields;
  if (!isTensorType(dtype)) {
    throw unsound(file, `${name}.dtype`, `one of ${Object.keys(typeBytes).join(", ")}`, shown(dtype));
  }
  const bytes = Array.isArray(shape) ? tensorBytes(dtype, shape) : undefined;
  if (bytes === undefined) throw unsound(file, `${name}.shape`, "a list of sizes", shown(shape));
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0 || end - begin !== bytes) {
    throw unsound(
      file,
      `${name}.data_offsets`,
      `begin and end, ${bytes} bytes apart, as ${dtype} of shape ${shown(shape)} needs`,
      shown(offsets),
    );
  }
  return { dtype, shape: shape as number[], offset: dataStart + begin, bytes };
}

/**
 * Parses and checks the whole header.
 *
 * @param json the bytes after the eight of the length.
 * @param fileBytes the size of the file: the tensors must fill it exactly.
 */
export function parseHeader(json: Uint8Array, fileBytes: number, file: string): SafetensorsHeader {
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
  } catch (cause) {
    throw unsound(file, "header", "JSON in UTF-8", cause instanceof Error ? cause.message : String(cause));
  }
  const problem = jsonShapeProblem(text);
  if (problem !== undefined) throw unsound(file, "header", problem.expected, problem.received);
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw unsound(file, "header", "JSON", cause instanceof Error ? cause.message : String(cause));
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw unsound(file, "header", "a JSON object", shown(parsed));
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw unsound(file, twice, "each name once", "the name twice");

  const dataStart = lengthBytes + json.byteLength;
  const entries = Object.entries(parsed)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => [name, parseEntry(name, value, dataStart, file)] as const)
    .sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  let end = dataStart;
  for (const [name, entry] of entries) {
    if (entry.offset !== end) {
      const expected = `tensors without gap or overlap: this one at byte ${end - dataStart}`;
      throw unsound(file, `${name}.data_offsets`, expected, `byte ${entry.offset - dataStart}`);
    }
    end += entry.bytes;
  }
  if (end !== fileBytes) throw unsound(file, "file size", `${end} bytes`, `${fileBytes} bytes`);
  const metadata = parseMetadata(Object.entries(parsed).find(([name]) => name === "__metadata__")?.[1], file);
  return { metadata, tensors: new Map(entries) };
}

const layout = Object.keys(typeBytes);

/** The order in the file: wide types first, so that each tensor is aligned; then by name. The reference's own order. */
export function compareLayout(a: { name: string } & TensorInfo, b: { name: string } & TensorInfo): number {
  return layout.indexOf(a.dtype) - layout.indexOf(b.dtype) || compareCodePoints(a.name, b.name);
}

/** The length and the header, padded to eight bytes. The tensors must be sorted by `compareLayout`. */
export function encodeHeader(
  tensors: readonly ({ readonly name: string; readonly bytes: number } & TensorInfo)[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const parts: string[] = [];
  if (Object.keys(metadata).length > 0) parts.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let begin = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    const fields = JSON.stringify({ dtype, shape, data_offsets: [begin, begin + bytes] });
    parts.push(`${JSON.stringify(name)}:${fields}`);
    begin += bytes;
  }
  const json = new TextEncoder().encode(`{${parts.join(",")}}`);
  const padded = Math.ceil(json.byteLength / 8) * 8;
  const header = new Uint8Array(lengthBytes + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, lengthBytes);
  return header;
}
