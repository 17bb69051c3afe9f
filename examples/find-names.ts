/**
 * Marks names in a text, with a model that was fine-tuned to recognize them:
 *
 *     npx tsx examples/find-names.ts ./my-ner "Ann met Bob in Paris."
 */
import { pipeline } from "cloze";

const [folder, ...texts] = process.argv.slice(2);
if (folder === undefined || texts.length === 0) {
  console.error('usage: npx tsx examples/find-names.ts FOLDER "Some text"…');
  process.exit(2);
}

const find = await pipeline("token-classification", folder);
for (const text of texts) {
  // One label for all tokens of a word, and long texts in windows that share 16 tokens.
  const names = await find(text, { aggregationStrategy: "first", stride: 16 });
  let marked = "";
  let end = 0;
  for (const name of names) {
    marked += `${text.slice(end, name.start)}[${name.entityGroup} ${text.slice(name.start, name.end)}]`;
    end = name.end;
  }
  console.log(marked + text.slice(end));
}
await find.release();
