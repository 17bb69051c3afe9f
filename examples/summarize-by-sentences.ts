/**
 * Teaches a model which sentences of minutes say what was decided, and marks them in minutes that it has not seen:
 *
 *     npx tsx examples/summarize-by-sentences.ts MODEL FOLDER
 *
 * MODEL is any encoder, such as the one that examples/find-passages.ts names; FOLDER is where the result goes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "cloze";
import { finetune } from "cloze/training";

const [model, folder] = process.argv.slice(2);
if (model === undefined || folder === undefined) {
  console.error("usage: npx tsx examples/summarize-by-sentences.ts MODEL FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const topics = [
  "the garden",
  "the new roof",
  "the winter party",
  "the library",
  "parking",
  "the budget",
  "the website",
];
const talk = [
  (topic: string) => `There was a long talk about ${topic}.`,
  (topic: string) => `Ann asked who had last seen ${topic}.`,
  (topic: string) => `Some members had doubts about ${topic}.`,
];
const decided = [
  (topic: string) => `It was decided to spend more on ${topic}.`,
  (topic: string) => `The board agreed to postpone ${topic}.`,
];
const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;
const examples = Array.from({ length: 160 }, (_, index) => {
  const sentences = Array.from({ length: 4 }, (_, at) => pick(talk, index + at)(pick(topics, 3 * index + at)));
  const labels = sentences.map(() => 0);
  sentences[index % 4] = pick(decided, index >> 2)(pick(topics, index));
  labels[index % 4] = 1;
  return { sentences, labels };
});
const train = join(folder, "minutes.jsonl");
writeFileSync(train, examples.map((example) => `${JSON.stringify(example)}\n`).join(""));
const output = join(folder, "model");
const settings = { task: "extractive-summarization" as const, model, train, output, epochs: 12, learningRate: 3e-4 };
const { evaluation } = await finetune({ ...settings, sequenceLength: 64 }, { overwrite: true });
console.log("on held-out minutes:", evaluation?.metrics);

const summarize = await pipeline("extractive-summarization", output);
const minutes = "We met at noon. Bob talked about the weather. It was agreed to buy two chairs. Everybody went home.";
for (const { start, end, score } of await summarize(minutes)) {
  console.log(`${start}–${end}  ${score.toFixed(2)}  ${minutes.slice(start, end)}`);
}
await summarize.release();
