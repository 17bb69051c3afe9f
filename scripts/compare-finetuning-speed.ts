/**
 * Steps of fine-tuning beside PyTorch: the same batches of a given shape, the same weights, fused AdamW on their side.
 *
 *     npx tsx --conditions=@cloze/source scripts/compare-finetuning-speed.ts --model DIR --python python3 \
 *       [--shapes 16x64,32x128,8x512,2x64,1x32] [--rounds 3] [--steps 12] [--threads 2]
 *
 * Sides alternate. A round's figure is the median of its steps after the first three; on our side with all that
 * `cloze finetune` does between two steps. Processor time is that of all threads. The ratio is the median of the rounds' own,
 * in brackets the smallest and the largest.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../src/random.ts";
import { finetune, type PreparedFinetuning } from "../src/training/index.ts";
import { linesOfRows } from "./data-set-rows.ts";
import { medianOf, planOf, trainInPytorch, writePlan } from "./finetuning-in-pytorch.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    python: { type: "string" },
    shapes: { type: "string", default: "16x64,32x128,8x512,2x64,1x32" },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "12" },
    threads: { type: "string", default: "2" },
  },
});
const { model, python } = values;
if (model === undefined || python === undefined) throw new Error("--model DIR and --python FILE must be given");
const [steps, threads] = [Number(values.steps), Number(values.threads)];
const firstSteps = 3;
const folder = mkdtempSync(join(tmpdir(), "cloze-speed-"));

/** Each is one token of BERT's English vocabulary. */
const words =
  "the of and in to was he is as for on with that it his by at from her she you had an were but be this are".split(" ");

console.log(
  "| batch | ms a step, Cloze | ms a step, PyTorch | ratio | processor ms, Cloze | processor ms, PyTorch | ratio |",
);
console.log("| --- | --: | --: | --: | --: | --: | --: |");
for (const shape of values.shapes.split(",")) {
  const [batchSize = 1, length = 8] = shape.split("x").map(Number);
  const rounds: { clock: Sides; processor: Sides }[] = [];
  for (let round = 0; round < Number(values.rounds); round++) rounds.push(await measure(batchSize, length, round));
  const cells = [rounds.map(({ clock }) => clock), rounds.map(({ processor }) => processor)].flatMap(cellsOf);
  console.log(`| ${[`${batchSize} × ${length}`, ...cells].join(" | ")} |`);
}
rmSync(folder, { recursive: true });

/** Milliseconds of a step. */
interface Sides {
  readonly ours: number;
  readonly theirs: number;
}

function cellsOf(rounds: readonly Sides[]): string[] {
  const ratios = rounds.map(({ ours, theirs }) => theirs / ours);
  const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  return [
    medianOf(rounds.map(({ ours }) => ours)).toFixed(0),
    medianOf(rounds.map(({ theirs }) => theirs)).toFixed(0),
    `${medianOf(ratios).toFixed(2)} (${range})`,
  ];
}

async function measure(batchSize: number, sequenceLength: number, seed: number) {
  const random = new Random(seed);
  const rows = Array.from({ length: batchSize * steps }, (_, index) => ({
    text: Array.from({ length: sequenceLength - 2 }, () => words[random.integer(words.length)]).join(" "),
    label: index % 2,
  }));
  const train = join(folder, "rows.jsonl");
  writeFileSync(train, linesOfRows(rows));
  let run: PreparedFinetuning | undefined;
  let place = "";
  const [clock, processor]: [number[], number[]] = [[], []];
  const settings = { task: "text-classification", model: model as string, train, validationShare: 0 } as const;
  const result = await finetune(
    { ...settings, output: null, batchSize, sequenceLength, steps, seed, threads },
    {},
    {
      async onReady(prepared, totalSteps) {
        run = prepared;
        place = await writePlan(prepared, await planOf(prepared, totalSteps), threads);
      },
      onEvent(event) {
        if (event.event !== "step") return;
        clock.push(event.elapsedMs);
        const { user, system } = process.cpuUsage();
        processor.push((user + system) / 1000);
      },
    },
  );
  await result.model.release();
  const { stepMs, processorMs } = await trainInPytorch(python as string, place, run as PreparedFinetuning);
  return {
    clock: { ours: usualStep(differences(clock)), theirs: usualStep(stepMs.slice(1)) },
    processor: { ours: usualStep(differences(processor)), theirs: usualStep(processorMs.slice(1)) },
  };
}

function differences(times: readonly number[]): number[] {
  return times.slice(1).map((time, at) => time - (times[at] as number));
}

/** Of the steps from the second on. */
function usualStep(times: readonly number[]): number {
  return medianOf(times.slice(firstSteps - 1));
}
