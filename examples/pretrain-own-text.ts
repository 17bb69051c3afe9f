/**
 * Pretrains a small BERT on your own text and fills a blank with it:
 *
 *     npx tsx examples/pretrain-own-text.ts my.txt ./my-bert
 *
 * The text is UTF-8, a sentence or paragraph a line, a blank line between documents. `cloze pretrain` does the same from the
 * command line; here you see where your own code can look in.
 */
import { pipeline } from "cloze";
import { pretrain } from "cloze/training";

const [corpus, output] = process.argv.slice(2);
if (corpus === undefined || output === undefined) {
  console.error("usage: npx tsx examples/pretrain-own-text.ts TEXT FOLDER");
  process.exit(2);
}

const { metrics, done } = await pretrain(
  {
    corpus,
    output,
    architecture: "bert",
    preset: "tiny",
    objective: "masked-language-modeling",
    vocabSize: 4096,
    sequenceLength: 64,
    minutes: 2,
  },
  // An earlier run in the same folder goes on; a new one begins.
  { resume: true },
  {
    onStage: ({ stage }) => process.stderr.write(`\r${stage.padEnd(30)}`),
    onEvent: (event) => {
      if (event.event !== "step" || event.step % 20 !== 0) return;
      const { step, loss, tokensPerSecond } = event;
      process.stderr.write(`\rstep ${step}  loss ${loss.toFixed(2)}  ${Math.round(tokensPerSecond)} tokens/s   `);
    },
  },
);
console.log(`\n${done.step} steps; on held-out text:`, metrics);

const unmask = await pipeline("fill-mask", output);
console.log(await unmask("it was a [MASK] day."));
await unmask.release();
