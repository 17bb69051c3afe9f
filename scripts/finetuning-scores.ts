/** The scores of fine-tuning that are kept beside the script that made PyTorch's, and their table in docs/results.md. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deviationOf, meanOf } from "../src/metrics/index.ts";
import type { BaselineScores } from "./baseline-scores.ts";
import { dataSets, type Recipe } from "./data-sets.ts";
import { meanPercent, percent } from "./percent.ts";
import { commonCommands, recipeCommands } from "./recipe-commands.ts";

const scoresFile = fileURLToPath(new URL("../test/golden/fine-tuning/scores.json", import.meta.url));
const documentFile = fileURLToPath(new URL("../docs/results.md", import.meta.url));

/** What was measured, on which rows. */
export interface Measured {
  readonly title: string;
  readonly task: string;
  readonly metric: string;
  readonly recipe: Recipe & { readonly batchSize: number };
  /** Trained on, held out. */
  readonly rows: readonly [number, number];
}

export interface KeptScores extends Measured {
  readonly baselines: BaselineScores;
  pytorch?: {
    readonly script: string;
    readonly torch: string;
    readonly transformers: string;
    readonly threads: number;
    /** By seed; `batches` is the SHA-256 of settings and batches. */
    readonly runs: Readonly<Record<string, { readonly score: number; readonly batches: string }>>;
  };
  /** By seed. */
  readonly cloze: Record<string, number>;
}

type AllScores = Record<string, KeptScores>;

const allScores = (): AllScores => (existsSync(scoresFile) ? JSON.parse(readFileSync(scoresFile, "utf8")) : {});

/** What is kept of a data set, if it was measured in the same way; else its baselines, and nothing more yet. */
export function keptScores(name: string, measured: Measured, baselines: () => BaselineScores): KeptScores {
  const known = allScores()[name];
  if (known === undefined || !isSameWay(known, measured)) return { ...measured, baselines: baselines(), cloze: {} };
  return { ...known, ...measured };
}

function isSameWay(one: Measured, other: Measured): boolean {
  const way = ({ task, metric, recipe, rows }: Measured): string => JSON.stringify([task, metric, recipe, rows]);
  return way(one) === way(other);
}

/** Replaces what is kept of one data set, but for other seeds of the same recipe. */
export function keepScores(name: string, scores: KeptScores): void {
  const known = allScores()[name];
  const others = known !== undefined && isSameWay(known, scores) ? known : undefined;
  const pytorch = scores.pytorch ?? others?.pytorch;
  const kept = {
    ...scores,
    ...(pytorch && { pytorch: { ...pytorch, runs: { ...others?.pytorch?.runs, ...scores.pytorch?.runs } } }),
    cloze: { ...others?.cloze, ...scores.cloze },
  };
  const all = { ...allScores(), [name]: kept };
  const ordered = Object.keys(dataSets).flatMap((each) => (all[each] === undefined ? [] : [[each, all[each]]]));
  writeFileSync(scoresFile, `${JSON.stringify(Object.fromEntries(ordered), null, 2)}\n`);
}

export function resultsTable(scores: readonly KeptScores[]): string[] {
  return [
    "| Data, task (metric) | rows: trained on, held out | epochs, length, rate | majority | TF-IDF | PyTorch | Cloze | seeds | difference |",
    "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ...scores.map(rowOf),
  ];
}

function rowOf({ title, metric, rows, recipe, baselines, pytorch, cloze }: KeptScores): string {
  const seeds = Object.keys(cloze);
  const theirs = seeds.flatMap((seed) => pytorch?.runs[seed]?.score ?? []);
  const ours = seeds.map((seed) => cloze[seed] as number);
  const cells = [
    `${title} (${metricNames[metric] ?? metric})`,
    rows.map((count) => count.toLocaleString("en")).join(", "),
    `${recipe.epochs}, ${recipe.sequenceLength}, ${recipe.learningRate.toExponential().replace("e-", "e‑")}`,
    percent(baselines.majority),
    baselines.cosine === undefined ? percent(baselines.regression) : percent(baselines.cosine),
    meanPercent(theirs),
    `**${meanPercent(ours)}**`,
    String(seeds.length),
    theirs.length === seeds.length ? differenceOf(ours, theirs) : "–",
  ];
  return `| ${cells.join(" | ")} |`;
}

const metricNames: Readonly<Record<string, string>> = {
  f1: "F1",
  matthewsCorrelation: "Matthews",
  spearman: "Spearman",
};

/** Ours less theirs, seed by seed: the mean, and its standard error. */
function differenceOf(ours: readonly number[], theirs: readonly number[]): string {
  const differences = ours.map((score, at) => score - (theirs[at] as number));
  const mean = meanOf(differences);
  const sign = mean < 0 ? "−" : "+";
  const error = differences.length < 2 ? "" : ` ± ${percent(deviationOf(differences) / Math.sqrt(differences.length))}`;
  return `${sign}${percent(Math.abs(mean))}${error}`;
}

/** Puts the table of all that is kept, and the commands of all data sets, between their markers. */
export function writeTable(): void {
  const commands = [
    "```",
    ...commonCommands,
    ...Object.entries(dataSets).flatMap(([name, dataSet]) => recipeCommands(name, dataSet)),
    "```",
  ];
  const document = readFileSync(documentFile, "utf8");
  const withTable = between(document, "table", resultsTable(Object.values(allScores())));
  writeFileSync(documentFile, between(withTable, "commands", commands));
}

function between(document: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- fine-tuning: ${name} -->`, `<!-- fine-tuning: end of ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${documentFile} lacks ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${lines.join("\n")}\n\n${document.slice(to)}`;
}
