/**
 * Kills a training run at random moments and resumes it until it is done; then its weights must be those of a run that was
 * left alone, byte for byte. `tsx scripts/kill-and-resume.ts [KILLS] [SEED]`; needs a built package.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "../src/random.ts";

const kills = Number(process.argv[2] ?? 10);
const random = new Random(Number(process.argv[3] ?? 1));
const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cloze-kill-"));
const corpus = join(folder, "corpus.txt");
const words = ["rain", "sun", "wind", "snow", "cloud", "storm", "frost", "heat"];
const sentence = (): string => Array.from({ length: 9 }, () => words[random.integer(words.length)]).join(" ");
const document = (): string => Array.from({ length: 6 }, sentence).join("\n");
writeFileSync(corpus, Array.from({ length: 80 }, document).join("\n\n"));

const flags = [
  "--corpus",
  corpus,
  "--steps",
  "400",
  "--checkpoint-every",
  "10",
  "--vocab-size",
  "60",
  "--batch-size",
  "16",
];
const run = [...flags, "--sequence-length", "16", "--dropout", "0.1", "--seed", "3", "--quiet"];

/** Starts a run and kills it after `milliseconds`; resolves to whether it ended by itself. */
function train(output: string, extra: readonly string[], milliseconds?: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, "pretrain", ...run, "--output", output, ...extra], {
      stdio: "inherit",
    });
    const timer = milliseconds === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), milliseconds);
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL") resolve(false);
      else if (code === 0) resolve(true);
      else reject(new Error(`the run ended with ${code ?? signal}`));
    });
  });
}

const whole = join(folder, "whole");
const startMs = performance.now();
await train(whole, []);
const wholeMs = performance.now() - startMs;
const broken = join(folder, "broken");
let done = false;
let killed = 0;
while (!done && killed < kills) {
  // From soon after the start to the middle of a whole run, so that some kills meet the writing of a checkpoint.
  done = await train(broken, killed === 0 ? [] : ["--resume"], 300 + random.uniform() * wholeMs * 0.3);
  if (!done) killed += 1;
}
if (!done) await train(broken, ["--resume"]);
const log = readFileSync(join(broken, "metrics.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const resumed = log.filter(({ event }) => event === "resumed").map(({ step }) => step);
const [a, b] = [whole, broken].map((output) => readFileSync(join(output, "model.safetensors")));
const isSame = a !== undefined && b !== undefined && a.equals(b);
console.log(`${killed} kills; resumed at ${resumed.join(", ")}; weights ${isSame ? "the same" : "DIFFERENT"}`);
rmSync(folder, { recursive: true });
process.exit(isSame ? 0 : 1);
