/**
 * Teaches a model to tell reports from stories, in three sentences of the Brown corpus each, and shows what it makes of yours:
 *
 *     npx tsx examples/classify-texts.ts MODEL FOLDER "Some sentences."…
 *
 * MODEL is any encoder, such as the one that examples/find-passages.ts names; FOLDER is where the result goes. With labelled
 * texts of your own the same is `cloze finetune text-classification --model MODEL --train FILE --output FOLDER`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "cloze";
import { brownCorpus } from "cloze/data";
import { finetune } from "cloze/training";

const [model, folder, ...asked] = process.argv.slice(2);
if (model === undefined || folder === undefined) {
  console.error('usage: npx tsx examples/classify-texts.ts MODEL FOLDER "Some sentences."…');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

/** The corpus begins with the texts that inform: the press, essays, science. The others are fiction. */
const reports = 374;
const rows = { train: [] as string[], validation: [] as string[] };
let index = 0;
for await (const sentences of (await brownCorpus()).documents()) {
  const label = index < reports ? "report" : "story";
  // Of a fiction text three rows, of another one, so that both kinds are about as many; every fifth text is held out.
  const count = label === "story" ? 3 : 1;
  for (let row = 0; row < count; row++) {
    const text = sentences.slice(10 + 20 * row, 13 + 20 * row).join(" ");
    rows[index % 5 === 0 ? "validation" : "train"].push(`${JSON.stringify({ text, label })}\n`);
  }
  index += 1;
}
const [train, validation] = [join(folder, "train.jsonl"), join(folder, "held-out.jsonl")];
writeFileSync(train, rows.train.join(""));
writeFileSync(validation, rows.validation.join(""));

const output = join(folder, "model");
const settings = {
  task: "text-classification" as const,
  model,
  train,
  validation,
  output,
  epochs: 3,
  sequenceLength: 96,
};
const { evaluation } = await finetune(settings, { overwrite: true });
console.log("on held-out texts:", evaluation?.metrics);

const classify = await pipeline("text-classification", output);
const texts =
  asked.length > 0 ? asked : ["She laughed, and shut the door behind her.", "Exports rose by a tenth last year."];
for (const text of texts) {
  const [best] = await classify(text);
  console.log(`${best?.label} ${best?.score.toFixed(2)}  ${text}`);
}
await classify.release();
