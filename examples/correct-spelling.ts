/**
 * Teaches a masked language model to put right words that are often confused, such as there and their, on sentences of the
 * Brown corpus with the wrong one in half of them:
 *
 *     npx tsx examples/correct-spelling.ts ./my-bert "Their is a house over there." "It was better then before."
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline, Random } from "cloze";
import { brownCorpus } from "cloze/data";
import { finetune } from "cloze/training";

const [model, ...texts] = process.argv.slice(2);
if (model === undefined) {
  console.error('usage: npx tsx examples/correct-spelling.ts FOLDER "Some text"…');
  process.exit(2);
}

const pairs = [
  ["there", "their"],
  ["then", "than"],
  ["were", "where"],
  ["to", "too"],
  ["quite", "quiet"],
];
const other = new Map(
  pairs.flatMap(([a = "", b = ""]) => [
    [a, b],
    [b, a],
  ]),
);
const confusable = new RegExp(`\\b(?:${[...other.keys()].join("|")})\\b`, "g");

const random = new Random(1);
const rows: { source: string; target: string }[] = [];
for await (const document of (await brownCorpus()).documents()) {
  for (const target of document) {
    if (rows.length === 4000 || target.length > 120 || target.search(confusable) < 0) continue;
    const isWrong = random.uniform() < 0.5;
    rows.push({ source: isWrong ? target.replace(confusable, (word) => other.get(word) ?? word) : target, target });
  }
}

const folder = mkdtempSync(join(tmpdir(), "correct-spelling-"));
const train = join(folder, "rows.jsonl");
writeFileSync(train, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const output = join(folder, "model");
const { evaluation } = await finetune({
  task: "spelling-correction",
  model,
  train,
  output,
  epochs: 2,
  sequenceLength: 48,
});
const { correctionPrecision = 0, correctionRecall = 0 } = evaluation?.metrics ?? {};
console.log(
  `${output}: ${(100 * correctionPrecision).toFixed(1)}% of its corrections of held-out sentences are right,`,
);
console.log(`and ${(100 * correctionRecall).toFixed(1)}% of the wrong sentences are put right`);

const correct = await pipeline("spelling-correction", output);
for (const text of texts) console.log((await correct(text)).text);
await correct.release();
