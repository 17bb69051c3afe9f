/**
 * The part of the ZIP format that PyTorch's files use: entries stored without compression, with ZIP64 sizes. Format:
 * PKWARE APPNOTE 6.3.10, §4.3 and §4.5.3. Nothing in it is trusted.
 */
import { CheckpointError } from "../errors.ts";
import type { FileBytes } from "./file-bytes.ts";

export interface ZipEntry {
  /** Position of the entry's local header in the file. */
  readonly headerOffset: number;
  readonly bytes: number;
}

/** Longer directories than a model can need. */
const longestDirectoryBytes = 1 << 26;
const endRecordBytes = 22;
const localHeaderBytes = 30;

function unsound(file: string, expected: string, received: string): CheckpointError {
  return new CheckpointError(`${file} is not a sound ZIP archive, as PyTorch writes it.`, {
    file,
    expected,
    received,
    hint: "The file is damaged or of another format: copy or download it again.",
  });
}

async function view(source: FileBytes, position: number, length: number): Promise<DataView<ArrayBuffer>> {
  if (position < 0 || !Number.isSafeInteger(position) || position + length > source.size) {
    throw unsound(source.file, `${length} bytes at ${position}`, `${source.size} bytes in all`);
  }
  const bytes = new Uint8Array(length);
  await source.readInto(position, bytes);
  return new DataView(bytes.buffer);
}

interface Directory {
  readonly offset: number;
  readonly bytes: number;
}

/** Finds the central directory from the record at the file's end, which a comment may follow. */
async function findDirectory(source: FileBytes): Promise<Directory> {
  const length = Math.min(source.size, endRecordBytes + 0xffff);
  const start = source.size - length;
  const tail = await view(source, start, length);
  for (let at = length - endRecordBytes; at >= 0; at--) {
    const isEnd = tail.getUint32(at, true) === 0x06054b50;
    if (!isEnd || at + endRecordBytes + tail.getUint16(at + 20, true) !== length) continue;
    const directory = { bytes: tail.getUint32(at + 12, true), offset: tail.getUint32(at + 16, true) };
    if (directory.offset !== 0xffffffff && directory.bytes !== 0xffffffff) return directory;
    // ZIP64: a locator stands before the record and says where the larger record is.
    const locator = await view(source, start + at - 20, 20);
    if (locator.getUint32(0, true) !== 0x07064b50) throw unsound(source.file, "a ZIP64 locator", "none");
    const record = await view(source, Number(locator.getBigUint64(8, true)), 56);
    if (record.getUint32(0, true) !== 0x06064b50) throw unsound(source.file, "a ZIP64 record", "none");
    return { bytes: Number(record.getBigUint64(40, true)), offset: Number(record.getBigUint64(48, true)) };
  }
  throw unsound(source.file, "a ZIP archive's end", "none");
}

/** The sizes and offset that did not fit 32 bits, from the entry's extra field. */
function wideValues(extra: DataView, needed: readonly number[], file: string): number[] {
  if (!needed.includes(0xffffffff)) return [...needed];
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return needed.map((value) => {
      if (value !== 0xffffffff) return value;
      if (next + 8 > extra.byteLength) throw unsound(file, "64-bit sizes", "too few");
      next += 8;
      return Number(extra.getBigUint64(next - 8, true));
    });
  }
  throw unsound(file, "64-bit sizes", "none");
}

/** The entries by name. */
export async function readZipDirectory(source: FileBytes): Promise<Map<string, ZipEntry>> {
  const { offset, bytes } = await findDirectory(source);
  if (bytes > longestDirectoryBytes) {
    throw unsound(source.file, `a directory of at most ${longestDirectoryBytes} bytes`, `${bytes} bytes`);
  }
  const directory = await view(source, offset, bytes);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at < bytes; ) {
    if (at + 46 > bytes || directory.getUint32(at, true) !== 0x02014b50) {
      throw unsound(source.file, `a directory entry at ${offset + at}`, "something else");
    }
    const nameBytes = directory.getUint16(at + 28, true);
    const extraBytes = directory.getUint16(at + 30, true);
    const end = at + 46 + nameBytes + extraBytes + directory.getUint16(at + 32, true);
    if (end > bytes) throw unsound(source.file, `at most ${bytes} bytes of directory`, `${end} bytes`);
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, at + 46, nameBytes));
    const extra = new DataView(directory.buffer, at + 46 + nameBytes, extraBytes);
    const narrow = [24, 20, 42].map((field) => directory.getUint32(at + field, true));
    const [size = 0, packed = 0, headerOffset = 0] = wideValues(extra, narrow, source.file);
    const stored = directory.getUint16(at + 10, true) === 0 && (directory.getUint16(at + 8, true) & 1) === 0;
    if (!stored || packed !== size) throw unsound(source.file, `${name} stored as it is`, "compressed or encrypted");
    if (entries.has(name)) throw unsound(source.file, "each name once", `${name} twice`);
    entries.set(name, { headerOffset, bytes: size });
    at = end;
  }
  return entries;
}

/** Position of an entry's first byte: its local header has fields of its own length. */
export async function zipDataOffset(source: FileBytes, entry: ZipEntry): Promise<number> {
  const header = await view(source, entry.headerOffset, localHeaderBytes);
  if (header.getUint32(0, true) !== 0x04034b50) {
    throw unsound(source.file, `a local header at ${entry.headerOffset}`, "something else");
  }
  const offset = entry.headerOffset + localHeaderBytes + header.getUint16(26, true) + header.getUint16(28, true);
  if (offset + entry.bytes > source.size) {
    throw unsound(source.file, `${entry.bytes} bytes at ${offset}`, `${source.size} bytes in all`);
  }
  return offset;
}
