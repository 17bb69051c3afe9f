/**
 * Teaches a model to find entities that lie within each other, such as a city in the name of a university:
 *
 *     npx tsx examples/find-nested-entities.ts MODEL FOLDER "He left the University of Oslo."
 *
 * MODEL is any encoder, such as the one that examples/find-passages.ts names; FOLDER is where the result goes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "cloze";
import { finetune } from "cloze/training";

const [model, folder, ...texts] = process.argv.slice(2);
if (model === undefined || folder === undefined || texts.length === 0) {
  console.error('usage: npx tsx examples/find-nested-entities.ts MODEL FOLDER "Some text"…');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const cities = ["Paris", "London", "Berlin", "New York", "Rome", "Kyoto", "Vienna", "Boston", "Madrid", "Lima"];
const sentences: readonly ((city: string) => readonly [text: string, organization: string])[] = [
  (city) => [`She studied at the University of ${city} for years.`, `University of ${city}`],
  (city) => [`The ${city} Zoo was closed in winter.`, `${city} Zoo`],
  (city) => [`Nobody at the Bank of ${city} knew of it.`, `Bank of ${city}`],
  (city) => [`We spent three days in ${city} and left.`, ""],
];
const examples = cities.flatMap((city) =>
  sentences.map((sentence) => {
    const [text, organization] = sentence(city);
    const place = (words: string) => ({ start: text.indexOf(words), end: text.indexOf(words) + words.length });
    const entities = [{ ...place(city), label: "city" }];
    if (organization !== "") entities.push({ ...place(organization), label: "organization" });
    return { text, entities };
  }),
);
const train = join(folder, "entities.jsonl");
writeFileSync(train, examples.map((example) => `${JSON.stringify(example)}\n`).join(""));
const output = join(folder, "model");
const settings = { task: "span-extraction" as const, model, train, output, epochs: 40, learningRate: 3e-4 };
const { evaluation } = await finetune({ ...settings, sequenceLength: 32, evaluateEvery: 0 }, { overwrite: true });
console.log("on held-out sentences:", evaluation?.metrics);

const extract = await pipeline("span-extraction", output);
for (const [index, found] of (await extract(texts)).entries()) {
  console.log(texts[index]);
  for (const { label, text, score } of found) console.log(`  ${label}: ${text} (${score.toFixed(2)})`);
}
await extract.release();
