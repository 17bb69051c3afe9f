/**
 * Gives each query of a file as negatives what a bi-encoder finds for it among the file's own documents and does not answer it:
 *
 *     npx tsx --conditions=@cloze/source scripts/hard-negatives.ts questions.jsonl MODEL 4 > with-negatives.jsonl
 *
 * A cross-encoder that is to put what a bi-encoder finds in order has to learn from such (Karpukhin et al. 2020,
 * https://arxiv.org/abs/2004.04906, §3.2).
 */
import { loadExamples } from "../src/data/index.ts";
import { answersOf } from "../src/tasks/answers.ts";
import { retrievedCandidates } from "../src/training/retrieved-candidates.ts";
import { linesOfRows } from "./data-set-rows.ts";

const [file = "", model = "", count = "4"] = process.argv.slice(2);
const { examples } = await loadExamples(file, "retrieval");
const answers = answersOf(examples);
const found = await retrievedCandidates(model, examples, { topK: Number(count) + 8, threads: 1, onWarning() {} });
const rows = examples.map(({ query, positive }) => {
  const wrong = (found.get(query) ?? []).filter((document) => !answers.get(query)?.has(document));
  return { query, positive, negatives: wrong.slice(0, Number(count)) };
});
process.stdout.write(linesOfRows(rows));
