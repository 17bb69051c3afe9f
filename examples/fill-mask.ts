/**
 * Fills blanks with a model folder, such as the one that `npm run demo` leaves or Python's `save_pretrained` wrote:
 *
 *     npx tsx examples/fill-mask.ts ./my-bert "The weather is [MASK] today."
 */
import { pipeline } from "cloze";

const [folder, ...texts] = process.argv.slice(2);
if (folder === undefined || texts.length === 0) {
  console.error('usage: npx tsx examples/fill-mask.ts FOLDER "Text with a [MASK]."…');
  process.exit(2);
}

const unmask = await pipeline("fill-mask", folder);
for (const text of texts) {
  // One list of answers for a text with one blank, a list of lists for several.
  const answers = await unmask(text, { topK: 5 });
  console.log(text);
  for (const { score, tokenStr, sequence } of answers.flat()) {
    console.log(`  ${(100 * score).toFixed(1).padStart(5)}%  ${tokenStr.padEnd(12)} ${sequence}`);
  }
}
await unmask.release();
