/** The platform in Node. The only file outside runtime/ that may import `node:` modules. */
import { createHash } from "node:crypto";
import {
  closeSync,
  type Dirent,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
  writeSync,
} from "node:fs";
import * as fs from "node:fs/promises";
import { createRequire } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import { parentPort, threadId, Worker, workerData } from "node:worker_threads";
import {
  decodeText,
  type FileKind,
  fileKindError,
  readError,
  truncatedError,
  withPath,
  writeError,
} from "./file-errors.ts";
import type {
  FileContent,
  FileStat,
  FolderEntry,
  KeptFile,
  LogFile,
  PartialFile,
  Platform,
  ReadChunksOptions,
  WorkerPort,
  WorkerThread,
} from "./platform.ts";

/** One buffer of this size is what reading and writing need beside the caller's memory. */
const defaultChunkBytes = 1 << 20;

async function reading<T>(file: string, kind: FileKind, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw readError(cause, file, kind);
  }
}

async function writing<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw writeError(cause, file);
  }
}

async function withOpenFile<T>(file: string, flags: string, action: (handle: fs.FileHandle) => Promise<T>): Promise<T> {
  const handle = await fs.open(file, flags);
  try {
    return await action(handle);
  } finally {
    await handle.close();
  }
}

// Reading

function readFile(file: string, kind: FileKind): Promise<Uint8Array<ArrayBuffer>> {
  return reading(file, kind, async () => {
    const stat = await fs.stat(file);
    // Node's own readFile stops at 2 GiB; what is not a plain file (a pipe) does not know its size.
    if (stat.isFile() && stat.size >= 2 ** 31 - 1) {
      const bytes = new Uint8Array(stat.size);
      await readInto(file, kind, 0, bytes);
      return bytes;
    }
    const buffer = await fs.readFile(file);
    return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
  });
}

async function readText(file: string, kind: FileKind): Promise<string> {
  return decodeText(await readFile(file, kind), file, kind);
}

function readInto(file: string, kind: FileKind, position: number, into: Uint8Array): Promise<void> {
  return reading(file, kind, () =>
    withOpenFile(file, "r", async (handle) => {
      // Node does not promise to read straight into shared memory: go through a buffer.
      const shared = !(into.buffer instanceof ArrayBuffer);
      const through = shared ? new Uint8Array(Math.min(defaultChunkBytes, into.byteLength)) : undefined;
      let done = 0;
      while (done < into.byteLength) {
        const target = through ?? into.subarray(done);
        const wanted = Math.min(target.byteLength, into.byteLength - done, 1 << 30);
        const { bytesRead } = await handle.read(target, 0, wanted, position + done);
        if (bytesRead === 0) throw truncatedError(file, kind, position + into.byteLength, position + done);
        if (through) into.set(through.subarray(0, bytesRead), done);
        done += bytesRead;
      }
    }),
  );
}

/** Closes what was kept open once nobody has it any more. */
const forgottenFiles = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

function keepOpen(file: string, kind: FileKind): KeptFile | undefined {
  // Windows refuses to replace an open file, so a model could not be saved where it came from.
  if (process.platform === "win32") return undefined;
  const now = <T>(action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      throw readError(cause, file, kind);
    }
  };
  const descriptor = now(() => openSync(file, "r"));
  const opened = fstatSync(descriptor);
  const place = now(() => realpathSync(file));
  const checkUnchanged = (): void => {
    const { size, mtimeMs } = fstatSync(descriptor);
    if (size === opened.size && mtimeMs === opened.mtimeMs) return;
    throw fileKindError(kind, `${file} has been written to since it was opened.`, {
      file,
      hint: "Load it again. To replace a file that is in use, write another one and rename it.",
    });
  };
  const kept: KeptFile = {
    path: place,
    sizeBytes: opened.size,
    modifiedMs: opened.mtimeMs,
    isAtPath() {
      checkUnchanged();
      const there = statSync(place, { throwIfNoEntry: false });
      return there?.ino === opened.ino && there.dev === opened.dev;
    },
    readNow: (position, into) =>
      now(() => {
        // Node does not promise to read straight into shared memory: go through a buffer.
        const through = new Uint8Array(Math.min(defaultChunkBytes, into.byteLength));
        for (let done = 0; done < into.byteLength; ) {
          const wanted = Math.min(through.byteLength, into.byteLength - done);
          const count = readSync(descriptor, through, 0, wanted, position + done);
          if (count === 0) throw truncatedError(file, kind, position + into.byteLength, position + done);
          into.set(through.subarray(0, count), done);
          done += count;
        }
        checkUnchanged();
      }),
  };
  forgottenFiles.register(kept, descriptor);
  return kept;
}

