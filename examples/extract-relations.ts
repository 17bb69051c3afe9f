/**
 * Teaches a model which of two entities did what to the other, and asks it about sentences that it has not seen:
 *
 *     npx tsx examples/extract-relations.ts MODEL FOLDER
 *
 * MODEL is any encoder, such as the one that examples/find-passages.ts names; FOLDER is where the result goes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "cloze";
import { finetune } from "cloze/training";

const [model, folder] = process.argv.slice(2);
if (model === undefined || folder === undefined) {
  console.error("usage: npx tsx examples/extract-relations.ts MODEL FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

/** Places are string indices, the end not included. */
function pair(text: string, head: string, tail: string) {
  const place = (words: string): [number, number] => [text.indexOf(words), text.indexOf(words) + words.length];
  return { text, head: place(head), tail: place(tail) };
}

const firms = ["Acme", "Globex", "Initech", "Umbrella", "Hooli", "Wonka Foods", "Stark Steel", "Tyrell"];
const examples = firms.flatMap((one) =>
  firms.flatMap((other) => {
    if (one === other) return [];
    const bought = `${one} has bought ${other} for two million.`;
    const sold = `Last year ${one} was bought by ${other}.`;
    const met = `People from ${one} and ${other} met in the morning.`;
    return [
      { ...pair(bought, one, other), label: "buyer" },
      { ...pair(bought, other, one), label: "bought" },
      { ...pair(sold, one, other), label: "bought" },
      { ...pair(met, one, other), label: "no_relation" },
    ];
  }),
);
const train = join(folder, "relations.jsonl");
writeFileSync(train, examples.map((example) => `${JSON.stringify(example)}\n`).join(""));
const output = join(folder, "model");
const settings = { task: "relation-extraction" as const, model, train, output, epochs: 6, sequenceLength: 48 };
const { evaluation } = await finetune(settings, { overwrite: true });
console.log("on held-out sentences:", evaluation?.metrics);

const relate = await pipeline("relation-extraction", output);
for (const asked of [
  pair("Vandelay has bought Duff for a dollar.", "Vandelay", "Duff"),
  pair("Vandelay has bought Duff for a dollar.", "Duff", "Vandelay"),
  pair("Yesterday people from Duff and Vandelay had lunch.", "Duff", "Vandelay"),
]) {
  const [best] = await relate(asked);
  console.log(`${asked.text}\n  ${asked.text.slice(...asked.head)}: ${best?.label} ${best?.score.toFixed(2)}`);
}
await relate.release();
