/**
 * What Cloze asks of the machine below it. `node.ts` and `web.ts` both export one object of this type; everything else
 * imports it as `import { platform } from "#platform"` and so runs in Node and in a browser unchanged.
 *
 * Every function that touches a file throws typed errors only, and each names the file (see `file-errors.ts`).
 */
import type { FileKind } from "./file-errors.ts";

export interface FileStat {
  kind: "file" | "folder" | "other";
  sizeBytes: number;
  /** Time of the last change, in milliseconds since 1970. */
  modifiedMs: number;
}

export interface FolderEntry {
  name: string;
  kind: FileStat["kind"];
}

/** Where to begin and how much at a time. */
export interface ReadChunksOptions {
  /** First byte to read; 0 if absent. */
  start?: number;
  /** Largest chunk; 1 MiB if absent. The web platform gives chunks as they arrive. */
  chunkBytes?: number;
}

/** What can be written: text is encoded as UTF-8, iterables are written piece by piece as they come. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A file that only grows, for logs that outlive a killed process. */
export interface LogFile {
  readonly path: string;
  /**
   * Hands the text to the operating system before it returns, so that a killed process loses nothing. A write that
   * fails half-way (disk full) is taken back, so that the file always ends with a whole entry.
   */
  append(text: string): void;
  /** Returns when what was appended is on the disk, safe from a power failure too. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A file of this machine that stays open: it can be read also when its path has come to name another file, or none. */
export interface KeptFile {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Where it lies, free of symbolic links. */
  readonly path: string;
  /** Whether the path still names this very file. */
  isAtPath(): boolean;
  /** Fills `into` at once; an error if the file has been written to since it was opened. `into` may lie in shared memory. */
  readNow(position: number, into: Uint8Array): void;
}

/**
 * A file that is written over several attempts: what a broken connection or a killed process left is gone on with. It lies
 * aside, and appears under its name when it is complete.
 */
export interface PartialFile {
  /** Bytes that are there. */
  readonly sizeBytes: number;
  /** Where it lies meanwhile. */
  readonly path: string;
  append(piece: Uint8Array): Promise<void>;
  /** Forgets what is there. */
  clear(): Promise<void>;
  /** Synced, and renamed to the path that it was opened for. */
  complete(): Promise<void>;
  /** Closed and left aside for the next attempt; nothing happens after `complete`. */
  close(): Promise<void>;
}

/** A stretch of a file, in bytes. */
export interface FileStretch {
  readonly file: KeptFile;
  readonly offset: number;
  readonly length: number;
}

/** A thread that runs a module of this package. Messages are copied, or moved as `transfer` says. */
export interface WorkerThread {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Sets what gets the thread's messages, and what gets its failure. */
  listen(onMessage: (message: unknown) => void, onFailure: (error: unknown) => void): void;
  terminate(): Promise<void>;
}

/** What such a thread has to do with the one that started it. */
export interface WorkerPort {
  /** What `startWorker` was given. */
  readonly data: unknown;
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  listen(onMessage: (message: unknown) => void): void;
}

/** How the hub is reached. */
export interface HubAccess {
  readonly hubUrl?: string;
  readonly fetch?: typeof fetch;
  readonly accessToken?: string;
}

/**
 * What is used of the hub's own library, @huggingface/hub. Said here in its own words: the library's types ask for Node's,
 * which users of ours in browsers do not have.
 */
export interface HubLibrary {
  modelInfo(params: HubAccess & { name: string; revision?: string; additionalFields?: "sha"[] }): Promise<{
    readonly sha?: string;
  }>;
  pathsInfo(params: HubAccess & { repo: string; revision?: string; paths: string[] }): Promise<
    readonly {
      readonly path: string;
      readonly type: string;
      /** Git's hash of the content, or of a large file's pointer. */
      readonly oid?: string;
      /** Bytes. */
      readonly size: number;
      /** Of large files: SHA-256 and bytes. */
      readonly lfs?: { readonly oid: string; readonly size: number };
    }[]
  >;
}

export interface Platform {
  readonly name: "node" | "web";

