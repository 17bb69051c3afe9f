/** Runs a program and takes its times from outside: only CPU time and memory are what the system tells the program. */
import { spawn } from "node:child_process";

export interface ProcessTimes {
  /** From the start of the process to its end. */
  readonly wallMs: number;
  /** From the start of the process to the end of its first step or call. */
  readonly firstMs: number;
  /** Of user and system together, over all threads. */
  readonly cpuMs: number;
  readonly peakMiB: number;
  /** The loss or a checksum of the output. */
  readonly value: number;
}

export type Command = readonly [program: string, ...args: readonly string[]];

/** Throws what the program printed when it fails. */
export async function timedProcess(
  [program, ...args]: Command,
  environment: Readonly<Record<string, string>> = {},
): Promise<ProcessTimes> {
  const startMs = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
  let [output, errors, firstMs] = ["", "", Number.NaN];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (Number.isNaN(firstMs) && output.includes('"first"')) firstMs = performance.now() - startMs;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const status = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  const wallMs = performance.now() - startMs;
  if (status !== 0) throw new Error(`${program} ended with ${status}:\n${errors.slice(-2000)}`);
  const done = JSON.parse(output.trim().split("\n").at(-1) ?? "{}");
  return { wallMs, firstMs, cpuMs: done.userMs + done.systemMs, peakMiB: done.peakMiB, value: done.value };
}
