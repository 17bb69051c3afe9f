/**
 * Writes a large text to try the reading of one: the Brown corpus again and again, with a made-up word behind every third
 * sentence, so that there are always new words: `npx tsx --conditions=@cloze/source scripts/write-large-corpus.ts FILE BYTES`.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { brownCorpus } from "../src/data/index.ts";
import { Random } from "../src/random.ts";

const [file = "", size = "2e9"] = process.argv.slice(2);
const documents: (readonly string[])[] = [];
for await (const document of (await brownCorpus()).documents()) documents.push(document);
const random = new Random(1);
const output = openSync(file, "w");
let bytes = 0;
while (bytes < Number(size)) {
  for (const document of documents) {
    const lines = document.map((sentence, index) =>
      index % 3 === 0 ? `${sentence} w${random.uint32().toString(36)}.` : sentence,
    );
    bytes += writeSync(output, `${lines.join("\n")}\n\n`);
  }
}
closeSync(output);
