/**
 * A small Chinese BERT that Cloze pretrains itself, fine-tuned beside the same architecture from random weights:
 *
 *     npx tsx --conditions=@cloze/source scripts/chinese-bert.ts --data ../shared/data --folder chinese-bert \
 *       [--only chnsenticorp,msra] [--seeds 0,1] [--threads 1] [--minutes 5]
 *
 * Pretrains on public text and on the texts of the tasks' training parts, never on what is held out; then fine-tunes both models with one recipe and the same seeds, and writes the table of docs/results.md.
 * What is done is kept in --folder: after --minutes it ends with status 3, and the same command goes on.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accuracy, cmrcScore, meanOf } from "../src/metrics/index.ts";
import type { TaskName } from "../src/tasks/index.ts";
import type { FinetuneSettings, PretrainSettings } from "../src/training/index.ts";
import { brownBert, writeShape } from "./brown-models.ts";
import type { Row } from "./data-set-layouts.ts";
import { type DataSetFiles, dataSetRows, drawnRows, linesOfRows } from "./data-set-rows.ts";
import { runsOfCommandLine, writeTable } from "./kept-runs.ts";
import { meanPercent, percent } from "./percent.ts";
import { majorityClass } from "./text-baselines.ts";

const { runs, data, only, seeds } = runsOfCommandLine();

/** As the demo learns: one layer, short rows first; 22 million tokens, half an hour of one thread at most. */
const pretraining: Partial<PretrainSettings> = {
  ...brownBert,
  objective: "masked-language-modeling",
  vocabSize: 5000,
  sequenceLength: 128,
  batchSize: 8,
  lengthPhases: "8x64:0.08,16x32:0.13,32x32:0.35,64x16:0.3",
  steps: 24_000,
  evaluateEvery: 2000,
  holdOutEvery: 100,
};

interface ChineseTask {
  readonly title: string;
  readonly task: TaskName;
  readonly metric: string;
  readonly training: readonly DataSetFiles[];
  readonly heldOut: DataSetFiles;
  readonly recipe: Partial<FinetuneSettings>;
  /** Rows at most. */
  readonly trainingRows?: number;
  readonly heldOutRows?: number;
}

const classes = (columns: Readonly<Record<string, string | number>>, options = {}) => ({
  as: "text-classification",
  options: { ...options, columns },
});
const reviews = classes({ text: "text_a" });
const headlines = { ...classes({ text: 0, label: 1 }, { header: false }), files: ["cls/thucnews/dev.txt"] };
const topics = classes({ text: "sentence", label: "label_desc" });
const pairs = classes({ text: "sentence1", textPair: "sentence2" });
const msra = {
  ...{ as: "token-classification", files: ["tok/msra_ner/dev.tsv"] },
  options: { columns: { tokens: "text_a", labels: "label" } },
};
const questions = (file: string): DataSetFiles => ({ as: "question-answering", files: [file] });
const cmrc = questions("qa/cmrc2018/dev.squad.json");
const drcd = questions("qa/drcd/dev.json");
const alpacaParts = ["0-3252", "3252-6382", "6382-9407", "12345-15323", "15323-18280"];
const sighan = { as: "sighan", files: ["gec/sighan/train15.sgml"] };

