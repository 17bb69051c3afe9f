/**
 * The platform in a browser: files are read through fetch (paths are URLs, absolute or relative to the page), and what a
 * page has not, a folder to list or a disk to write, is a DeviceError that says so.
 */
import { DeviceError, ResourceError } from "../errors.ts";
import { decodeText, type FileKind, fileKindError, truncatedError } from "./file-errors.ts";
import type { FileStat, Platform, ReadChunksOptions } from "./platform.ts";

function missing(what: string): DeviceError {
  return new DeviceError(`A browser cannot ${what}.`, {
    hint: "Do this in Node, or hand the bytes over in memory.",
  });
}

/** A function that a browser lacks. */
function lacking(what: string): () => Promise<never> {
  return async () => {
    throw missing(what);
  };
}

async function request(url: string, kind: FileKind, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    throw new ResourceError(`${url} cannot be fetched.`, {
      file: url,
      hint: "Check the connection, and that the server allows this page to read it (CORS).",
      cause,
    });
  }
  if (response.ok) return response;
  await response.body?.cancel();
  refuseFailedServer(url, response);
  throw fileKindError(kind, `${url} does not exist or is not accessible.`, {
    file: url,
    received: `HTTP ${response.status}`,
    hint: "Check the address.",
  });
}

/** Throws for an answer that says nothing of the file. */
function refuseFailedServer(url: string, { status }: Response): void {
  if (status < 500 && status !== 429) return;
  throw new ResourceError(`The server of ${url} failed.`, {
    file: url,
    received: `HTTP ${status}`,
    hint: "Try again later.",
  });
}

async function readFile(url: string, kind: FileKind): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await request(url, kind)).arrayBuffer());
}

async function* bodyChunks(response: Response): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (!response.body) return;
  const reader = response.body.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value as Uint8Array<ArrayBuffer>;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The body from byte `start` on, also from a server that ignores ranges. */
async function* bodyFrom(response: Response, start: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let skip = response.status === 206 ? 0 : start;
  for await (const chunk of bodyChunks(response)) {
    if (skip < chunk.byteLength) yield skip === 0 ? chunk : chunk.slice(skip);
    skip = Math.max(0, skip - chunk.byteLength);
  }
}

async function* readChunks(
  url: string,
  kind: FileKind,
  options: ReadChunksOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const start = options.start ?? 0;
  yield* bodyFrom(await request(url, kind, start === 0 ? {} : { headers: { range: `bytes=${start}-` } }), start);
}

async function readInto(url: string, kind: FileKind, position: number, into: Uint8Array): Promise<void> {
  if (into.byteLength === 0) return;
  const headers = { range: `bytes=${position}-${position + into.byteLength - 1}` };
  let done = 0;
  for await (const chunk of bodyFrom(await request(url, kind, { headers }), position)) {
    const part = chunk.subarray(0, into.byteLength - done);
    into.set(part, done);
    done += part.byteLength;
    if (done === into.byteLength) return;
  }
  throw truncatedError(url, kind, position + into.byteLength, position + done);
}

/** The size that the server tells, unless it packs the body or keeps silent: then the body is counted. */
async function sizeOf(url: string, kind: FileKind, headers: Headers): Promise<number> {
  const told = headers.get("content-length");
  if (told !== null && !headers.has("content-encoding")) return Number(told);
  let size = 0;
  for await (const chunk of bodyChunks(await request(url, kind))) size += chunk.byteLength;
  return size;
}

async function stat(url: string, kind: FileKind): Promise<FileStat | undefined> {
  // Servers may forbid pages to read what they say of a missing file: a refusal without a status counts as one.
  const response = await fetch(url, { method: "HEAD" }).catch(() => undefined);
  if (response) refuseFailedServer(url, response);
  if (!response?.ok) return undefined;
  const modified = Date.parse(response.headers.get("last-modified") ?? "");
  return {
    kind: "file",
    sizeBytes: await sizeOf(url, kind, response.headers),
    modifiedMs: Number.isNaN(modified) ? 0 : modified,
  };
}

async function sha256(url: string, kind: FileKind): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await readFile(url, kind)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The scheme and host of a URL, which `..` must not eat. */
function splitOrigin(path: string): [string, string] {
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(path)?.[0] ?? "";
  return [origin, path.slice(origin.length)];
}

function join(...parts: string[]): string {
  const [origin, rest] = splitOrigin(parts.filter((part) => part !== "").join("/"));
  const absolute = origin !== "" || rest.startsWith("/");
  const segments: string[] = [];
  for (const segment of rest.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") segments.push(segment);
    else if (segments.length > 0 && segments.at(-1) !== "..") segments.pop();
    else if (!absolute) segments.push("..");
  }
  return origin + (absolute ? "/" : "") + segments.join("/") || ".";
}

function baseName(path: string): string {
  return splitOrigin(path)[1].replace(/\/+$/, "").split("/").at(-1) ?? "";
}

function folderName(path: string): string {
  return join(path, "..");
}

export const platform: Platform = {
  name: "web",
  readFile,
  readText: async (url, kind) => decodeText(await readFile(url, kind), url, kind),
  readInto,
  keepOpen: () => undefined,
  readChunks,
  stat,
  list: lacking("list a folder"),
  sha256,
  gitHash: lacking("hash a file as git does"),
  makeFolder: lacking("make a folder"),
  remove: lacking("remove a file"),
  rename: lacking("rename a file"),
  copyFile: lacking("copy a file"),
  linkOrCopy: lacking("link a file"),
  linkSymbolically: lacking("link a file"),
  writeFileAtomically: lacking("write a file"),
  writeFolderAtomically: lacking("write a folder"),
  openPartial: lacking("write a file"),
  removeLeftovers: lacking("remove files"),
  openLog: lacking("write a log file"),
  join,
  baseName,
  folderName,
  resolve: (path) => new URL(path, globalThis.location?.href ?? "http://localhost/").href,
  packageFolder: async () => undefined,
  hubLibrary: lacking("download a model"),
  environment: () => undefined,
  now: () => performance.now(),
  date: () => new Date(),
  processMemory: () => undefined,
  memoryLimitBytes: () => undefined,
  freeDiskBytes: async () => undefined,
  processorCount: () => navigator.hardwareConcurrency,
  // A page's threads need an address of their own, which only its bundler knows.
  startWorker: () => undefined,
  workerPort: () => undefined,
};
