/** gzip, through the streams that Node and browsers share. */
import { type ErrorDetails, ResourceError } from "../errors.ts";
import { type FileKind, fileKindError } from "./file-errors.ts";

/**
 * Unpacks a gzip stream chunk by chunk.
 *
 * @param file names the source in errors.
 */
export async function* gunzipChunks(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<Uint8Array<ArrayBuffer>>,
  file: string,
  kind: FileKind,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const unpacker = new DecompressionStream("gzip");
  const writer = unpacker.writable.getWriter();
  // A failure of the source must reach the reader below, and no rejection may stay unhandled.
  let sourceFailure: { cause: unknown } | undefined;
  const pumped = (async () => {
    try {
      for await (const chunk of chunks) await writer.write(chunk);
      await writer.close();
    } catch (cause) {
      sourceFailure = { cause };
      await writer.abort(cause).catch(() => {});
    }
  })();
  const reader = unpacker.readable.getReader();
  let finished = false;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value as Uint8Array<ArrayBuffer>;
    }
    finished = true;
  } catch (cause) {
    const origin = sourceFailure?.cause;
    if (origin instanceof Error && "kind" in origin) throw origin;
    const details: ErrorDetails = { file, expected: "gzip", hint: "Copy or download the file again.", cause };
    throw fileKindError(kind, `${file} is not a whole gzip file.`, details);
  } finally {
    if (!finished) await reader.cancel().catch(() => {});
    await pumped;
  }
}

/** Unpacks a whole gzip file; an error beyond `maxBytes`, so that a small hostile file cannot fill the memory. */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  file: string,
  kind: FileKind,
  maxBytes = 1 << 25,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of gunzipChunks([bytes], file, kind)) {
    total += part.byteLength;
    if (total > maxBytes) {
      throw new ResourceError(`${file} unpacks to more than ${maxBytes} bytes.`, {
        file,
        field: "(the whole file)",
        expected: `at most ${maxBytes} bytes`,
        hint: "Unpack the file yourself if its size is right.",
      });
    }
    parts.push(part);
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
