/**
 * Draws sentences as trees, with a model that was fine-tuned on a treebank:
 *
 *     cloze finetune dependency-parsing --model MODEL --train en_ewt-ud-train.conllu --output my-parser
 *     npx tsx examples/parse-sentences.ts ./my-parser "She reads old books."
 *
 * Treebanks of many languages: https://universaldependencies.org.
 */
import { pipeline } from "cloze";

const [folder, ...sentences] = process.argv.slice(2);
if (folder === undefined || sentences.length === 0) {
  console.error('usage: npx tsx examples/parse-sentences.ts FOLDER "A sentence."…');
  process.exit(2);
}

const parse = await pipeline("dependency-parsing", folder);
for (const words of await parse(sentences)) {
  const below = (head: number, depth: number): void => {
    for (const { index, word, relation, partOfSpeech = "" } of words.filter((each) => each.head === head)) {
      console.log(`${"  ".repeat(depth)}${word}  ${partOfSpeech} ${relation}`);
      below(index, depth + 1);
    }
  };
  below(0, 0);
  console.log();
}
await parse.release();
