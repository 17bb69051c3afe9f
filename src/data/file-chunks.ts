/** The bytes of a data file as they come, unpacked on the way if its name ends with .gz. */
import { platform } from "#platform";
import { gunzipChunks } from "../platform/gzip.ts";

export function fileChunks(file: string): AsyncIterable<Uint8Array> {
  const stored = platform.readChunks(file, "data");
  return /\.gz$/i.test(file) ? gunzipChunks(stored, file, "data") : stored;
}
