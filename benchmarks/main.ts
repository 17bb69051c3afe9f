/**
 * `npm run benchmark`: full training steps beside PyTorch eager on the same machine. The sides alternate; a figure is
 * (time of a long run − time of a short one) / steps between, from outside the processes; medians are quoted.
 *
 * PyTorch is found by CLOZE_PYTHON, the path of a Python with torch and transformers; without it only our side runs.
 * Options: --rounds N, --threads N, names of cases.
 */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type TrainingCase, trainingCases } from "./cases.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const python = process.env.CLOZE_PYTHON;
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

interface Side {
  readonly name: string;
  readonly command: (benchmark: TrainingCase, steps: number) => [string, string[]];
}

const ours: Side = {
  name: "cloze",
  command: (benchmark, steps) => [
    process.execPath,
    [
      "--conditions=@cloze/source",
      "--import",
      "tsx",
      here("training-run.ts"),
      benchmark.name,
      String(steps),
      values.threads,
    ],
  ],
};
const pytorch: Side = {
  name: "PyTorch eager",
  command: (benchmark, steps) => [
    python ?? "python3",
    [here("training_run.py"), JSON.stringify(benchmark), String(steps), values.threads],
  ],
};

function timedRun(side: Side, benchmark: TrainingCase, steps: number): { ms: number; peakMiB: number } {
  const [command, args] = side.command(benchmark, steps);
  const startMs = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${side.name} failed on ${benchmark.name}:\n${stderr}`);
  const { peakMiB } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as { peakMiB: number };
  return { ms: performance.now() - startMs, peakMiB };
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;

const sides = python === undefined ? [ours] : [ours, pytorch];
const chosen = trainingCases.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
console.log(`${cpus()[0]?.model}, ${values.threads} threads, load ${loadavg()[0]?.toFixed(1)} at the start`);
if (python === undefined) console.log("CLOZE_PYTHON is not set: PyTorch is left out.");
for (const benchmark of chosen) {
  const stepMs = new Map<Side, number[]>(sides.map((side) => [side, []]));
  const peaks = new Map<Side, number>();
  const [short, long] = benchmark.steps;
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const side of sides) {
      const few = timedRun(side, benchmark, short);
      const many = timedRun(side, benchmark, long);
      stepMs.get(side)?.push((many.ms - few.ms) / (long - short));
      peaks.set(side, Math.max(peaks.get(side) ?? 0, many.peakMiB));
    }
  }
  console.log(`${benchmark.name}: ${benchmark.about}`);
  const tokens = benchmark.batchSize * benchmark.sequenceLength;
  for (const side of sides) {
    const each = stepMs.get(side) ?? [];
    const rate = Math.round((tokens / median(each)) * 1000).toLocaleString("en");
    const spread = `${Math.min(...each).toFixed(1)}–${Math.max(...each).toFixed(1)}`;
    console.log(
      `  ${side.name.padEnd(14)} ${median(each).toFixed(1)} ms a step (${spread}), ${rate} tokens/s, peak ${peaks.get(side)} MiB`,
    );
  }
  if (sides.length === 2) {
    const ratios = (stepMs.get(pytorch) ?? []).map((ms, round) => ms / (stepMs.get(ours)?.[round] ?? Number.NaN));
    console.log(
      `  ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
    );
  }
}
