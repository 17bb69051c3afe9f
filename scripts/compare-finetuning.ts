/**
 * A real encoder fine-tuned on real data, beside the same recipe in PyTorch and beside two baselines:
 *
 *     npx tsx --conditions=@cloze/source scripts/compare-finetuning.ts --model DIR --data ../shared/data \
 *       --python python3 [--only sst2,trec] [--seeds 0,1,2] [--examples 2000] [--epochs 3] [--threads 2] [--scores FILE]
 *
 * Both sides see the same batches in the same order, begin with the same weights and follow the same schedule; only the
 * masks of dropout differ. Of each the best epoch counts. Prints the table of docs/results.md; `--scores` keeps PyTorch's
 * figures with its versions. Without --python that side is left out.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type ExampleTask, loadExamples, type ReadExample, type ReadExamplesOptions } from "../src/data/index.ts";
import type { PreparedBatch } from "../src/objectives/index.ts";
import type { Features } from "../src/tasks/index.ts";
import { finetuningRate } from "../src/training/finetune-settings.ts";
import { type FinetuneSettings, finetune, type PreparedFinetuning } from "../src/training/index.ts";
import { majorityClass, pairTerms, tokenTerms, trainTfidfClassifier, wordTerms } from "./text-baselines.ts";

interface Dataset {
  readonly title: string;
  readonly task: "text-classification" | "token-classification";
  readonly training: string;
  readonly heldOut: string;
  readonly options?: ReadExamplesOptions;
  readonly metric: string;
}

const labelFirst: ReadExamplesOptions = { header: false, columns: { label: 0, text: 1 } };

const datasets: Readonly<Record<string, Dataset>> = {
  sst2: {
    title: "SST-2, sentiment",
    task: "text-classification",
    training: "cls/sst2/train.tsv",
    heldOut: "cls/sst2/dev.tsv",
    options: labelFirst,
    metric: "accuracy",
  },
  trec: {
    title: "TREC, kind of question (6)",
    task: "text-classification",
    training: "trec/train.tsv",
    heldOut: "trec/test.tsv",
    options: labelFirst,
    metric: "accuracy",
  },
  mrpc: {
    title: "MRPC, paraphrases",
    task: "text-classification",
    training: "pair/mrpc/train.tsv",
    heldOut: "pair/mrpc/val.tsv",
    options: { columns: { label: 0, text: 3, textPair: 4 } },
    metric: "accuracy",
  },
  wikiann: {
    title: "WikiANN English, names",
    task: "token-classification",
    training: "tok/wikiann/en.train",
    heldOut: "tok/wikiann/en.dev",
    metric: "f1",
  },
  atis: {
    title: "ATIS, slots",
    task: "token-classification",
    training: "tok/atis/train",
    heldOut: "tok/atis/valid",
    metric: "f1",
  },
};

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    data: { type: "string" },
    python: { type: "string" },
    only: { type: "string", default: Object.keys(datasets).join() },
    seeds: { type: "string", default: "0,1,2" },
    examples: { type: "string", default: "2000" },
    epochs: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    scores: { type: "string" },
  },
});
const { model, data } = values;
if (model === undefined || data === undefined) throw new Error("--model DIR and --data DIR must be given");
const [seeds, threads] = [values.seeds.split(",").map(Number), Number(values.threads)];
const folder = mkdtempSync(join(tmpdir(), "cloze-compare-"));

type Example = ReadExample<"text-classification"> | ReadExample<"token-classification">;

/** TREC is kept as a zip of lines such as "DESC:manner How did …". */
function unpackTrec(): void {
  mkdirSync(join(folder, "trec"));
  for (const part of ["train", "test"]) {
    const text = execFileSync("unzip", ["-p", join(data as string, "cls/nltk/qc_trec.zip"), `qc/${part}.txt`], {
      encoding: "latin1",
    });
    const rows = text.split("\n").flatMap((line) => {
      const [, label, question] = /^(\w+):\w+ (.+)$/.exec(line.trim()) ?? [];
      return label === undefined ? [] : [`${label}\t${question}`];
    });
    writeFileSync(join(folder, "trec", `${part}.tsv`), `${rows.join("\n")}\n`);
  }
}

/** The first examples of a file, as JSON Lines that need no further options. */
async function firstExamples(dataset: Dataset, file: string, count: number, name: string) {
  const path = file.startsWith("trec/") ? join(folder, file) : join(data as string, file);
  const { examples } = await loadExamples(path, dataset.task as ExampleTask, dataset.options);
  const chosen = (examples as unknown as Example[]).slice(0, count);
  const target = join(folder, name);
  writeFileSync(target, chosen.map(({ line: _, ...row }) => `${JSON.stringify(row)}\n`).join(""));
  return { file: target, examples: chosen };
}