async function* readChunks(
  file: string,
  kind: FileKind,
  options: ReadChunksOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const chunkBytes = options.chunkBytes ?? defaultChunkBytes;
  const handle = await reading(file, kind, () => fs.open(file, "r"));
  try {
    const stat = await reading(file, kind, () => handle.stat());
    // Only a plain file can be read by position; a pipe gives what comes next.
    let position = stat.isFile() ? (options.start ?? 0) : null;
    while (true) {
      const chunk = new Uint8Array(chunkBytes);
      const { bytesRead } = await reading(file, kind, () => handle.read(chunk, 0, chunkBytes, position));
      if (bytesRead === 0) return;
      if (position !== null) position += bytesRead;
      yield bytesRead === chunkBytes ? chunk : chunk.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): FileStat["kind"] {
  return entry.isFile() ? "file" : entry.isDirectory() ? "folder" : "other";
}

function isAbsent(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR");
}

function stat(file: string, kind: FileKind): Promise<FileStat | undefined> {
  return reading(file, kind, async () => {
    try {
      const found = await fs.stat(file);
      return { kind: kindOf(found), sizeBytes: found.size, modifiedMs: found.mtimeMs };
    } catch (cause) {
      if (isAbsent(cause)) return undefined;
      throw cause;
    }
  });
}

function list(folder: string, kind: FileKind): Promise<FolderEntry[]> {
  return reading(folder, kind, async () => {
    const linkTarget = async (entry: Dirent): Promise<FileStat["kind"]> => {
      const target = await fs.stat(path.join(folder, entry.name)).catch(() => undefined);
      return target ? kindOf(target) : "other";
    };
    const found = await fs.readdir(folder, { withFileTypes: true });
    const entries = await Promise.all(
      found.map(async (entry) => ({
        name: entry.name,
        kind: entry.isSymbolicLink() ? await linkTarget(entry) : kindOf(entry),
      })),
    );
    return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  });
}

async function sha256(file: string, kind: FileKind): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of readChunks(file, kind)) hash.update(chunk);
  return hash.digest("hex");
}

async function gitHash(file: string, kind: FileKind): Promise<string> {
  const { size } = await reading(file, kind, () => fs.stat(file));
  const hash = createHash("sha1").update(`blob ${size}\0`);
  for await (const chunk of readChunks(file, kind)) hash.update(chunk);
  return hash.digest("hex");
}

// Writing

/** Windows cannot open a folder to sync it, and keeps names safe without. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  await withOpenFile(folder, "r", (handle) => handle.sync());
}

let asideCount = 0;

/** A name in the same folder that tells whose it is, so that what a killed process left can be known and removed. */
function asideName(file: string): string {
  asideCount += 1;
  return `${file}.tmp-${process.pid}-${asideCount}-${Date.now().toString(36)}`;
}

async function* pieces(content: FileContent): AsyncGenerator<Uint8Array> {
  if (typeof content === "string") yield new TextEncoder().encode(content);
  else if (content instanceof Uint8Array) yield content;
  else yield* content;
}

async function writeAll(handle: fs.FileHandle, piece: Uint8Array): Promise<void> {
  // The same as for reading: shared memory goes through a buffer.
  const shared = !(piece.buffer instanceof ArrayBuffer);
  const limit = shared ? defaultChunkBytes : 1 << 30;
  let done = 0;
  while (done < piece.byteLength) {
    const part = piece.subarray(done, done + limit);
    const { bytesWritten } = await handle.write(shared ? part.slice() : part);
    done += bytesWritten;
  }
}

function writeFileAtomically(file: string, content: FileContent): Promise<void> {
  return writing(file, async () => {
    const folder = path.dirname(file);
    await fs.mkdir(folder, { recursive: true });
    const aside = asideName(file);
    try {
      await withOpenFile(aside, "wx", async (handle) => {
        for await (const piece of pieces(content)) await writeAll(handle, piece);
        await handle.sync();
      });
      await fs.rename(aside, file);
    } catch (cause) {
      await fs.rm(aside, { force: true }).catch(() => {});
      throw cause;
    }
    await syncFolder(folder);
  });
}

