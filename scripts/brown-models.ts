/** What the comparisons of small English models share: text, tasks, and how figures become a table. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brownCorpus } from "../src/data/index.ts";
import type { FinetuneSettings, PretrainSettings } from "../src/training/index.ts";
import { type DataSetFiles, dataSetRows, drawnRows, linesOfRows } from "./data-set-rows.ts";
import { type DataSet, dataSets } from "./data-sets.ts";
import type { KeptRuns } from "./kept-runs.ts";

/** The demo's model and recipe, for a fixed number of steps of 1,024 tokens; the first ones are shorter. */
export const brownBert: Partial<PretrainSettings> = {
  corpus: "brown",
  vocabSize: 4096,
  sequenceLength: 64,
  batchSize: 16,
  lengthPhases: "8x64:0.08,16x32:0.13,32x32:0.35",
  maskShare: 0.3,
  dropout: 0,
  schedule: "hold",
  decayShare: 0.5,
  learningRate: 1.2e-3,
  warmupSteps: 200,
  checkpointEvery: 0,
  steps: 5000,
  seed: 1,
};

/** One layer, which learns sooner than two. */
const shape = {
  model_type: "bert",
  num_hidden_layers: 1,
  hidden_size: 128,
  num_attention_heads: 4,
  intermediate_size: 512,
  max_position_embeddings: 128,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
};

/** The file that says so. */
export function writeShape(runs: KeptRuns): string {
  const file = runs.path("config.json");
  writeFileSync(file, JSON.stringify(shape));
  return file;
}

/** The Brown corpus in two files, every 20th text in the second one. */
export async function brownParts(runs: KeptRuns): Promise<{ readonly training: string; readonly heldOut: string }> {
  const [training, heldOut] = [runs.path("brown.txt"), runs.path("brown.held-out.txt")];
  if (existsSync(heldOut)) return { training, heldOut };
  const texts: string[] = [];
  for await (const document of (await brownCorpus()).documents()) texts.push(document.join("\n"));
  const isHeldOut = (at: number): boolean => at % 20 === 19;
  writeFileSync(training, texts.filter((_, at) => !isHeldOut(at)).join("\n\n"));
  writeFileSync(heldOut, texts.filter((_, at) => isHeldOut(at)).join("\n\n"));
  return { training, heldOut };
}

const challenge = (part: string): string => `pair/rte.zip:rte/${part}.xml`;
const entailment: Pick<DataSet, "title" | "task" | "metric" | "training" | "heldOut"> = {
  title: "RTE, entailment (2)",
  task: "text-classification",
  metric: "accuracy",
  training: { as: "rte", files: ["rte1_dev", "rte1_test", "rte2_dev", "rte2_test", "rte3_dev"].map(challenge) },
  heldOut: { as: "rte", files: [challenge("rte3_test")] },
};

export interface EnglishTask {
  readonly title: string;
  readonly metric: string;
  readonly settings: Partial<FinetuneSettings>;
}

/** Of at most 2,000 rows to learn from and 1,000 to judge by, as files. */
export async function englishTask(runs: KeptRuns, data: string, name: string): Promise<EnglishTask> {
  const set = name === "rte" ? entailment : dataSets[name];
  if (set === undefined) throw new Error(`${name} is none of ${Object.keys(dataSets).join(", ")}`);
  const write = async (part: string, { files, ...rest }: DataSetFiles, count: number): Promise<string> => {
    const rows = await dataSetRows({ ...rest, files: files.map((file) => join(data, file)) });
    const file = runs.path(`${name}.${part}.jsonl`);
    writeFileSync(file, linesOfRows(drawnRows(rows, count)));
    return file;
  };
  const train = await write("train", set.training, 2000);
  const validation = await write("held-out", set.heldOut, 1000);
  return {
    title: `${set.title} (${set.metric})`,
    metric: set.metric,
    settings: { task: set.task, train, validation, sequenceLength: 64 },
  };
}