interface Side {
  readonly score: number;
  readonly msPerStep: number;
}

async function compare(dataset: Dataset, seed: number, train: string, heldOut: string) {
  const place = mkdtempSync(join(folder, "run-"));
  let run: PreparedFinetuning | undefined;
  const settings: Partial<FinetuneSettings> = {
    ...{ task: dataset.task, model: model as string, train, validation: heldOut, output: null },
    ...{ epochs: Number(values.epochs), seed, threads },
  };
  let elapsedMs = 0;
  const result = await finetune(
    settings,
    {},
    {
      onWarning: () => undefined,
      async onReady(prepared, totalSteps) {
        run = prepared;
        if (values.python !== undefined) await writePlan(prepared, totalSteps, place);
      },
      onEvent(event) {
        if (event.event === "step") elapsedMs = event.elapsedMs;
      },
    },
  );
  const steps = result.done.step;
  const ours: Side = { score: result.evaluation?.metrics[dataset.metric] ?? Number.NaN, msPerStep: elapsedMs / steps };
  await result.model.release();
  if (values.python === undefined) return { ours, theirs: undefined, versions: undefined };
  execFileSync(values.python, [new URL("../test/golden/fine-tuning/train.py", import.meta.url).pathname, place], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const { seconds, ...versions } = JSON.parse(readFileSync(join(place, "run.json"), "utf8"));
  const scores = scoresOf(run as PreparedFinetuning, readFileSync(join(place, "logits.bin")), dataset.metric);
  const theirs: Side = { score: Math.max(...scores), msPerStep: (1000 * seconds) / steps };
  rmSync(place, { recursive: true });
  return { ours, theirs, versions };
}

/** Held-out rows that PyTorch takes together. */
const heldOutBatch = 64;

async function writePlan(run: PreparedFinetuning, totalSteps: number, place: string): Promise<void> {
  const { settings, batches, task, evaluator } = run;
  await run.model.savePretrained(join(place, "model"));
  const learningRate = settings.learningRate ?? finetuningRate(run.width);
  const { weightDecay, beta1, beta2, epsilon, maximumGradientNorm, seed } = settings;
  const plan = {
    ...{ task: settings.task, seed, threads, totalSteps, learningRate, weightDecay, beta1, beta2, epsilon },
    ...{ maximumGradientNorm, stepsOfEpoch: batches.batchCount, warmupSteps: Math.round(totalSteps * 0.1) },
  };
  writeFileSync(join(place, "plan.json"), JSON.stringify(plan));
  const training: string[] = [];
  for await (const { features } of batches.from(batches.start)) {
    if (training.length === totalSteps) break;
    training.push(lineOf(task.batch(features)));
  }
  writeFileSync(join(place, "training.jsonl"), training.join(""));
  const heldOut = heldOutBatches(evaluator?.features ?? []).map((features) => lineOf(task.batch(features)));
  writeFileSync(join(place, "held-out.jsonl"), heldOut.join(""));
}

function heldOutBatches(features: readonly Features[]): Features[][] {
  const starts = Array.from({ length: Math.ceil(features.length / heldOutBatch) }, (_, index) => index * heldOutBatch);
  return starts.map((start) => features.slice(start, start + heldOutBatch));
}

function lineOf(batch: PreparedBatch): string {
  const arrays = Object.entries(batch).map(([name, { dims, data: values }]) => {
    return [name, { dims, data: Array.from(values as Iterable<number | bigint>, Number) }];
  });
  return `${JSON.stringify(Object.fromEntries(arrays))}\n`;
}

/** The metric after every epoch, by the same code that scores our own side. */
function scoresOf({ task, evaluator, model: { config } }: PreparedFinetuning, bytes: Buffer, metric: string): number[] {
  const { examples = [], features = [] } = evaluator ?? {};
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const scores: number[] = [];
  for (let at = 0; at < all.length; ) {
    const results: unknown[] = [];
    for (const together of heldOutBatches(features)) {
      const batch = task.batch(together);
      const [rows = 0, length = 0] = batch.inputIds?.dims ?? [];
      const size = (batch.labels?.dims.length === 2 ? rows * length : rows) * config.numLabels;
      results.push(...task.results({ logits: { data: all.subarray(at, at + size) } }, batch, together));
      at += size;
    }
    scores.push(task.evaluate(examples, features, results).metrics[metric] as number);
  }
  return scores;
}

/** The most frequent class, and logistic regression over TF-IDF; of words, a classifier of the word in its place. */
async function baselines(dataset: Dataset, training: readonly Example[], heldOut: readonly Example[]) {
  const { accuracy, spanScores } = await import("../src/metrics/index.ts");
  if (dataset.task === "text-classification") {
    const [rows, tests] = [training, heldOut] as unknown as ReadExample<"text-classification">[][];
    const termsOf = ({ text, textPair }: ReadExample<"text-classification">): string[] =>
      textPair === undefined ? wordTerms(text) : pairTerms(wordTerms(text), wordTerms(textPair));
    const labels = (rows as ReadExample<"text-classification">[]).map(({ label }) => String(label));
    const gold = (tests as ReadExample<"text-classification">[]).map(({ label }) => String(label));
    const most = majorityClass(labels);
    const classifier = trainTfidfClassifier((rows as ReadExample<"text-classification">[]).map(termsOf), labels);
    const predicted = (tests as ReadExample<"text-classification">[]).map((test) => classifier.predict(termsOf(test)));
    return {
      majority: accuracy(
        gold,
        gold.map(() => most),
      ),
      regression: accuracy(gold, predicted),
    };
  }
  const [rows, tests] = [training, heldOut] as unknown as ReadExample<"token-classification">[][];
  const labelled = (rows as ReadExample<"token-classification">[]).flatMap(({ tokens, labels }) =>
    labels.map((label, at) => ({ label, terms: tokenTerms(tokens, at) })),
  );
  const classifier = trainTfidfClassifier(
    labelled.map(({ terms }) => terms),
    labelled.map(({ label }) => label),
  );
  const gold = (tests as ReadExample<"token-classification">[]).map(({ labels }) => labels);
  const predicted = (tests as ReadExample<"token-classification">[]).map(({ tokens }) =>
    tokens.map((_, at) => classifier.predict(tokenTerms(tokens, at))),
  );
  const majority = spanScores(
    gold,
    gold.map((labels) => labels.map(() => "O")),
  ).micro.f1;
  return { majority, regression: spanScores(gold, predicted).micro.f1 };
}

const percent = (share: number): string => (100 * share).toFixed(1);

function meanAndDeviation(scores: readonly number[]): string {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / Math.max(1, scores.length - 1);
  return `${percent(mean)}${scores.length > 1 ? ` ± ${percent(Math.sqrt(variance))}` : ""}`;
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;

unpackTrec();
const kept: Record<string, unknown> = {};
console.log("| | majority | TF-IDF, logistic regression | PyTorch | Cloze | ms a step: PyTorch, Cloze | ratio |");
console.log("| --- | --: | --: | --: | --: | --: | --: |");
for (const name of values.only.split(",")) {
  const dataset = datasets[name];
  if (dataset === undefined) throw new Error(`${name} is none of ${Object.keys(datasets).join(", ")}`);
  const training = await firstExamples(dataset, dataset.training, Number(values.examples), `${name}.train.jsonl`);
  const heldOut = await firstExamples(dataset, dataset.heldOut, 1000, `${name}.held-out.jsonl`);
  const { majority, regression } = await baselines(dataset, training.examples, heldOut.examples);
  const runs = [];
  for (const seed of seeds) runs.push(await compare(dataset, seed, training.file, heldOut.file));
  const ours = runs.map(({ ours }) => ours);
  const theirs = runs.flatMap(({ theirs }) => theirs ?? []);
  const times = [median(theirs.map(({ msPerStep }) => msPerStep)), median(ours.map(({ msPerStep }) => msPerStep))];
  const torch = theirs.length === 0 ? "–" : meanAndDeviation(theirs.map(({ score }) => score));
  const [theirMs = 0, ourMs = 1] = times;
  const pace =
    theirs.length === 0 ? "– | –" : `${theirMs.toFixed(0)}, ${ourMs.toFixed(0)} | ${(theirMs / ourMs).toFixed(2)}`;
  const scores = [percent(majority), percent(regression), torch, meanAndDeviation(ours.map(({ score }) => score))];
  console.log(`| ${dataset.title} (${dataset.metric}) | ${scores.join(" | ")} | ${pace} |`);
  kept[name] = { metric: dataset.metric, seeds, scores: theirs.map(({ score }) => score), versions: runs[0]?.versions };
}
if (values.scores !== undefined) writeFileSync(values.scores, `${JSON.stringify(kept, null, 2)}\n`);
rmSync(folder, { recursive: true });
