/**
 * Whether a corpus is still the one that a run began with. A file's fingerprint is its size and the SHA-256 of its bytes;
 * of a file above 256 MiB, of 64 blocks of 64 KiB spread evenly over it, so that a change of the same length between two
 * of them goes unnoticed. Names and times do not count: a corpus may be moved or copied.
 */
import { platform } from "#platform";

const WHOLE_BYTES = 256 * 2 ** 20;
const BLOCK_BYTES = 64 * 2 ** 10;
const BLOCKS = 64;

export async function fileFingerprint(path: string): Promise<string> {
  const sizeBytes = (await platform.stat(path, "data"))?.sizeBytes;
  if (sizeBytes === undefined || sizeBytes <= WHOLE_BYTES) return await platform.sha256(path, "data");
  const sample = new Uint8Array(BLOCKS * BLOCK_BYTES);
  for (let block = 0; block < BLOCKS; block++) {
    const position = Math.floor(((sizeBytes - BLOCK_BYTES) / (BLOCKS - 1)) * block);
    await platform.readInto(path, "data", position, sample.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES));
  }
  return `${sizeBytes}-${await sha256(sample)}`;
}

/** One fingerprint for several things in order. */
export async function joinFingerprints(parts: readonly string[]): Promise<string> {
  return parts.length === 1 ? (parts[0] as string) : await textFingerprint(parts.join("\n"));
}

export async function textFingerprint(text: string): Promise<string> {
  return await sha256(new TextEncoder().encode(text));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