/** Syncs all files below, then the folders from the inside out. */
async function syncTree(folder: string): Promise<void> {
  for (const entry of await fs.readdir(folder, { withFileTypes: true })) {
    const below = path.join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(below);
    else if (entry.isFile()) await withOpenFile(below, "r+", (handle) => handle.sync());
  }
  await syncFolder(folder);
}

function writeFolderAtomically(
  folder: string,
  write: (folder: string) => Promise<void>,
  options: { replace?: boolean } = {},
): Promise<void> {
  return writing(folder, async () => {
    const target = path.resolve(folder);
    const parent = path.dirname(target);
    await fs.mkdir(parent, { recursive: true });
    const aside = asideName(target);
    const old = asideName(target);
    try {
      await fs.mkdir(aside);
      await write(aside);
      await syncTree(aside);
      const moved = options.replace === true && (await fs.stat(target).catch(() => undefined)) !== undefined;
      if (moved) await fs.rename(target, old);
      try {
        await fs.rename(aside, target);
      } catch (cause) {
        if (moved) await fs.rename(old, target);
        throw cause;
      }
    } catch (cause) {
      await fs.rm(aside, { recursive: true, force: true }).catch(() => {});
      throw withPath(cause, aside, folder);
    }
    await syncFolder(parent);
    await fs.rm(old, { recursive: true, force: true });
  });
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (cause) {
    // EPERM: it runs, as another user.
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}

function removeLeftovers(folder: string): Promise<string[]> {
  return writing(folder, async () => {
    const removed: string[] = [];
    for (const name of (await fs.readdir(folder)).sort()) {
      const owner = /\.tmp-(\d+)-\d+-[0-9a-z]+$/.exec(name)?.[1];
      if (owner === undefined || isRunning(Number(owner))) continue;
      await fs.rm(path.join(folder, name), { recursive: true, force: true });
      removed.push(name);
    }
    return removed;
  });
}

/** Partial files that this thread has open. */
const openPartials = new Set<string>();

/** Moves an earlier attempt at `file` to `own`, if there is one that nobody works on. */
async function claimPartial(file: string, host: string, own: string): Promise<void> {
  const folder = path.dirname(file);
  const prefix = `${path.basename(file)}.${host}-`;
  for (const name of (await fs.readdir(folder)).sort()) {
    const owner = name.startsWith(prefix) && /^(\d+)-(\d+)-\d+-[0-9a-z]+\.incomplete$/.exec(name.slice(prefix.length));
    if (!owner) continue;
    const isOurs = owner[1] === String(process.pid) && owner[2] === String(threadId);
    const place = path.join(folder, name);
    if (isOurs ? openPartials.has(place) : isRunning(Number(owner[1]))) continue;
    // Of two who try, one gets it.
    const isMoved = await fs.rename(place, own).then(
      () => true,
      () => false,
    );
    if (isMoved) return;
  }
}

function openPartial(file: string): Promise<PartialFile> {
  return writing(file, async () => {
    await fs.mkdir(path.dirname(file), { recursive: true });
    asideCount += 1;
    const host = os.hostname().replace(/[^A-Za-z0-9]/g, "");
    const aside = `${file}.${host}-${process.pid}-${threadId}-${asideCount}-${Date.now().toString(36)}.incomplete`;
    await claimPartial(file, host, aside);
    const handle = await fs.open(aside, "a");
    openPartials.add(aside);
    let sizeBytes = (await handle.stat()).size;
    const close = async (): Promise<void> => {
      if (openPartials.delete(aside)) await handle.close();
    };
    return {
      path: aside,
      get sizeBytes() {
        return sizeBytes;
      },
      append: (piece) =>
        writing(file, async () => {
          await writeAll(handle, piece);
          sizeBytes += piece.byteLength;
        }),
      clear: () =>
        writing(file, async () => {
          await handle.truncate(0);
          sizeBytes = 0;
        }),
      complete: () =>
        writing(file, async () => {
          await handle.sync();
          await close();
          await fs.rename(aside, file);
          await syncFolder(path.dirname(file));
        }),
      close: () => writing(file, close),
    };
  });
}

/** The length of the file without its unfinished last line. */
async function wholeLinesBytes(handle: fs.FileHandle): Promise<number> {
  const block = new Uint8Array(1 << 16);
  let end = (await handle.stat()).size;
  while (end > 0) {
    const start = Math.max(0, end - block.byteLength);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    const newline = block.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}

async function openLog(file: string): Promise<LogFile> {
  const handle = await writing(file, async () => {
    await fs.mkdir(path.dirname(file), { recursive: true });
    const opened = await fs.open(file, "a+");
    await opened.truncate(await wholeLinesBytes(opened));
    return opened;
  });
  return {
    path: file,
    append(text) {
      const bytes = new TextEncoder().encode(text);
      const before = fstatSync(handle.fd).size;
      try {
        for (let done = 0; done < bytes.byteLength; ) done += writeSync(handle.fd, bytes, done);
      } catch (cause) {
        ftruncateSync(handle.fd, before);
        throw writeError(cause, file);
      }
    },
    flush: () => writing(file, () => handle.sync()),
    close: () => writing(file, () => handle.close()),
  };
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await writing(to, async () => {
    try {
      await fs.link(from, to);
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && (cause.code === "EEXIST" || cause.code === "ENOENT"))
        throw cause;
      await fs.copyFile(from, to);
    }
  });
}

function linkSymbolically(target: string, file: string): Promise<void> {
  return writing(file, async () => {
    const folder = path.dirname(file);
    await fs.mkdir(folder, { recursive: true });
    try {
      await fs.symlink(path.relative(folder, target), file);
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return;
      await linkOrCopy(target, file);
    }
  });
}

// The machine

async function packageFolder(name: string): Promise<string | undefined> {
  // Looks in the folders where Node would, because a package's `exports` may hide its package.json.
  for (const modules of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const folder = path.join(modules, name);
    if (await fs.stat(path.join(folder, "package.json")).catch(() => undefined)) return folder;
  }
  return undefined;
}

function resolvePath(file: string): string {
  const home = file === "~" || file.startsWith("~/") || file.startsWith("~\\");
  return home ? path.join(os.homedir(), file.slice(1)) : path.resolve(file);
}

function memoryLimitBytes(): number {
  // A container's limit; absurdly large where there is none, and 0 or undefined where it is not known.
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
}

function startWorker(module: string, data: unknown): WorkerThread | undefined {
  let worker: Worker;
  try {
    // Not every loader has it: test runners that serve modules themselves do not.
    worker = new Worker(new URL(import.meta.resolve(module)), { workerData: data, name: `cloze ${module}` });
  } catch {
    return undefined;
  }
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen(onMessage, onFailure) {
      worker.on("message", onMessage);
      worker.on("error", onFailure);
      worker.on("exit", (code) => onFailure(new Error(`the thread ended with code ${code}`)));
    },
    async terminate() {
      await worker.terminate();
    },
  };
}

