/** Runs the built short demo as a stranger would, and checks that it shows what it promises; then stops one by Ctrl-C. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DemoResult } from "../src/demo/index.ts";

const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cloze-demo-"));

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** Runs `cloze demo --quick`, its words going to standard error; `stopAt` is what Ctrl-C waits for. */
function demo(args: readonly string[], stopAt?: string): Promise<Finished> {
  const child = spawn(process.execPath, [command, "demo", "--quick", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, said] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (stopAt !== undefined) said += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    if (stopAt === undefined) process.stderr.write(chunk);
    said += chunk.toString();
  });
  const watch = setInterval(() => {
    if (stopAt === undefined || !said.includes(stopAt)) return;
    clearInterval(watch);
    child.kill("SIGINT");
  }, 100);
  return new Promise((resolve) =>
    child.on("close", (code) => {
      clearInterval(watch);
      resolve({ code, output });
    }),
  );
}

function check(what: string, holds: boolean): void {
  if (!holds) throw new Error(`the demo: ${what}: no`);
  console.log(`✓ ${what}`);
}

try {
  const { code, output } = await demo(["--json"]);
  check("ends with exit code 0", code === 0);
  const result: DemoResult = JSON.parse(output.trim().split("\n").at(-1) ?? "");
  const { oneSideOrTwo, accuracy, baselines } = result;
  for (const { text, isMet } of oneSideOrTwo.targets) check(text, isMet);
  const { following, unrelated } = oneSideOrTwo.nextSentence;
  check("the lesson that is cancelled follows the weather, the fish does not", following > 0.5 && unrelated < 0.5);
  // How far the training gets depends on the machine; neighbours have been found when it is past this.
  check("hidden words are guessed better than by frequency", accuracy > baselines.mostFrequent);
  check("a model is left", readdirSync(join(folder, result.output)).includes("model.safetensors"));

  const stopped = await demo(["--output", "stopped"], "generator");
  check("Ctrl-C ends it with exit code 130 and says so", stopped.code === 130 && stopped.output.includes("Stopped."));
  check(
    "nothing is left of it",
    readdirSync(folder).every((name) => !name.startsWith("stopped")),
  );
} finally {
  rmSync(folder, { recursive: true });
}
