/** A task's figures for people: the metrics, a table of the classes, and what was taken for what. */
import type { TaskEvaluation } from "../tasks/index.ts";
import type { Bootstrapped, RunsSummary } from "../training/index.ts";
import { metricsText, valueText, wordsOf } from "./metrics-text.ts";
import { countText } from "./quantities.ts";

/** Of more classes than this nobody reads a confusion matrix. */
const mostConfused = 12;
/** Of more classes than this only the most frequent are shown. */
const mostClasses = 40;

export function evaluationText({ metrics, classes = [], confusion, unknownLabels = [] }: TaskEvaluation): string {
  const parts = [`${metricsText(metrics)}\n`];
  if (unknownLabels.length > 0) {
    const names = unknownLabels.slice(0, mostConfused).join(", ");
    const rest = unknownLabels.length > mostConfused ? ", …" : "";
    parts.push(`Labels that the model was not trained on, counted as faults: ${names}${rest}\n`);
  }
  if (classes.length > 0) parts.push(classTable(classes));
  if (confusion !== undefined && classes.length <= mostConfused) parts.push(confusionTable(classes, confusion));
  return parts.join("\n");
}

function classTable(classes: NonNullable<TaskEvaluation["classes"]>): string {
  const shown = classes.toSorted((a, b) => b.support - a.support).slice(0, mostClasses);
  const rows = shown.map(({ name, precision, recall, f1, support }) => {
    return [name, percent(precision), percent(recall), percent(f1), String(support)];
  });
  const rest = classes.length > shown.length ? `and ${classes.length - shown.length} rarer classes\n` : "";
  return aligned([["class", "precision", "recall", "F1", "examples"], ...rows]) + rest;
}

function confusionTable(
  classes: NonNullable<TaskEvaluation["classes"]>,
  confusion: NonNullable<TaskEvaluation["confusion"]>,
): string {
  const names = classes.map(({ name }) => name);
  const rows = confusion.map((counts, index) => [names[index] as string, ...counts.map(String)]);
  return aligned([["is, taken for →", ...names], ...rows]);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** The metrics with their intervals, a line each, and how these were drawn. */
export function intervalsText(metrics: TaskEvaluation["metrics"], bootstrap: Bootstrapped, examples: number): string {
  const { intervals, resamples, confidence, seed } = bootstrap;
  const rows = Object.entries(intervals).map(([name, { low, high }]) => [
    wordsOf(name),
    ...[metrics[name] as number, low, high].map((value) => valueText(name, value)),
  ]);
  const share = `${+(100 * confidence).toFixed(2)}%`;
  return [
    aligned([["metric", "value", `${share} from`, "to"], ...rows]),
    `(bootstrap: percentiles of ${countText(resamples)} resamples of the ${countText(examples)} examples, seed ${seed})\n`,
  ].join("");
}

const barColumns = 30;

/** A bar for a share from 0 to 1; none for what is less. */
function bar(share: number): string {
  const eighths = Math.round(8 * barColumns * Math.min(1, Math.max(0, share)));
  return "█".repeat(eighths >> 3) + ("▏▎▍▌▋▊▉"[(eighths & 7) - 1] ?? "");
}

/** Runs on each layer as a table, with a bar for the main metric, from 0 to 1. */
export function layersText({ runs, best, mean, mainMetric }: RunsSummary): string {
  const others = Object.keys(mean).filter((name) => name !== mainMetric && name !== "loss");
  const names = [...others, mainMetric];
  const rows = runs.map(({ name, metrics }) => [
    `${name.replace("layer-", "")}${name === best ? " (best)" : ""}`,
    ...names.map((metric) => valueText(metric, metrics[metric] ?? Number.NaN)),
  ]);
  const lines = aligned([["layer", ...names.map(wordsOf)], ...rows])
    .trimEnd()
    .split("\n");
  return lines.map((line, index) => `${line}  ${bar(runs[index - 1]?.metrics[mainMetric] ?? 0)}`.trimEnd()).join("\n");
}

/** Several runs as a table: a line each, the mean and the standard deviation; the best one is marked. */
export function runsText({ runs, best, mean, deviation }: RunsSummary): string {
  const names = Object.keys(mean);
  const line = (name: string, metrics: TaskEvaluation["metrics"]): string[] => [
    name,
    ...names.map((metric) => valueText(metric, metrics[metric] ?? Number.NaN)),
  ];
  return aligned([
    ["run", ...names.map(wordsOf)],
    ...runs.map(({ name, metrics }) => line(name === best ? `${name} (best)` : name, metrics)),
    line("mean", mean),
    line("deviation", deviation),
  ]);
}

/** Columns with the first to the left and the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return `${rows.map(line).join("\n")}\n`;
}
