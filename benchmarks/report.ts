/** Measurements as lines for the terminal and as sections of docs/performance.md. */
import type { CaseTimes, SideTimes } from "./measure.ts";
import { bytesOf, operationsOf } from "./operations.ts";
import { median, ratios } from "./statistics.ts";

/** 12.3; three digits that count. */
function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 1 : 2);
}

function range(values: readonly number[]): string {
  return `${figure(Math.min(...values))}–${figure(Math.max(...values))}`;
}

function withRange(values: readonly number[]): string {
  return `${figure(median(values))} (${range(values)})`;
}

const units = { training: "step", forward: "call", decoding: "token" } as const;

const head = (unit: string): readonly string[] => [
  "",
  `ms a ${unit}`,
  "ratio to Cloze",
  `CPU ms a ${unit}`,
  "ratio",
  "tokens/s",
  `first ${unit} after`,
  "peak memory",
];

/** A line for each side, below a head. Ratios are medians of the rounds' own. */
export function caseRows({ benchmark, sides }: CaseTimes): string[][] {
  const [ours] = sides as [SideTimes];
  const tokens = benchmark.batchSize * (benchmark.kind === "decoding" ? 1 : benchmark.sequenceLength);
  const rows = sides.map((side) => {
    const isOurs = side === ours;
    return [
      side.name,
      withRange(side.ms),
      isOurs ? "" : `${withRange(ratios(side.ms, ours.ms))}`,
      figure(median(side.cpuMs)),
      isOurs ? "" : figure(median(ratios(side.cpuMs, ours.cpuMs))),
      Math.round((tokens / median(side.ms)) * 1000).toLocaleString("en"),
      `${(median(side.firstMs) / 1000).toFixed(1)} s`,
      `${median(side.peakMiB).toLocaleString("en")} MiB`,
    ];
  });
  return [[...head(units[benchmark.kind])], ...rows];
}

/** What share of the machine our side used. */
export function shareText({ benchmark, sides, peaks }: CaseTimes): string {
  const [ours] = sides as [SideTimes];
  const speed = ours.ms.map((ms) => operationsOf(benchmark) / ms / 1e6);
  const traffic = ours.ms.map((ms) => bytesOf(benchmark) / ms / 1e6);
  const shares = (values: readonly number[], of: (peak: (typeof peaks)[number]) => number | undefined): string => {
    const known = peaks.map((peak) => of(peak) ?? Number.NaN);
    const share = Math.round(100 * median(ratios(values, known)));
    return `${share}% of ${figure(median(known))}`;
  };
  const fma = peaks.every((peak) => peak.fma !== undefined)
    ? `${shares(speed, (peak) => peak.fma)} that multiply-add reaches in registers, and `
    : "";
  return (
    `Matrix products at ${figure(median(speed))} GFLOP/s over the whole time: ${fma}` +
    `${shares(speed, (peak) => peak.gemm)} of a large product with a constant factor. ` +
    `At least ${figure(median(traffic))} GB/s from and to memory: ${shares(traffic, (peak) => peak.read)} that reading reaches.`
  );
}

export function terminalText(times: CaseTimes): string {
  const rows = caseRows(times);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  return [
    `${times.benchmark.name}: ${times.benchmark.about}`,
    ...lines.map((line) => `  ${line}`),
    `  ${shareText(times)}`,
    "",
  ].join("\n");
}

/** A section for docs/performance.md. */
export function markdownText(times: CaseTimes, command: string): string {
  const [first = [], ...rows] = caseRows(times);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    `### ${times.benchmark.about}`,
    "",
    line(first),
    line(first.map((_, column) => (column === 0 ? "---" : "--:"))),
    ...rows.map(line),
    "",
    wrapped(shareText(times)),
    "",
    `\`${command}\``,
  ].join("\n");
}

/** Lines of at most 120 characters. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= 120) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}
