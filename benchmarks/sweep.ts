/** How time and memory of a training step grow, one size at a time, with a picture: docs/performance-growth.svg. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TrainingCase } from "./cases.ts";
import { writeSection } from "./document.ts";
import { type Growth, growthChart, type Point } from "./growth-chart.ts";
import { measure, type SideTimes } from "./measure.ts";
import { operationsOf } from "./operations.ts";
import type { Programs } from "./programs.ts";
import { sidesOf } from "./sides.ts";
import { distanceFromLine, median } from "./statistics.ts";

/** What grows, with the others as in `usual`. */
export const axes = {
  width: [64, 128, 256, 512, 768],
  depth: [1, 2, 4, 8, 12],
  length: [32, 64, 128, 256, 512],
  batch: [1, 2, 4, 8, 16, 32],
  vocabulary: [2048, 8192, 16384, 32768, 50257],
} as const;

type Axis = keyof typeof axes;
/** Operations grow with these as straight lines do: with the width, and at last with the length, they grow faster. */
const straight: ReadonlySet<string> = new Set<Axis>(["depth", "batch", "vocabulary"]);
type Sizes = Readonly<Record<Axis, number>>;

const usual: Sizes = { width: 256, depth: 4, length: 128, batch: 8, vocabulary: 8192 };
const headWidth = 64;

interface SweepOptions {
  readonly programs: Programs;
  readonly threads: number;
  readonly rounds: number;
  readonly python: string | undefined;
  readonly names: readonly string[];
  readonly isWritten: boolean;
}

/** A long run takes about so long, if matrix products run at so many operations a second. */
const aimedSeconds = 3;
const supposedSpeed = 150e9;

function caseOf(sizes: Sizes): TrainingCase {
  const { width, depth, length, batch, vocabulary } = sizes;
  const benchmark: TrainingCase = {
    ...{ kind: "training", name: "growth", about: "", architecture: "gpt2", selected: 1, dropout: 0 },
    config: {
      ...{ vocab_size: vocabulary, n_embd: width, n_layer: depth },
      ...{ n_head: width / headWidth, n_positions: Math.max(...axes.length) },
    },
    ...{ batchSize: batch, sequenceLength: length, repetitions: [2, 3] },
  };
  const steps = Math.round((aimedSeconds * supposedSpeed) / operationsOf(benchmark));
  return { ...benchmark, repetitions: [2, 2 + Math.min(300, Math.max(4, steps))] };
}

export async function sweep(options: SweepOptions): Promise<void> {
  const chosen = (Object.keys(axes) as Axis[]).filter(
    (axis) => options.names.length === 0 || options.names.includes(axis),
  );
  const known = new Map<string, readonly SideTimes[]>();
  for (const axis of chosen) {
    const growth: Record<string, Point[]> = {};
    for (const size of axes[axis]) {
      const sizes = { ...usual, [axis]: size };
      console.error(`${axis} ${size}`);
      const key = JSON.stringify(sizes);
      const sides = known.get(key) ?? (await timed(sizes, options));
      known.set(key, sides);
      for (const { name, ms, peakMiB } of sides) {
        growth[name] ??= [];
        growth[name].push({ size, ms: median(ms), peakMiB: median(peakMiB) });
      }
    }
    console.log(`\n${axis}\n${growthLines(axis, growth).join("\n")}`);
    if (options.isWritten) keep(axis, growth);
  }
  if (options.isWritten) writeGrowth(options);
}

async function timed(sizes: Sizes, { programs, threads, rounds, python }: SweepOptions): Promise<readonly SideTimes[]> {
  const benchmark = caseOf(sizes);
  const sides = sidesOf(benchmark, programs, { threads, python });
  return (await measure(benchmark, sides, programs, { rounds, threads, onRound: () => {} })).sides;
}

function growthLines(axis: string, growth: Readonly<Record<string, readonly Point[]>>): string[] {
  return Object.entries(growth).flatMap(([name, points]) => [
    `  ${name}`,
    ...points.map(({ size, ms, peakMiB }) => `    ${size}: ${ms.toFixed(1)} ms, ${peakMiB} MiB`),
    ...(straight.has(axis) ? [`    ${lineText(points)}`] : []),
  ]);
}

function lineText(points: readonly Point[]): string {
  const distance = (of: (point: Point) => number): string =>
    `${Math.round(100 * distanceFromLine(points.map((point) => [point.size, of(point)])))}%`;
  return `off a straight line by at most ${distance(({ ms }) => ms)} in time, ${distance(({ peakMiB }) => peakMiB)} in memory`;
}

const resultsFile = fileURLToPath(new URL("growth.json", import.meta.url));
const pictureFile = fileURLToPath(new URL("../docs/performance-growth.svg", import.meta.url));

function kept(): Growth {
  return JSON.parse(readFileSync(resultsFile, "utf8"));
}

/** One axis at a time can be measured: the others stay as they were. */
function keep(axis: Axis, growth: Growth[string]): void {
  writeFileSync(resultsFile, `${JSON.stringify({ ...kept(), [axis]: growth }, null, 2)}\n`);
}

function writeGrowth({ rounds, threads }: SweepOptions): void {
  const growth = kept();
  writeFileSync(pictureFile, growthChart(growth));
  const ours = Object.entries(growth).map(([axis, sides]) => {
    const points = sides.Cloze ?? [];
    return `| ${axis} | ${points.map(({ size, ms }) => `${size}: ${ms.toFixed(1)}`).join(", ")} | ${points.map(({ peakMiB }) => peakMiB).join(", ")} | ${straight.has(axis) ? lineText(points) : ""} |`;
  });
  writeSection(
    "growth",
    [
      "![Time and peak memory of a training step over width, depth, length, batch and vocabulary](performance-growth.svg)",
      "",
      "| what grows | ms a step of Cloze | peak MiB | |",
      "|---|---|---|---|",
      ...ours,
      "",
      `\`npm run benchmark -- --sweep --rounds ${rounds} --threads ${threads}\``,
    ].join("\n"),
  );
}