const tasks: Readonly<Record<string, ChineseTask>> = {
  thucnews: {
    ...{ title: "THUCNews, topic of a headline (10)", task: "text-classification", metric: "accuracy" },
    training: [{ ...headlines, part: "train" }],
    heldOut: { ...headlines, part: "validation" },
    recipe: { epochs: 5, sequenceLength: 48 },
  },
  tnews: {
    ...{ title: "TNEWS, topic of a headline (15), few-shot", task: "text-classification", metric: "accuracy" },
    training: [{ ...topics, files: ["fewclue/tnews/train_few_all.json"] }],
    heldOut: { ...topics, files: ["fewclue/tnews/dev_few_all.json"] },
    recipe: { epochs: 8, sequenceLength: 64 },
  },
  sighan: {
    ...{ title: "SIGHAN 2015, spelling", task: "spelling-correction", metric: "correctionF1" },
    training: [{ ...sighan, part: "train" }],
    heldOut: { ...sighan, part: "validation" },
    recipe: { epochs: 10, sequenceLength: 96 },
  },
  ocnli: {
    ...{ title: "OCNLI, entailment (3), few-shot", task: "text-classification", metric: "accuracy" },
    training: [{ ...pairs, files: ["fewclue/ocnli/train_few_all.json"] }],
    heldOut: { ...pairs, files: ["fewclue/ocnli/dev_few_all.json"] },
    recipe: { epochs: 20, sequenceLength: 96 },
  },
  chnsenticorp: {
    ...{ title: "ChnSentiCorp, sentiment of reviews", task: "text-classification", metric: "accuracy" },
    training: [{ ...reviews, files: ["cls/chnsenticorp/train.tsv"] }],
    heldOut: { ...reviews, files: ["cls/chnsenticorp/dev.tsv"] },
    recipe: { epochs: 3, sequenceLength: 96 },
  },
  msra: {
    ...{ title: "MSRA, names", task: "token-classification", metric: "f1" },
    training: [{ ...msra, part: "train" }],
    heldOut: { ...msra, part: "validation" },
    recipe: { epochs: 10, sequenceLength: 128 },
  },
  c3: {
    ...{ title: "C3, questions on dialogues (2 to 4 choices)", task: "multiple-choice", metric: "accuracy" },
    training: [{ as: "c3", files: ["mc/c3/c3-d-train.json"] }],
    heldOut: { as: "c3", files: ["mc/c3/c3-d-dev.json"] },
    recipe: { epochs: 4, sequenceLength: 128 },
  },
  cmrc: {
    ...{ title: "CMRC 2018, answers in a text", task: "question-answering", metric: "f1" },
    training: [questions("qa/cmrc2018/trial.squad.json"), { ...cmrc, part: "train" }],
    heldOut: { ...cmrc, part: "validation" },
    recipe: { epochs: 4, sequenceLength: 128, stride: 32 },
    trainingRows: 1000,
    heldOutRows: 300,
  },
  drcd: {
    ...{ title: "DRCD, answers in a text, traditional", task: "question-answering", metric: "f1" },
    training: [{ ...drcd, part: "train" }],
    heldOut: { ...drcd, part: "validation" },
    recipe: { epochs: 4, sequenceLength: 128, stride: 32 },
    trainingRows: 1000,
    heldOutRows: 300,
  },
};

function taskCalled(name: string): ChineseTask {
  const task = tasks[name];
  if (task === undefined) throw new Error(`${name} is none of ${Object.keys(tasks).join(", ")}`);
  return task;
}

const rowsOf = ({ files, options, ...rest }: DataSetFiles): Promise<Row[]> =>
  dataSetRows({
    ...rest,
    files: files.map((file) => join(data, file)),
    // A few published questions are empty.
    options: { ...options, onBadRow: () => undefined },
  });

const trainingRows = async ({ training }: ChineseTask): Promise<Row[]> =>
  (await Promise.all(training.map(rowsOf))).flat();

/** What there is to read in a row: several questions have the same context, which shall count once. */
function textsOf({ text, textPair, tokens, context, question, target }: Row): string[] {
  const texts = [text, textPair, tokens && (tokens as string[]).join(""), context, question, target];
  return texts.filter((part) => part !== undefined).map(String);
}

/** Text beside that of the tasks: news, microblogs, single sentences, instructions with their answers. */
async function furtherTexts(): Promise<string[]> {
  const read = (file: string): string => readFileSync(join(data, file), "utf8");
  const news = read("lm/zh/CLUECorpusSmall_bert_sampled.txt").split(/\n\n+/);
  const names = await rowsOf({ as: "token-classification", files: ["tok/peoples_daily/example.dev"] });
  const microblogs = await rowsOf({ as: "weibo", files: ["tok/weibo/train.conll"] });
  const translations = ["mt/newscommentary-en-zh.tsv", "mt/tatoeba/cmn.txt"].flatMap((file) =>
    read(file)
      .split(/\r?\n/)
      .map((line) => line.split("\t")[1] ?? ""),
  );
  const instructions = alpacaParts.flatMap((part) =>
    (JSON.parse(read(`chat/alpaca_zh/${part}.json`)) as Record<string, string>[]).map((row) =>
      [row.instruction, row.input, row.output].join("\n"),
    ),
  );
  return [...news, ...[...names, ...microblogs].flatMap(textsOf), ...translations, ...instructions];
}

