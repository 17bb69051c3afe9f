/**
 * What simple rules reach on labelled words and sentences, on the split that `cloze finetune` makes: the parse in which every word hangs from
 * the one before or behind it, with the relation that the word has most often; and of utterances the most frequent intent and
 * each word's most frequent slot; of documents the first sentences for a summary.
 *
 *     npx tsx --conditions=@cloze/source scripts/word-baselines.ts parsing treebank.conllu --validation-share 0.2
 *     npx tsx --conditions=@cloze/source scripts/word-baselines.ts slots TRAIN VALIDATION
 *     npx tsx --conditions=@cloze/source scripts/word-baselines.ts lead documents.jsonl
 */
import { parseArgs } from "node:util";
import { loadExamples } from "../src/data/index.ts";
import { attachmentScores, spanScores } from "../src/metrics/index.ts";
import { summaryFigures } from "../src/tasks/extractive-summarization.ts";
import { splitExamples } from "../src/training/task-examples.ts";

const { values, positionals } = parseArgs({
  options: { "validation-share": { type: "string", default: "0.1" } },
  allowPositionals: true,
});
const [kind, file, validation] = positionals;
if ((kind !== "parsing" && kind !== "slots" && kind !== "lead") || file === undefined) {
  throw new Error("usage: word-baselines.ts parsing FILE | slots TRAIN VALIDATION | lead FILE");
}

/** What each word, in lower case, is called most often; of words that were not seen what is most frequent at all. */
function mostFrequent(words: readonly string[], labels: readonly string[]): (word: string) => string {
  const counts = new Map<string, Map<string, number>>();
  for (const [at, label] of labels.entries()) {
    for (const word of ["", (words[at] as string).toLowerCase()]) {
      const own = counts.get(word) ?? new Map<string, number>();
      counts.set(word, own.set(label, (own.get(label) ?? 0) + 1));
    }
  }
  const best = (word: string): string =>
    [...(counts.get(word) ?? counts.get("") ?? [])].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  return (word) => best(word.toLowerCase());
}

if (kind === "parsing") {
  const { examples } = await loadExamples(file, "dependency-parsing");
  const { training, heldOut } = splitExamples(examples, Number(values["validation-share"]));
  const relationOf = mostFrequent(
    training.flatMap(({ tokens }) => tokens),
    training.flatMap(({ relations }) => relations),
  );
  const scores = (headOf: (at: number, length: number) => number) => {
    const parses = heldOut.map(({ tokens }) => ({
      heads: tokens.map((_, at) => headOf(at, tokens.length)),
      relations: tokens.map((word, at) => (headOf(at, tokens.length) === 0 ? "root" : relationOf(word))),
    }));
    return attachmentScores(heldOut, parses);
  };
  console.log("training", training.length, "held out", heldOut.length);
  console.log(
    "from the word before",
    scores((at) => at),
  );
  console.log(
    "from the word behind",
    scores((at, length) => (at + 2 > length ? 0 : at + 2)),
  );
} else if (kind === "lead") {
  const { examples } = await loadExamples(file, "extractive-summarization");
  for (const count of [1, 2, 3, Number.POSITIVE_INFINITY]) {
    const chosen = examples.map(({ sentences }) => [...sentences.keys()].slice(0, count));
    console.log(count === Number.POSITIVE_INFINITY ? "all" : `the first ${count}`, summaryFigures(examples, chosen));
  }
} else {
  const [training, heldOut] = await Promise.all(
    [file, validation ?? file].map(async (each) => (await loadExamples(each, "token-classification")).examples),
  );
  if (training === undefined || heldOut === undefined) throw new Error("there are no examples");
  const slotOf = mostFrequent(
    training.flatMap(({ tokens }) => tokens),
    training.flatMap(({ labels }) => labels),
  );
  const intent = mostFrequent(
    training.map(() => ""),
    training.map((example) => example.intent ?? ""),
  )("");
  const predicted = heldOut.map(({ tokens }) => tokens.map(slotOf));
  const gold = heldOut.map(({ labels }) => labels);
  const intents = heldOut.filter((example) => example.intent === intent);
  const right = heldOut.filter(
    (example, at) =>
      example.intent === intent && example.labels.every((label, word) => label === predicted[at]?.[word]),
  );
  console.log({
    f1: spanScores(gold, predicted).micro.f1,
    intentAccuracy: intents.length / heldOut.length,
    sentenceAccuracy: right.length / heldOut.length,
  });
}
