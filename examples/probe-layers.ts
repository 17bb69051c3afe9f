/**
 * Which layers of a model know whether a subject is one or several: the model stays as it is, and a small classifier on each
 * layer says whether was or were stood in sentences of the Brown corpus (Tenney et al. 2019):
 *
 *     npx tsx examples/probe-layers.ts ./my-bert
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brownCorpus } from "cloze/data";
import { finetuneSeveral } from "cloze/training";

const [model] = process.argv.slice(2);
if (model === undefined) {
  console.error("usage: npx tsx examples/probe-layers.ts FOLDER");
  process.exit(2);
}

// As many of each, so that guessing is right half of the time.
const found: Record<"was" | "were", string[]> = { was: [], were: [] };
for await (const document of (await brownCorpus()).documents()) {
  for (const sentence of document) {
    const [verb, more] = sentence.match(/\b(was|were)\b/g) ?? [];
    if (verb === undefined || more !== undefined || sentence.length > 100) continue;
    if (found[verb as "was"].length < 600) found[verb as "was"].push(sentence.replace(verb, "…"));
  }
}
const rows = Object.entries(found).flatMap(([label, texts]) => texts.map((text) => JSON.stringify({ text, label })));

const folder = mkdtempSync(join(tmpdir(), "probe-layers-"));
const train = join(folder, "rows.jsonl");
writeFileSync(train, `${rows.join("\n")}\n`);
const settings = { task: "text-classification", model, train, frozen: true, layers: "each", epochs: 20 } as const;
const { summary } = await finetuneSeveral({ ...settings, output: join(folder, "runs"), validationShare: 0.3 });
for (const { name, metrics } of summary?.runs ?? []) {
  const accuracy = metrics.accuracy ?? 0;
  console.log(`${name.padEnd(9)} ${(100 * accuracy).toFixed(1)}%  ${"█".repeat(Math.round(40 * accuracy))}`);
}
