/** Learning curves as text: the loss on what is trained and on what is held out, and the metric that decides. */
import type { TrainingEvent } from "../training/index.ts";
import { wordsOf } from "./metrics-text.ts";
import type { Colors } from "./output.ts";
import { countText } from "./quantities.ts";

const plotColumns = 60;
const plotRows = 8;
/** With fewer steps there is no curve to see. */
const fewestSteps = 10;

interface Point {
  readonly step: number;
  readonly value: number;
}

interface Series {
  readonly name: string;
  readonly mark: string;
  readonly points: readonly Point[];
}

/**
 * The curves of a run's events; empty for a run that was too short. Steps that were trained twice, as after an interruption,
 * count as they were last.
 *
 * @param metric what is drawn beside the losses, if the evaluations have it.
 */
export function learningCurves(events: readonly TrainingEvent[], metric: string | undefined, colors: Colors): string {
  const losses = new Map<number, number>();
  const heldOut = new Map<number, number>();
  const metrics = new Map<number, number>();
  for (const event of events) {
    if (event.event === "step") losses.set(event.step, event.loss);
    if (event.event !== "evaluation") continue;
    const loss = event.metrics.loss ?? event.metrics.maskedLoss;
    if (loss !== undefined) heldOut.set(event.step, loss);
    const value = metric === undefined ? undefined : event.metrics[metric];
    if (value !== undefined && !Number.isNaN(value)) metrics.set(event.step, value);
  }
  if (losses.size < fewestSteps) return "";
  const lastStep = Math.max(...losses.keys());
  const lossSeries = [
    { name: "training", mark: colors.cyan("•"), points: binned(pointsOf(losses), lastStep) },
    { name: "held out", mark: colors.yellow("○"), points: pointsOf(heldOut) },
  ];
  const plots = [plot("loss", lossSeries, lastStep)];
  if (metric !== undefined && metrics.size > 1) {
    const points = pointsOf(metrics);
    plots.push(plot(`${wordsOf(metric)}, held out`, [{ name: "", mark: colors.green("●"), points }], lastStep));
  }
  return plots.join("\n");
}

function pointsOf(values: ReadonlyMap<number, number>): Point[] {
  return [...values].map(([step, value]) => ({ step, value }));
}

/** One point for each column: the mean of its steps. */
function binned(points: readonly Point[], lastStep: number): Point[] {
  const bins = new Map<number, Point[]>();
  for (const point of points) {
    const column = columnOf(point.step, lastStep);
    bins.set(column, [...(bins.get(column) ?? []), point]);
  }
  return [...bins.values()].map((own) => ({
    step: (own[0] as Point).step,
    value: own.reduce((sum, { value }) => sum + value, 0) / own.length,
  }));
}

function columnOf(step: number, lastStep: number): number {
  return Math.round(((step - 1) / Math.max(1, lastStep - 1)) * (plotColumns - 1));
}

function plot(title: string, series: readonly Series[], lastStep: number): string {
  const values = series.flatMap(({ points }) => points.map(({ value }) => value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const rows = Array.from({ length: plotRows }, () => new Array<string>(plotColumns).fill(" "));
  for (const { mark, points } of series) {
    for (const { step, value } of points) {
      const row = Math.round(((high - value) / (high - low || 1)) * (plotRows - 1));
      (rows[row] as string[])[columnOf(step, lastStep)] = mark;
    }
  }
  const [top, bottom] = [high.toFixed(3), low.toFixed(3)];
  const width = Math.max(top.length, bottom.length);
  const label = (row: number): string => (row === 0 ? top : row === plotRows - 1 ? bottom : "").padStart(width);
  const lines = rows.map((cells, row) => `${label(row)} ┤${cells.join("").trimEnd()}`);
  const named = series.filter(({ name, points }) => name !== "" && points.length > 0);
  const legend = named.map(({ name, mark }) => `${mark} ${name}`).join("   ");
  const end = `step ${countText(lastStep)}`;
  const indent = " ".repeat(width + 2);
  return [
    `${title}${legend === "" ? "" : `   ${legend}`}`,
    ...lines,
    `${" ".repeat(width)} └${"─".repeat(plotColumns)}`,
    `${indent}1${end.padStart(plotColumns - 1)}`,
    "",
  ].join("\n");
}
