/** The demo's figures as lines of text. */
import plot from "simple-ascii-chart";
import type { PretrainRun } from "../training/index.ts";
import type { BaselineAccuracies } from "./baselines.ts";
import type { FilledSentence } from "./fills.ts";
import type { DemoLanguage } from "./languages.ts";

export interface AccuracyPoint {
  readonly step: number;
  /** Share of the masked positions of the held-out text. */
  readonly accuracy: number;
  /** Share of the pairs of the held-out text. */
  readonly pairAccuracy: number;
  /** Training time so far. */
  readonly trainedMs: number;
}

/** The baselines from the weakest to the strongest, as the demo calls them. */
export const baselineNames = [
  ["mostFrequent", "always the most frequent one"],
  ["leftBigram", "what most often follows the one before"],
  ["twoSided", "counted neighbours on both sides"],
] as const satisfies readonly (readonly [keyof BaselineAccuracies, string])[];

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** Columns of a terminal: Chinese characters take two. */
export function columnsOf(text: string): number {
  return Array.from(text).reduce((sum, character) => sum + (/[\u2e80-\uffe6]/u.test(character) ? 2 : 1), 0);
}

const count = (value: number): string => value.toLocaleString("en");

/** What is about to be trained on what. */
export function describeRun(run: PretrainRun, { tokens }: DemoLanguage): string[] {
  const { training, heldOut, heldOutRule, tokenizer, model } = run;
  const documents = training.counts.documents + (heldOut?.counts.documents ?? 0);
  const parameters = model.store.parameters.reduce((sum, parameter) => sum + parameter.size, 0);
  return [
    `  ${count(documents)} documents; held out and never trained on: ${heldOutRule}.`,
    `  ${count(tokenizer.length)} ${tokens} learned from the text; ${count(training.counts.tokens)} tokens to train on.`,
    `  A BERT of ${count(parameters)} parameters: 1 layer, 128 features, 4 attention heads.`,
  ];
}

const columns = 66;

/** The training loss, averaged over stretches of steps. */
export function lossChart(losses: readonly (readonly [step: number, loss: number])[]): string[] {
  const width = Math.max(1, Math.ceil(losses.length / columns));
  const points: [number, number][] = [];
  for (let start = 0; start < losses.length; start += width) {
    const stretch = losses.slice(start, start + width);
    const mean = stretch.reduce((sum, [, loss]) => sum + loss, 0) / stretch.length;
    points.push([stretch.at(-1)?.[0] ?? start, Number(mean.toFixed(2))]);
  }
  const chart = plot(points, {
    width: columns,
    height: 12,
    title: "  Training loss in nats by step (it jumps where rows become longer)",
    hideXAxisTicks: true,
  });
  const last = losses.at(-1)?.[0] ?? 0;
  const lines = chart.split("\n").map((line) => `  ${line.trimEnd()}`);
  return [...lines.filter((line) => line.trim() !== ""), `  step 1 to ${count(last)}`];
}

/** The model beside the baselines, and when it passed each. */
export function resultTable(points: readonly AccuracyPoint[], baselines: BaselineAccuracies, hidden: string): string[] {
  const final = points.at(-1)?.accuracy ?? 0;
  const rows = baselineNames.map(([key, name]) => {
    const bar = baselines[key];
    const passed = points.find(({ accuracy }) => accuracy > bar);
    const holds = final > bar;
    const when =
      passed === undefined || !holds
        ? "not passed"
        : `passed by step ${count(passed.step)} (${Math.round(passed.trainedMs / 1000)} s)`;
    return `    ${name.padEnd(42)} ${percent(bar).padStart(6)}   ${when}`;
  });
  return [
    `  Hidden ${hidden} guessed right, of ${count(baselines.positions)} in the held-out text:`,
    ...rows,
    `    ${"this model".padEnd(42)} ${percent(final).padStart(6)}`,
  ];
}

/** What the model says of pairs of segments, beside a coin; and why, if it is no better. */
export function pairLines(accuracy: number, pairs: number): string[] {
  const luck = 1 / Math.sqrt(pairs);
  const why = "    No better than a coin yet: words come first, pairs late. On English, 5,000 steps got to 63%.";
  return [
    `  Does the second piece of text follow the first? ${count(pairs)} held-out pairs, half of them from two documents:`,
    `    ${"a coin".padEnd(42)} ${percent(0.5).padStart(6)}   (luck alone comes within ${percent(luck)} of it)`,
    `    ${"this model".padEnd(42)} ${percent(accuracy).padStart(6)}`,
    ...(accuracy > 0.5 + luck ? [] : [why]),
  ];
}

/** Sentences with their fills; the right one is marked. */
export function showFills(sentences: readonly FilledSentence[]): string[] {
  return sentences.flatMap(({ text, answer, fills }) => {
    const shown = fills.map(({ token, probability }) => {
      const mark = token === answer ? "✓" : "";
      return `${token}${mark} ${probability.toFixed(2)}`;
    });
    return [`    ${text}${answer === undefined ? "" : `  (${answer})`}`, `      → ${shown.join(" · ")}`];
  });
}
