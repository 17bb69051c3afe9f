/** Numbers for people: sizes, counts, durations. */

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567". */
export function countText(value: number): string {
  return grouped.format(value);
}

/** At least two digits that count: 0.42, 4.2, 42, 4,200. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (size >= 10 || size === 0) return grouped.format(value);
  return value.toFixed(size >= 1 ? 1 : 2);
}

const byteUnits = ["bytes", "kB", "MB", "GB", "TB"];

/** 4600000 → "4.6 MB": powers of 1000. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : numberText(value)} ${byteUnits[unit]}`;
}

/** 31 → "31 ms", 4600 → "4.6 s", 200000 → "3 min 20 s". */
export function durationText(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An amount in its unit; bytes are scaled. */
export function amountText(value: number, unit: string): string {
  return unit === "bytes" ? bytesText(value) : `${countText(value)} ${unit}`;
}

/** Columns of text, the first ones left-aligned, each as wide as its widest cell. */
export function columnsText(rows: readonly (readonly string[])[], indent = ""): string {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(width(column)))).join("  "),
  );
  return lines.map((line) => `${indent}${line.trimEnd()}\n`).join("");
}