/** Documents with blank lines between them, each once: what is held out for a task stays out. */
async function writeCorpus(file: string): Promise<void> {
  const documents = new Set<string>();
  for (const task of Object.values(tasks)) {
    for (const text of (await trainingRows(task)).flatMap(textsOf)) documents.add(text);
  }
  for (const text of await furtherTexts()) documents.add(text);
  for (const task of Object.values(tasks)) {
    for (const text of (await rowsOf(task.heldOut)).flatMap(textsOf)) documents.delete(text);
  }
  const texts = [...documents].map((document) => document.replace(/\s*\n\s*/g, "\n").trim()).filter(Boolean);
  writeFileSync(file, `${texts.join("\n\n")}\n`);
}

interface TaskFiles {
  readonly train: string;
  readonly validation: string;
  /** Rows of `validation`. */
  readonly heldOut: number;
  /** Score of a guess that is the same for all. */
  readonly majority: number;
}

const files = new Map<string, Promise<TaskFiles>>();

/** A task's rows, written once. */
function filesOf(name: string): Promise<TaskFiles> {
  const known = files.get(name) ?? writeRows(name);
  files.set(name, known);
  return known;
}

async function writeRows(name: string): Promise<TaskFiles> {
  const task = taskCalled(name);
  const training = drawnRows(await trainingRows(task), task.trainingRows ?? 2000);
  const heldOut = drawnRows(await rowsOf(task.heldOut), task.heldOutRows ?? 1000);
  const [train, validation] = [runs.path(`${name}.train.jsonl`), runs.path(`${name}.held-out.jsonl`)];
  writeFileSync(train, linesOfRows(training));
  writeFileSync(validation, linesOfRows(heldOut));
  return { train, validation, heldOut: heldOut.length, majority: guess(task.task, training, heldOut) };
}

/** The most frequent class or choice; no names at all; every text as it is; of a text what stands before the first comma or full stop. */
function guess(task: TaskName, training: readonly Row[], heldOut: readonly Row[]): number {
  if (task === "token-classification" || task === "spelling-correction") return 0;
  if (task === "question-answering") {
    const scores = heldOut.map(({ context, answers }) => {
      const truths = (answers as { text: string }[]).map(({ text }) => text);
      return cmrcScore(truths, /^[^，。；]*/.exec(String(context))?.[0] ?? "").f1 / 100;
    });
    return meanOf(scores);
  }
  const gold = heldOut.map(({ label }) => String(label));
  const most = majorityClass(training.map(({ label }) => String(label)));
  return accuracy(gold, new Array(gold.length).fill(most));
}

const starts = ["scratch", "pretrained"] as const;
const keyOf = (name: string, start: string, seed: number): string => `${name} ${start} ${seed}`;

async function finetuneBoth(name: string, seed: number): Promise<void> {
  const { task, recipe } = taskCalled(name);
  const { train, validation } = await filesOf(name);
  for (const start of starts) {
    const run = { ...recipe, task, train, validation, model: runs.path(start), seed };
    await runs.finetuned(keyOf(name, start, seed), run);
  }
}

const tableHead = ["", "held-out rows", "seeds", "most frequent", "from random weights", "pretrained"];

/** Means of the seeds that both have finished; nothing where there is none. */
async function tableRows(name: string): Promise<string[][]> {
  const { title, metric } = taskCalled(name);
  const score = (start: string, seed: number): number | undefined => runs.known(keyOf(name, start, seed))[metric];
  const done = seeds.filter((seed) => starts.every((start) => score(start, seed) !== undefined));
  if (done.length === 0) return [];
  const { heldOut, majority } = await filesOf(name);
  const means = starts.map((start) => meanPercent(done.map((seed) => score(start, seed) ?? Number.NaN)));
  return [[`${title} (${metric})`, String(heldOut), String(done.length), percent(majority), ...means]];
}

await runs.finish(async () => {
  const config = writeShape(runs);
  const corpus = runs.path("corpus.txt");
  if (!existsSync(corpus)) await writeCorpus(corpus);
  const pretrained = await runs.pretrained("pretrained", { ...pretraining, config, corpus });
  // The same values that the pretrained model began with: a step at a rate of nothing.
  const untrained = { tokenizer: pretrained, steps: 1, learningRate: 0, warmupSteps: 0, lengthPhases: null };
  await runs.pretrained("scratch", { ...pretraining, ...untrained, config, corpus });
  const names = only ?? Object.keys(tasks);
  for (const seed of seeds) {
    for (const name of names) await finetuneBoth(name, seed);
    const rows = await Promise.all(Object.keys(tasks).map(tableRows));
    writeTable("chinese-bert", tableHead, rows.flat());
  }
});