  /** The whole file. `kind` says what the file is for, and so which error a missing one becomes. */
  readFile(path: string, kind: FileKind): Promise<Uint8Array<ArrayBuffer>>;
  /** The whole file as UTF-8 without a byte order mark; other bytes are an error. */
  readText(path: string, kind: FileKind): Promise<string>;
  /**
   * Fills `into` with the bytes from `position` on; an error if the file ends before. `into` may lie in shared memory.
   * Needs no memory beside it but a buffer of 1 MiB.
   */
  readInto(path: string, kind: FileKind, position: number, into: Uint8Array): Promise<void>;
  /**
   * Keeps a file open until the result is forgotten; undefined where files are not of this machine, or where one that is
   * open could not be replaced.
   */
  keepOpen(path: string, kind: FileKind): KeptFile | undefined;
  /** The file in chunks, in order. A chunk is the receiver's to keep. */
  readChunks(path: string, kind: FileKind, options?: ReadChunksOptions): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** Undefined if there is nothing at the path. Follows symbolic links. */
  stat(path: string, kind: FileKind): Promise<FileStat | undefined>;
  /** The entries of a folder, sorted by name in code unit order. Follows symbolic links; dangling ones are "other". */
  list(path: string, kind: FileKind): Promise<FolderEntry[]>;
  /** Lower-case hexadecimal. Reads the file in chunks. */
  sha256(path: string, kind: FileKind): Promise<string>;
  /** What git calls the content of a file, a SHA-1 in lower-case hexadecimal. Reads the file in chunks. */
  gitHash(path: string, kind: FileKind): Promise<string>;

  /** Makes the folder and those above it; nothing happens if it exists. */
  makeFolder(path: string): Promise<void>;
  /** Removes a file, or a folder with all that is in it; nothing happens if it does not exist. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  copyFile(from: string, to: string): Promise<void>;
  /** A second name for the same bytes, or a copy where the file system has no hard links. */
  linkOrCopy(from: string, to: string): Promise<void>;
  /**
   * Makes `path` a symbolic link to `target`, relative so that both can be moved together; a second name for the same
   * bytes, or a copy, where links cannot be made. Makes the folder if need be; nothing happens if `path` exists.
   */
  linkSymbolically(target: string, path: string): Promise<void>;
  /**
   * After this the path holds the whole content, or what it held before: written aside in the same folder, synced,
   * renamed, and the folder synced. Makes the folder if need be. On failure the file aside is removed.
   */
  writeFileAtomically(path: string, content: FileContent): Promise<void>;
  /**
   * The same for a whole folder: `write` fills the folder that it is given, then all is synced and renamed to `path`.
   * An existing folder is an error, unless `replace` is set: then it is moved away first and removed last, and a crash
   * between the two renames leaves it as `<name>.tmp-…`.
   */
  writeFolderAtomically(
    path: string,
    write: (folder: string) => Promise<void>,
    options?: { replace?: boolean },
  ): Promise<void>;
  /**
   * Opens the file aside for `path`: what an earlier attempt of this machine left, or a new one. Each process and thread
   * has its own, so several can work towards the same path.
   */
  openPartial(path: string): Promise<PartialFile>;
  /** Removes what killed processes of this machine left aside in a folder (`….tmp-…`); returns the names. */
  removeLeftovers(folder: string): Promise<string[]>;
  /** Opens or makes a log. A last line without its end, which a killed process left, is cut off. */
  openLog(path: string): Promise<LogFile>;

  /** Joins with the separator of this platform and resolves `.` and `..`. */
  join(...parts: string[]): string;
  baseName(path: string): string;
  folderName(path: string): string;
  /** Absolute, with a leading `~` as the home folder. */
  resolve(path: string): string;
  /** The folder of an installed npm package as seen from this one, or undefined. */
  packageFolder(name: string): Promise<string | undefined>;

  /** Asks about published models. Its package cannot be bundled for browsers. */
  hubLibrary(): Promise<HubLibrary>;

  environment(name: string): string | undefined;
  /** Milliseconds that never run backwards, for durations. */
  now(): number;
  /** The calendar. */
  date(): Date;
  /** Resident memory of this process, now and at its peak, in bytes; undefined where it cannot be known. */
  processMemory(): { residentBytes: number; peakBytes: number } | undefined;
  /** What this process may use, container limits counted, in bytes; undefined where it cannot be known. */
  memoryLimitBytes(): number | undefined;
  /** Free bytes on the file system that holds the folder; undefined where it cannot be known. */
  freeDiskBytes(folder: string): Promise<number | undefined>;
  /** Processors that this process may use. */
  processorCount(): number;
  /**
   * Starts a thread with a module that package.json's `imports` name, such as `#tokenizing-worker`; undefined where that
   * cannot be had. It keeps the process alive until it is terminated.
   */
  startWorker(module: string, data: unknown): WorkerThread | undefined;
  /** Undefined in the main thread. */
  workerPort(): WorkerPort | undefined;
}
