/**
 * Teaches a model which of four sentences follows another one, in the Brown corpus, and asks it about held-out texts:
 *
 *     npx tsx examples/choose-answers.ts MODEL FOLDER
 *
 * MODEL is any encoder, such as the one that examples/find-passages.ts names; FOLDER is where the result goes. Questions with
 * answers to choose from are read in the same way, with the fields question, choices and label.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline, Random } from "cloze";
import { brownCorpus } from "cloze/data";
import { finetune } from "cloze/training";

const [model, folder] = process.argv.slice(2);
if (model === undefined || folder === undefined) {
  console.error("usage: npx tsx examples/choose-answers.ts MODEL FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const texts: (readonly string[])[] = [];
for await (const sentences of (await brownCorpus()).documents()) texts.push(sentences);

/** A sentence of each text, with the one that follows and three of other texts. */
const random = new Random(1);
const rows = texts.map((sentences, own) => {
  const choices = [1, 2, 3].map(() => {
    const other = texts[(own + 1 + random.integer(texts.length - 1)) % texts.length] ?? [];
    return other[random.integer(other.length)] ?? "";
  });
  const label = random.integer(4);
  choices.splice(label, 0, sentences[21] ?? "");
  return { context: sentences[20] ?? "", choices, label };
});
const heldOut = rows.filter((_, index) => index % 5 === 0);
const lines = (some: readonly object[]): string => some.map((row) => `${JSON.stringify(row)}\n`).join("");
const [train, validation] = [join(folder, "train.jsonl"), join(folder, "held-out.jsonl")];
writeFileSync(train, lines(rows.filter((_, index) => index % 5 !== 0)));
writeFileSync(validation, lines(heldOut));

const output = join(folder, "model");
const settings = { task: "multiple-choice" as const, model, train, validation, output, epochs: 2, sequenceLength: 64 };
const { evaluation } = await finetune(settings, { overwrite: true });
console.log("on held-out texts:", evaluation?.metrics, "(by chance 0.25)");

const choose = await pipeline("multiple-choice", output);
for (const { context, choices, label } of heldOut.slice(0, 3)) {
  const [best] = await choose(context, choices);
  console.log(`\n${context}\n  chosen: ${best?.choice}\n  it was: ${choices[label]}`);
}
await choose.release();
