/**
 * Failures of the file system as typed errors. A missing or unreadable input becomes the error of what the file is for;
 * a place that cannot be written is a wrong setting; an exhausted disk or machine is a lack of resources.
 */
import {
  CheckpointError,
  ClozeError,
  ConfigurationError,
  DataError,
  type ErrorDetails,
  ResourceError,
  TokenizerError,
} from "../errors.ts";
import { jsonShapeProblem } from "./json-shape.ts";

/** What a file is for. */
export type FileKind = "configuration" | "checkpoint" | "tokenizer" | "data";

const errorOfKind = {
  configuration: ConfigurationError,
  checkpoint: CheckpointError,
  tokenizer: TokenizerError,
  data: DataError,
} as const;

/** The typed error for a file of this kind. */
export function fileKindError(kind: FileKind, message: string, details: ErrorDetails): ClozeError {
  return new errorOfKind[kind](message, details);
}

interface Failure {
  /** Completes "<file> …". */
  problem: string;
  hint: string;
}

const exhausted: Record<string, Failure> = {
  ENOSPC: { problem: "cannot be written: the disk is full", hint: "Free some space or choose another folder." },
  EDQUOT: {
    problem: "cannot be written: the disk quota is used up",
    hint: "Free some space or choose another folder.",
  },
  EFBIG: { problem: "grew larger than this file system allows", hint: "Choose a folder on another file system." },
  EMFILE: { problem: "cannot be opened: too many open files", hint: "Raise the limit with `ulimit -n`." },
  ENFILE: {
    problem: "cannot be opened: too many open files",
    hint: "Close other programs or raise the system's limit.",
  },
  ENOMEM: { problem: "cannot be handled: the machine is out of memory", hint: "Close other programs." },
  EIO: { problem: "cannot be read or written: the device reports a failure", hint: "Check the disk." },
};

const wrong: Record<string, Failure> = {
  ENOENT: { problem: "does not exist", hint: "Check the path." },
  EACCES: { problem: "is not accessible to this user", hint: "Check the permissions of the file and its folders." },
  EPERM: { problem: "is not accessible to this user", hint: "Check the permissions of the file and its folders." },
  EISDIR: { problem: "is a folder, not a file", hint: "Name a file." },
  ENOTDIR: { problem: "is not a folder, or lies below something that is none", hint: "Check the path." },
  EEXIST: { problem: "exists already", hint: "Choose another name or remove it first." },
  ENOTEMPTY: { problem: "exists already and is not empty", hint: "Choose another name or remove it first." },
  ENAMETOOLONG: { problem: "has too long a name", hint: "Choose a shorter name." },
  ELOOP: { problem: "is a circle of symbolic links", hint: "Check the links." },
  EROFS: { problem: "is on a file system that cannot be written", hint: "Choose another folder." },
  EBUSY: { problem: "is in use by another program", hint: "Close it and try again." },
  ETXTBSY: { problem: "is in use by another program", hint: "Close it and try again." },
  EXDEV: { problem: "is on another file system", hint: "Choose a name on the same file system." },
  EINVAL: { problem: "cannot be opened under this name", hint: "Check the path." },
  ERR_INVALID_ARG_VALUE: { problem: "has a name that no file can have", hint: "Check the path." },
};

function codeOf(cause: unknown): string {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : "";
}

/** The typed error for a failed reading of `file`. Typed errors pass unchanged; what is not a file system's comes back as it was. */
export function readError(cause: unknown, file: string, kind: FileKind): unknown {
  if (cause instanceof ClozeError) return cause;
  const code = codeOf(cause);
  const resource = exhausted[code];
  if (resource) return new ResourceError(`${file} ${resource.problem}.`, { file, hint: resource.hint, cause });
  const failure = wrong[code];
  return failure ? fileKindError(kind, `${file} ${failure.problem}.`, { file, hint: failure.hint, cause }) : cause;
}

/** The same for writing, where a place that cannot be written is a ConfigurationError. */
export function writeError(cause: unknown, file: string): unknown {
  return readError(cause, file, "configuration");
}

/** The same error with another path in place of one that the reader cannot know, such as that of a folder written aside. */
export function withPath(cause: unknown, path: string, shown: string): unknown {
  if (!(cause instanceof ClozeError)) return cause;
  const replaced = (text: string | undefined): string | undefined => text?.replaceAll(path, shown);
  const { field, expected, received, hint } = cause;
  const details = { file: replaced(cause.file), field, expected, received, hint, cause: cause.cause };
  const message = cause.message.replaceAll(path, shown);
  if (cause.constructor === ClozeError) return new ClozeError(cause.kind, message, details);
  const type = cause.constructor as new (message: string, details: ErrorDetails) => ClozeError;
  return new type(message, details);
}

/** What `work` gives; its typed errors name `file` if they name none. */
export async function naming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof ClozeError) || cause.file !== undefined) throw cause;
    const { field, expected, received, hint } = cause;
    const type = cause.constructor as new (message: string, details: ErrorDetails) => ClozeError;
    throw new type(`${file}: ${cause.message}`, { file, field, expected, received, hint, cause });
  }
}

/** Bytes as strict UTF-8 without a byte order mark, or the typed error. */
export function decodeText(bytes: Uint8Array, file: string, kind: FileKind): string {
  // V8 holds no longer string, and its own error for that is untyped.
  const longest = 0x1fffffe8;
  if (bytes.byteLength > longest) {
    throw fileKindError(kind, `${file} is too large to be read as one text.`, {
      file,
      expected: `at most ${longest} bytes`,
      received: `${bytes.byteLength} bytes`,
      hint: "Check that this is the file you meant.",
    });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fileKindError(kind, `${file} is not UTF-8 text.`, {
      file,
      expected: "UTF-8",
      hint: "Convert the file to UTF-8, for example with `iconv -t utf-8`.",
      cause,
    });
  }
}

/** The typed error for a file that ended before `needed` bytes. */
export function truncatedError(file: string, kind: FileKind, needed: number, received: number): ClozeError {
  return fileKindError(kind, `${file} ends too early.`, {
    file,
    expected: `at least ${needed} bytes`,
    received: `${received} bytes`,
    hint: "The file is cut short or is being written: copy or download it again.",
  });
}

/** JSON or the typed error; a value of any type. Refused is also what would take many times its size in memory. */
export function parseJson(text: string, file: string, kind: FileKind): unknown {
  const problem = jsonShapeProblem(text);
  if (problem !== undefined) {
    const hint = "Check that this is the file you meant.";
    const details = { file, field: "(the whole file)", ...problem, hint };
    throw fileKindError(kind, `${file} holds JSON of a shape that no such file needs.`, details);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fileKindError(kind, `${file} is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      file,
      field: "(the whole file)",
      expected: "JSON",
      hint: "Check the file: it may be cut short, or hold comments, NaN or a trailing comma.",
      cause,
    });
  }
}
