/**
 * A fine-tuning run that was prepared here, done in PyTorch: test/golden/fine-tuning/train.py gets the same batches in the
 * same order, the same first weights, head included, and the same schedule. Only the masks of dropout differ.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { OutputArrays, PreparedBatch } from "../src/objectives/index.ts";
import { type Features, longestRow } from "../src/tasks/index.ts";
import { finetuningRate } from "../src/training/finetune-settings.ts";
import type { PreparedFinetuning } from "../src/training/index.ts";

const script = fileURLToPath(new URL("../test/golden/fine-tuning/train.py", import.meta.url));

/** Held-out rows that PyTorch takes together. */
const heldOutBatch = 32;

/** What PyTorch is told; `training` and `heldOut` are batches as lines of JSON. */
export interface Plan {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly training: readonly string[];
  readonly heldOut: readonly string[];
}

/** What a run came to. */
export interface TorchRun {
  readonly metrics: Readonly<Record<string, number>>;
  readonly stepMs: readonly number[];
  /** Of all threads together. */
  readonly processorMs: readonly number[];
  /** Of the steps, in nats. */
  readonly losses: readonly number[];
  readonly versions: { readonly torch: string; readonly transformers: string };
}

/** The plan of a run before its first step. */
export async function planOf(run: PreparedFinetuning, totalSteps: number): Promise<Plan> {
  const { batches, task, evaluator } = run;
  const { task: name, learningRate, weightDecay, beta1, beta2, epsilon, maximumGradientNorm, seed } = run.settings;
  const settings = {
    ...{ task: name, seed, totalSteps, learningRate: learningRate ?? finetuningRate(run.width), weightDecay },
    ...{ beta1, beta2, epsilon, maximumGradientNorm, warmupSteps: Math.round(totalSteps * 0.1) },
  };
  const training: string[] = [];
  for await (const { features } of batches.from(batches.start)) {
    if (training.length === totalSteps) break;
    training.push(lineOf(task.batch(features)));
  }
  const heldOut = longFirst(evaluator?.features ?? []).map((features) => lineOf(task.batch(features)));
  return { settings, training, heldOut };
}

/** SHA-256 of what PyTorch is told: scores that were stored hold as long as it is the same. */
export function planHash({ settings, training, heldOut }: Plan): string {
  return createHash("sha256")
    .update(JSON.stringify([settings, training, heldOut]))
    .digest("hex");
}

/** Writes the plan, and the model as it is now, into a new folder. */
export async function writePlan(run: PreparedFinetuning, plan: Plan, threads: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "cloze-pytorch-"));
  await run.model.savePretrained(join(folder, "model"));
  writeFileSync(join(folder, "plan.json"), JSON.stringify({ ...plan.settings, threads }));
  writeFileSync(join(folder, "training.jsonl"), plan.training.join(""));
  writeFileSync(join(folder, "held-out.jsonl"), plan.heldOut.join(""));
  return folder;
}

/** Trains in the folder of a plan, and removes it. */
export async function trainInPytorch(python: string, folder: string, run: PreparedFinetuning): Promise<TorchRun> {
  await promisify(execFile)(python, [script, folder], { maxBuffer: 2 ** 26 });
  const { seconds, processorSeconds, losses, ...versions } = JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));
  const metrics = metricsOf(run, readFileSync(join(folder, "logits.bin")));
  rmSync(folder, { recursive: true });
  const inMs = (each: number): number => 1000 * each;
  return { metrics, stepMs: seconds.map(inMs), processorMs: processorSeconds.map(inMs), losses, versions };
}

/** Rows of like length together, so that little is padded. */
function longFirst(features: readonly Features[]): Features[][] {
  const order = features.toSorted((a, b) => longestRow(b) - longestRow(a));
  const starts = Array.from({ length: Math.ceil(order.length / heldOutBatch) }, (_, index) => index * heldOutBatch);
  return starts.map((start) => order.slice(start, start + heldOutBatch));
}

function lineOf(batch: PreparedBatch): string {
  const arrays = Object.entries(batch).map(([name, { type, dims, data: values }]) => {
    return [name, { type, dims, data: Array.from(values as Iterable<number | bigint>, Number) }];
  });
  return `${JSON.stringify(Object.fromEntries(arrays))}\n`;
}

/** The task's figures from PyTorch's logits, by the same code that scores our own side. */
function metricsOf({ task, evaluator, model: { config } }: PreparedFinetuning, bytes: Buffer) {
  if (evaluator === undefined) return {};
  const { examples, features } = evaluator;
  const logits = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const results = new Map<Features, unknown>();
  let at = 0;
  const take = (size: number) => {
    at += size;
    return { data: logits.subarray(at - size, at) };
  };
  for (const together of longFirst(features)) {
    const batch = task.batch(together);
    const cells = (batch.inputIds?.dims ?? []).reduce((product, size) => product * size, 1);
    let outputs: OutputArrays;
    if (batch.startPositions !== undefined) outputs = { startLogits: take(cells), endLogits: take(cells) };
    else if (batch.inputIds?.dims.length === 3) outputs = { logits: take(cells / (batch.inputIds.dims[2] ?? 1)) };
    else {
      // Several classes a text are numbers, a class a word is an index.
      const isOfWords = batch.labels?.dims.length === 2 && batch.labels.type === "int64";
      outputs = { logits: take((isOfWords ? cells : together.length) * config.numLabels) };
    }
    task.results(outputs, batch, together).forEach((result, index) => {
      results.set(together[index] as Features, result);
    });
  }
  if (at !== logits.length) throw new Error(`PyTorch wrote ${logits.length} logits, ${at} were expected`);
  const ordered = features.map((each) => results.get(each));
  return task.evaluate(examples, features, ordered).metrics;
}

export function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [below, above] = [(sorted.length - 1) >> 1, sorted.length >> 1].map((at) => sorted[at] as number);
  return ((below as number) + (above as number)) / 2;
}
