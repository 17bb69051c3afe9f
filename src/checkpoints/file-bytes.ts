/** The bytes of a weight file by position, on disk or in memory. */
import { platform } from "#platform";
import { CheckpointError } from "../errors.ts";
import type { KeptFile } from "../platform/platform.ts";

export interface FileBytes {
  /** The path, or what to call the bytes in messages. */
  readonly file: string;
  readonly size: number;
  /** Fills an array with the bytes from a position on. */
  readonly readInto: (position: number, into: Uint8Array) => Promise<void>;
  /** The file itself, if it lies on this machine. */
  readonly keepOpen?: () => KeptFile | undefined;
}

/** Reads from a path; a file that is exchanged or changed meanwhile is an error, never a mixture. */
async function bytesOfPath(file: string): Promise<FileBytes> {
  const before = await platform.stat(file, "checkpoint");
  // A missing file or a folder: reading it gives the typed error.
  if (before?.kind !== "file") await platform.readFile(file, "checkpoint");
  const size = before?.sizeBytes ?? 0;
  const requireSame = (now: { sizeBytes: number; modifiedMs: number } | undefined): void => {
    if (now?.sizeBytes === size && now.modifiedMs === before?.modifiedMs) return;
    throw new CheckpointError(`${file} changed while it was being read.`, {
      file,
      hint: "Wait until the program that writes it is done, then try again.",
    });
  };
  return {
    file,
    size,
    async readInto(position, into) {
      await platform.readInto(file, "checkpoint", position, into);
      requireSame(await platform.stat(file, "checkpoint"));
    },
    keepOpen() {
      const kept = platform.keepOpen(file, "checkpoint");
      if (kept !== undefined) requireSame(kept);
      return kept;
    },
  };
}

/**
 * @param bytes the whole file, if it is in memory already; then nothing is read from the path.
 */
export async function openBytes(file: string, bytes?: Uint8Array): Promise<FileBytes> {
  if (!bytes) return bytesOfPath(file);
  return {
    file,
    size: bytes.byteLength,
    async readInto(position, into) {
      into.set(bytes.subarray(position, position + into.byteLength));
    },
  };
}
