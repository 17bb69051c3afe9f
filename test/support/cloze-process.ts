/** The command line as a process of its own, run from the sources. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const loader = pathToFileURL(join(root, "node_modules/tsx/dist/loader.mjs")).href;
const program = [
  "--conditions=@cloze/source",
  "--import",
  loader,
  "--disable-warning=ExperimentalWarning",
  join(root, "src/cli/main.ts"),
];

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  /** The folder that it runs in; the caller's when left out. */
  readonly folder?: string;
  /** Of its environment, beside the caller's. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Is given the process at once, to stop it from outside. */
  readonly onStart?: (process: ChildProcess) => void;
  /** Sees what it has written so far, and may stop it. */
  readonly watch?: (process: ChildProcess, stdout: string, stderr: string) => void;
}

/** Runs the command to its end, without anything on standard input. */
export function runClozeProcess(words: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  const { NO_COLOR: _, FORCE_COLOR: __, ...environment } = process.env;
  const child = spawn(process.execPath, [...program, ...words], {
    env: { ...environment, ...options.variables },
    cwd: options.folder,
  });
  options.onStart?.(child);
  child.stdin.end();
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    options.watch?.(child, stdout, stderr);
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
    options.watch?.(child, stdout, stderr);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
