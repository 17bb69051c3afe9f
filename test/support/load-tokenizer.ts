/**
 * A process that loads the tokenizer of a folder and uses it, and says what that took beyond a process that has loaded a
 * small one: `load-tokenizer.ts FOLDER TEXT` writes a line of JSON.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { ClozeError } from "../../src/errors.ts";
import { AutoTokenizer } from "../../src/tokenizers/index.ts";

/** What loading and using came to. */
export interface LoadReport {
  /** Absent if the tokenizer could be used. */
  readonly error?: {
    readonly isTyped: boolean;
    readonly message: string;
    readonly file?: string | undefined;
    readonly field?: string | undefined;
  };
  /** User and system time: it suffers less from neighbours than the clock. */
  readonly cpuMs: number;
  /** How far the resident maximum rose; absent where the system does not say. */
  readonly grownMiB?: number;
}

/** The largest resident size since it was last forgotten; undefined where the system does not say. */
function peakMiB(): number | undefined {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  const kibibytes = /VmHWM:\s*(\d+)/.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
}

const small = { model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: [["a", "b"]] } };

async function use(folder: string, text: string, files?: Readonly<Record<string, string>>): Promise<void> {
  const tokenizer = await AutoTokenizer.fromPretrained(folder, files && { readFile: async (name) => files[name] });
  tokenizer.decode(tokenizer(text, { returnTensors: false }).inputIds);
}

async function report(folder: string, text: string): Promise<LoadReport> {
  await use("small", "ab", { "tokenizer.json": JSON.stringify(small) });
  // What the process took for its start is not to hide what comes now.
  if (existsSync("/proc/self/clear_refs")) writeFileSync("/proc/self/clear_refs", "5");
  const before = { ...process.resourceUsage(), peakMiB: peakMiB() };
  let error: LoadReport["error"];
  try {
    await use(folder, text);
  } catch (cause) {
    const { file, field } = cause instanceof ClozeError ? cause : {};
    error = { isTyped: cause instanceof ClozeError, message: String(cause), file, field };
  }
  const after = process.resourceUsage();
  const cpuMs = (after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime) / 1000;
  const peak = peakMiB();
  const grownMiB = peak === undefined || before.peakMiB === undefined ? undefined : peak - before.peakMiB;
  return { ...(error && { error }), cpuMs, ...(grownMiB !== undefined && { grownMiB }) };
}

const [folder = "", text = ""] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await report(folder, text))}\n`);
