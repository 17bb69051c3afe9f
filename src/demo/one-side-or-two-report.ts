/** *One side or two?* as lines of text. */
import { columnsOf, percent } from "./report.ts";
import {
  type EndingKind,
  type GlossedText,
  goodShare,
  pairProbe,
  trueWordProbabilities,
  type WordProbabilities,
  weatherProbabilities,
  weatherProbe,
  weatherWords,
} from "./weather-corpus.ts";
import { type WeatherText, weatherModelSize } from "./weather-models.ts";

/** What one model says to the blank. */
export interface ModelAnswers {
  readonly name: string;
  readonly reads: "both sides" | "the left side";
  readonly words: Readonly<Record<EndingKind, WordProbabilities>>;
}

/** What the models should reach, and whether they did. */
export interface Target {
  readonly text: string;
  readonly isMet: boolean;
}

/** P(the second sentence is next) for both second sentences of `pairProbe`. */
export interface NextSentenceAnswers {
  readonly following: number;
  readonly unrelated: number;
}

const endingKinds = ["bad", "good", "neutral"] as const satisfies readonly EndingKind[];

const count = (value: number): string => value.toLocaleString("en");

export function introduction({ sentences, distinctSentences }: WeatherText): string[] {
  const { good, neutralEnding, agreement } = weatherProbabilities;
  const { layers, width } = weatherModelSize;
  const { beginning, endings } = weatherProbe;
  return [
    "1 · One side or two?",
    `  ${beginning.text}＿，${endings.bad.text}。  The weather today is very ＿, ${endings.bad.gloss}.`,
    "  What fits the blank is told by what comes after it. BERT reads both sides of a blank; GPT reads the left side alone.",
    `  One of each, equally small (${layers} layers of ${width} features), learns from ${count(sentences.counts.sentences)} sentences about the weather that a`,
    `  generator makes (${count(distinctSentences)} different ones). Its rules: however a sentence begins, the weather is good in ${Math.round(100 * good)}% of them;`,
    `  ${Math.round(100 * neutralEnding)}% of the endings are neutral, the others tell the weather, rightly in ${100 * agreement}% of the cases.`,
    `  So it is known what a perfect reader would say. ${beginning.text} never comes with an ending shown below.`,
  ];
}

const labelColumns = 66;
const barColumns = 10;

/** Rows are endings; each model stands beside what the generator's rules say to somebody who reads as it does. */
export function wordTable(models: readonly ModelAnswers[]): string[] {
  const words = weatherWords.map(({ word, gloss }) => `${word} ${gloss}`);
  const rows = endingKinds.map((kind) => {
    const { text, gloss } = weatherProbe.endings[kind];
    const cells = models.map(({ reads, words: answers }) => {
      const truth = trueWordProbabilities(reads === "both sides" ? text : undefined);
      const share = goodShare(answers[kind]);
      return `${bar(share)} ${percent(share).padStart(6)} ${percent(goodShare(truth)).padStart(7)}`;
    });
    return padded(`    …，${text}。 ${gloss}`) + cells.join("   ");
  });
  return [
    `  The words: ${words.join(", ")}. The share of the two for good weather, beside what it should be:`,
    padded("") + models.map(({ name }) => name.padEnd(barColumns + 6) + "should be".padStart(9)).join("   "),
    ...rows,
    ...models.map(
      ({ name, words: answers }) => `  ${name.padEnd(4)} word by word, first row: ${wordByWord(answers.bad)}`,
    ),
  ];
}

function bar(share: number): string {
  const filled = Math.round(barColumns * share);
  return "█".repeat(filled) + "░".repeat(barColumns - filled);
}

function wordByWord(probabilities: WordProbabilities): string {
  return weatherWords.map(({ word }, i) => `${word} ${percent(probabilities[i] ?? 0)}`).join(" · ");
}

function padded(text: string): string {
  return text + " ".repeat(Math.max(1, labelColumns - columnsOf(text)));
}

const leastRight = 0.95;
const allowedError = 0.05;

/** What models that read both sides, and those that read one, should say to the three endings. */
export function targetsOf(models: readonly ModelAnswers[]): Target[] {
  const prior = weatherProbabilities.good;
  const errorAt = (share: number): number => Math.abs(share - prior);
  return models.flatMap(({ name, reads, words }) => {
    const [bad, good, neutral] = endingKinds.map((kind) => goodShare(words[kind])) as [number, number, number];
    if (reads === "the left side") {
      const error = Math.max(...[bad, good, neutral].map(errorAt));
      const text = `${name} cannot see the ending: within 5 points of ${percent(prior)} in all three rows (off by ${points(error)})`;
      return [{ text, isMet: error <= allowedError }];
    }
    const right = [1 - bad, good];
    const error = errorAt(neutral);
    return [
      {
        text: `${name} turns with the ending: at least 95% on the right words (${right.map(percent).join(" and ")})`,
        isMet: right.every((share) => share >= leastRight),
      },
      {
        text: `${name} knows when it tells nothing: within 5 points of ${percent(prior)} in the third row (off by ${points(error)})`,
        isMet: error <= allowedError,
      },
    ];
  });
}

const points = (share: number): string => (100 * share).toFixed(1);

export function targetLines(targets: readonly Target[]): string[] {
  return targets.map(({ text, isMet }) => `  ${isMet ? "✓ reached" : "✗ missed "}  ${text}`);
}

export function nextSentenceLines({ following, unrelated }: NextSentenceAnswers): string[] {
  const row = (second: GlossedText, probability: number): string =>
    [padded(`    → ${second.text} ${second.gloss}`), bar(probability), percent(probability).padStart(7)].join("");
  return [
    "  Which sentence comes next? The same BERT went on with pairs, half of them torn from two documents, and says how likely",
    `  each of these follows ${pairProbe.first.text} (${pairProbe.first.gloss}), which no pair began with:`,
    row(pairProbe.following, following),
    row(pairProbe.unrelated, unrelated),
  ];
}
