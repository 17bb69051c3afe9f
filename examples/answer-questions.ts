/**
 * Answers questions about a text with a model that was fine-tuned on SQuAD or its like, and shows where the answer stands:
 *
 *     npx tsx examples/answer-questions.ts ./my-bert article.txt "Who won?" "When?"
 *
 * Texts may be far longer than the model: it reads them in windows.
 */
import { readFileSync } from "node:fs";
import { pipeline } from "cloze";

const [folder, file, ...questions] = process.argv.slice(2);
if (folder === undefined || file === undefined || questions.length === 0) {
  console.error('usage: npx tsx examples/answer-questions.ts FOLDER FILE "A question?"…');
  process.exit(2);
}

const answer = await pipeline("question-answering", folder);
const context = readFileSync(file, "utf8");
const inputs = questions.map((question) => ({ question, context }));
for (const [index, found] of (await answer(inputs, { handleImpossibleAnswer: true })).entries()) {
  console.log(questions[index]);
  if (found.answer === "") {
    console.log("  The text does not say.");
    continue;
  }
  const before = context.slice(Math.max(0, found.start - 40), found.start);
  const after = context.slice(found.end, found.end + 40);
  const line = `${before}[${found.answer}]${after}`.replaceAll(/\s+/g, " ");
  console.log(`  ${(100 * found.score).toFixed(1)}%  …${line}…`);
}
await answer.release();