function workerPort(): WorkerPort | undefined {
  if (!parentPort) return undefined;
  const port = parentPort;
  return {
    data: workerData,
    post: (message, transfer = []) => port.postMessage(message, [...transfer]),
    listen: (onMessage) => void port.on("message", onMessage),
  };
}

export const platform: Platform = {
  name: "node",
  readFile,
  readText,
  readInto,
  keepOpen,
  readChunks,
  stat,
  list,
  sha256,
  gitHash,
  makeFolder: (folder) => writing(folder, async () => void (await fs.mkdir(folder, { recursive: true }))),
  remove: (target) => writing(target, () => fs.rm(target, { recursive: true, force: true })),
  rename: (from, to) => writing(to, () => fs.rename(from, to)),
  copyFile: (from, to) => writing(to, () => fs.copyFile(from, to)),
  linkOrCopy,
  linkSymbolically,
  writeFileAtomically,
  writeFolderAtomically,
  openPartial,
  removeLeftovers,
  openLog,
  join: path.join,
  baseName: (file) => path.basename(file),
  folderName: path.dirname,
  resolve: resolvePath,
  packageFolder,
  hubLibrary: () => import("@huggingface/hub"),
  environment: (name) => process.env[name],
  now: () => performance.now(),
  date: () => new Date(),
  processMemory: () => ({
    residentBytes: process.memoryUsage.rss(),
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }),
  memoryLimitBytes,
  freeDiskBytes: async (folder) => {
    const found = await fs.statfs(folder).catch(() => undefined);
    return found ? found.bavail * found.bsize : undefined;
  },
  processorCount: () => os.availableParallelism(),
  startWorker,
  workerPort,
};
