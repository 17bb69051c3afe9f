/** One file from the hub to its place in the cache: resumed, checked, and never half there. */
import { platform } from "#platform";
import { ClozeError, ResourceError } from "../../errors.ts";
import type { PartialFile } from "../../platform/platform.ts";
import { HubConnectionError, type HubServer, isSha256, type RemoteFile } from "./hub-server.ts";

export interface DownloadOptions {
  readonly commit: string;
  /** Where the content goes. */
  readonly blobFile: string;
  /** Longest silence, in milliseconds. */
  readonly timeoutMs: number;
  /** Is told how many bytes of the file are there. */
  readonly onBytes: (bytes: number) => void;
}

/** Broken connections in a row that brought nothing new, until it is given up. */
const mostFailures = 5;
const firstPauseMs = 300;

/** Downloads of this process under way, by place: who wants the same waits for the same. */
const underWay = new Map<string, Promise<void>>();

/**
 * Downloads a file unless its content is there.
 *
 * @throws ResourceError when the connection fails for good, the disk is full, or what came is not what was announced.
 */
export async function download(server: HubServer, file: RemoteFile, options: DownloadOptions): Promise<void> {
  const { blobFile } = options;
  const other = underWay.get(blobFile);
  if (other !== undefined) return await other;
  const own = downloadOnce(server, file, options).finally(() => underWay.delete(blobFile));
  underWay.set(blobFile, own);
  await own;
}

async function downloadOnce(server: HubServer, file: RemoteFile, options: DownloadOptions): Promise<void> {
  if ((await platform.stat(options.blobFile, "checkpoint"))?.kind === "file") return;
  const partial = await platform.openPartial(options.blobFile);
  try {
    const isResumed = partial.sizeBytes > 0;
    const isRight = await complete(server, file, partial, options);
    // What an earlier attempt left may have been damaged.
    if (!isRight && !(isResumed && (await complete(server, file, partial, options)))) throw damaged(file);
    await partial.complete();
  } finally {
    await partial.close();
  }
}

/** Fetches what is missing. Whether the whole is what was announced; if not, nothing is kept. */
async function complete(
  server: HubServer,
  file: RemoteFile,
  partial: PartialFile,
  options: DownloadOptions,
): Promise<boolean> {
  for (let failures = 0; partial.sizeBytes < file.sizeBytes; ) {
    const before = partial.sizeBytes;
    try {
      await fetchRest(server, file, partial, options);
    } catch (error) {
      if (!(error instanceof HubConnectionError)) throw error;
      failures = partial.sizeBytes > before ? 1 : failures + 1;
      if (failures >= mostFailures) throw error;
      await new Promise((resolve) => setTimeout(resolve, firstPauseMs * 2 ** (failures - 1)));
    }
  }
  const hash = isSha256(file.etag) ? platform.sha256 : platform.gitHash;
  if (partial.sizeBytes === file.sizeBytes && (await hash(partial.path, "checkpoint")) === file.etag) return true;
  await partial.clear();
  return false;
}

async function fetchRest(
  server: HubServer,
  file: RemoteFile,
  partial: PartialFile,
  { commit, timeoutMs, onBytes }: DownloadOptions,
): Promise<void> {
  const silence = new AbortController();
  const abort = (): void => silence.abort(new DOMException("no data in time", "TimeoutError"));
  let timer = setTimeout(abort, timeoutMs);
  try {
    const start = partial.sizeBytes;
    const response = await server.content(commit, file.path, start, silence.signal);
    // A server that ignores the range begins anew.
    if (response.status !== 206 && start > 0) await partial.clear();
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(abort, timeoutMs);
      await partial.append(chunk);
      onBytes(partial.sizeBytes);
      if (partial.sizeBytes > file.sizeBytes) return;
    }
  } catch (error) {
    throw error instanceof ClozeError ? error : server.unreachable(error);
  } finally {
    clearTimeout(timer);
  }
  if (partial.sizeBytes < file.sizeBytes) throw server.unreachable("the file ended early");
}

function damaged({ path, etag, sizeBytes }: RemoteFile): ResourceError {
  return new ResourceError(`${path} did not arrive as the hub has it.`, {
    file: path,
    expected: `${sizeBytes} bytes with the checksum ${etag}`,
    received: "another content",
    hint: "Try again. If it happens again, a proxy changes what it passes on, or the file on the hub is damaged.",
  });
}
