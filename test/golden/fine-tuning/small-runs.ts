/**
 * Fine-tuning runs of a tiny BERT without dropout, which both sides must compute alike. PyTorch's losses and figures:
 *
 *     npx tsx --conditions=@cloze/source test/golden/fine-tuning/make-small-runs.ts python3
 */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "../../../src/random.ts";
import {
  type FinetuneResult,
  type FinetuneSettings,
  finetune,
  type PreparedFinetuning,
} from "../../../src/training/index.ts";

const published = fileURLToPath(new URL("../pipelines/bert", import.meta.url));

interface SmallRun {
  readonly settings: Pick<FinetuneSettings, "task"> & Partial<FinetuneSettings>;
  readonly row: (random: Random) => Readonly<Record<string, unknown>>;
}

const animals = ["cat", "dog", "bird"] as const;
const verbs = ["sat", "ran", "flew"] as const;
const places = ["on the mat", "under the house", "over a city of france"] as const;

const sentence = (random: Random, animal = one(random, animals)): string =>
  `the ${animal}${one(random, ["", "s"])} ${one(random, verbs)} ${one(random, places)} .`;

export const smallRuns = {
  "single-label": {
    settings: { task: "text-classification" },
    row(random) {
      const label = one(random, animals);
      return { text: sentence(random, label), label };
    },
  },
  pairs: {
    settings: { task: "text-classification" },
    row(random) {
      const [first, second] = [one(random, animals), one(random, animals)];
      return { text: `a ${first}`, textPair: sentence(random, second), label: first === second ? "same" : "other" };
    },
  },
  number: {
    settings: { task: "text-classification", problemType: "regression" },
    row(random) {
      const text = sentence(random);
      return { text, label: text.length / 10 };
    },
  },
  "several-labels": {
    settings: { task: "text-classification" },
    row(random) {
      const text = sentence(random);
      return { text, label: [...animals, ...verbs].filter((word) => text.includes(word)) };
    },
  },
  words: {
    settings: { task: "token-classification" },
    row(random) {
      const tokens = sentence(random).split(" ");
      const isAnimal = (token: string) => animals.some((animal) => token.startsWith(animal));
      const isPlace = (token: string) => ["mat", "house", "city"].includes(token);
      const labelOf = (token: string) => (isAnimal(token) ? "B-ANIMAL" : isPlace(token) ? "B-PLACE" : "O");
      return { tokens, labels: tokens.map(labelOf) };
    },
  },
  answers: {
    settings: { task: "question-answering" },
    row(random) {
      const context = sentence(random);
      const text = context.split(" ")[2] as string;
      return { question: "the cat ?", context, answers: [{ text, start: context.indexOf(text) }] };
    },
  },
  choices: {
    settings: { task: "multiple-choice" },
    row(random) {
      const label = random.integer(3);
      return { context: sentence(random, animals[label]), question: "the ?", choices: [...animals], label };
    },
  },
} satisfies Readonly<Record<string, SmallRun>>;

export type SmallRunName = keyof typeof smallRuns;

function one<T>(random: Random, choices: readonly T[]): T {
  return choices[random.integer(choices.length)] as T;
}

/** Our side: three epochs of 40 rows, and the figures on 16 others. `folder` is for the model and the rows. */
export async function runSmall(
  name: SmallRunName,
  folder: string,
  onReady?: (run: PreparedFinetuning, totalSteps: number) => Promise<void>,
): Promise<{ losses: number[]; result: FinetuneResult }> {
  const { settings, row }: SmallRun = smallRuns[name];
  const model = join(folder, "model");
  cpSync(published, model, { recursive: true });
  const config = JSON.parse(readFileSync(join(published, "config.json"), "utf8"));
  const none = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0, classifier_dropout: 0 };
  writeFileSync(join(model, "config.json"), JSON.stringify({ ...config, ...none }));
  const write = (file: string, count: number): string => {
    const random = new Random(7).fork(file);
    const lines = Array.from({ length: count }, () => `${JSON.stringify(row(random))}\n`);
    writeFileSync(join(folder, file), lines.join(""));
    return join(folder, file);
  };
  const files = { train: write("train.jsonl", 40), validation: write("validation.jsonl", 16) };
  const losses: number[] = [];
  const result = await finetune(
    {
      ...{ ...settings, ...files, model, output: null, epochs: 3, batchSize: 8, sequenceLength: 24 },
      ...{ learningRate: 3e-3, evaluateEvery: 0, threads: 1, seed: 3 },
    },
    {},
    {
      onReady,
      onEvent(event) {
        if (event.event === "step") losses.push(event.loss);
      },
    },
  );
  await result.model.release();
  return { losses, result };
}
