/**
 * Sentences of the Brown corpus with a word that is easily confused with another one, as blanks or as misspellings:
 *
 *     npx tsx --conditions=@cloze/source scripts/confused-words.ts cloze train > train.jsonl
 *     npx tsx --conditions=@cloze/source scripts/confused-words.ts spelling-correction held-out > held-out.jsonl
 *
 * The sets are those of Golding and Roth 1999, "A Winnow-Based Approach to Context-Sensitive Spelling Correction"
 * (https://doi.org/10.1023/A:1007545901558), table 3, without `maybe`, which is two words otherwise. Every 20th text of the
 * corpus is held out, as `cloze pretrain` does. Of the sentences 4,000 are drawn to learn from and 1,000 to judge by, by a
 * hash. A blank has the words of its set as choices; in a misspelling every second word, by a hash, is replaced by another
 * one of its set. On the error stream stands what comes of taking the most frequent word of each set every time.
 */
import { brownCorpus } from "../src/data/index.ts";
import { drawnRows, hashOf, linesOfRows } from "./data-set-rows.ts";

const sets = [
  ...["accept except", "affect effect", "among between", "amount number", "begin being", "cite sight site"],
  ...["country county", "fewer less", "I me", "its it's", "lead led", "passed past", "peace piece"],
  ...["principal principle", "quiet quite", "raise rise", "than then", "their there they're", "weather whether"],
  "your you're",
].map((words) => words.split(" "));
const setOf = new Map(sets.flatMap((set) => set.map((word) => [word, set] as const)));
const word = new RegExp(`(?<![\\w'])(?:${[...setOf.keys()].join("|")})(?![\\w'])`, "g");

const [task, part] = process.argv.slice(2);
if ((task !== "cloze" && task !== "spelling-correction") || (part !== "train" && part !== "held-out")) {
  throw new Error("usage: confused-words.ts cloze|spelling-correction train|held-out");
}

/** Another word of the set for every second one. */
function misspelled(sentence: string): string {
  return sentence.replace(word, (found, at: number) => {
    const hash = hashOf(`${at} ${sentence}`);
    const others = (setOf.get(found) as string[]).filter((other) => other !== found);
    return hash % 2 === 0 ? found : (others[(hash >>> 1) % others.length] as string);
  });
}

const parts = { train: [] as string[], "held-out": [] as string[] };
let text = 0;
for await (const document of (await brownCorpus()).documents()) {
  const own = ++text % 20 === 0 ? parts["held-out"] : parts.train;
  own.push(...document.filter((sentence) => sentence.search(word) >= 0));
}

const rowsOf = (sentences: readonly string[], count: number) =>
  drawnRows(
    task === "spelling-correction"
      ? sentences.map((target) => ({ source: misspelled(target), target }))
      : sentences.flatMap((sentence) =>
          Array.from(sentence.matchAll(word), ({ 0: answer, index }) => ({
            text: `${sentence.slice(0, index)}___${sentence.slice(index + answer.length)}`,
            ...{ answer, choices: setOf.get(answer) },
          })),
        ),
    count,
  );
const rows = { train: rowsOf(parts.train, 4000), "held-out": rowsOf(parts["held-out"], 1000) };
process.stdout.write(linesOfRows(rows[part]));

const counts = new Map<string, number>();
for (const sentence of parts.train) {
  for (const [found] of sentence.matchAll(word)) counts.set(found, (counts.get(found) ?? 0) + 1);
}
const likeliest = (found: string): string =>
  (setOf.get(found) as string[]).reduce((a, b) => ((counts.get(b) ?? 0) > (counts.get(a) ?? 0) ? b : a));
if (task === "cloze") {
  const answers = rows["held-out"].map(({ answer }) => answer as string);
  const right = answers.filter((answer) => likeliest(answer) === answer).length;
  console.error(
    `${rows[part].length} rows; the most frequent of each set: ${((100 * right) / answers.length).toFixed(1)}% held out`,
  );
} else {
  let [changed, wrong, corrected] = [0, 0, 0];
  for (const { source, target } of rows["held-out"] as { source: string; target: string }[]) {
    const wanted = Array.from(target.matchAll(word), ([found]) => found);
    for (const [at, [found]] of [...source.matchAll(word)].entries()) {
      if (found !== wanted[at]) wrong++;
      if (likeliest(found) !== found) changed++;
      if (likeliest(found) !== found && likeliest(found) === wanted[at]) corrected++;
    }
  }
  const f1 = ((200 * corrected) / (changed + wrong)).toFixed(1);
  console.error(`${rows[part].length} rows; the most frequent of each set every time: F1 of words ${f1}% held out`);
}
