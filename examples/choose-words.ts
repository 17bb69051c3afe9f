/**
 * Which of a few words or phrases stood in the blank of a text:
 *
 *     npx tsx examples/choose-words.ts ./my-bert "She did not go ___ there." out over "up the stairs"
 */
import { pipeline } from "cloze";

const [folder, text, ...choices] = process.argv.slice(2);
if (folder === undefined || text === undefined || choices.length < 2) {
  console.error('usage: npx tsx examples/choose-words.ts FOLDER "A text with a ___." CHOICE CHOICE…');
  process.exit(2);
}

const choose = await pipeline("cloze", folder);
for (const { choice, score } of (await choose({ text, choices })).flat()) {
  console.log(`${(100 * score).toFixed(1).padStart(5)}%  ${text.replace(/_{2,}|\[MASK\]|<mask>/, choice)}`);
}
await choose.release();
