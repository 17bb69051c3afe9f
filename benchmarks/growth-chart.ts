/** Draws how time and memory grow: a column for each size, time above memory, both axes linear and from 0. */

export interface Point {
  readonly size: number;
  readonly ms: number;
  readonly peakMiB: number;
}

/** By what grows, then by side. */
export type Growth = Readonly<Record<string, Readonly<Record<string, readonly Point[]>>>>;

const panel = { width: 190, height: 120 };
const gap = { left: 52, top: 34, between: 34 };
const colours = ["#c2410c", "#2563eb", "#15803d"];

interface Place {
  readonly left: number;
  readonly top: number;
}

/** A round number of about a fourth of the range. */
function tickStep(most: number): number {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

function ticks(most: number): number[] {
  const step = tickStep(most);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

const short = (value: number): string => (value >= 1000 ? `${value / 1000}k` : String(Number(value.toPrecision(3))));

export function growthChart(growth: Growth): string {
  const columns = Object.entries(growth);
  const sides = [...new Set(columns.flatMap(([, points]) => Object.keys(points)))];
  const width = gap.left + columns.length * (panel.width + gap.left);
  const height = gap.top + 2 * (panel.height + gap.top + gap.between);
  const body = columns.flatMap(([axis, points], column) =>
    (["ms", "peakMiB"] as const).map((measure, row) => {
      const place = {
        left: gap.left + column * (panel.width + gap.left),
        top: gap.top + 20 + row * (panel.height + gap.top + gap.between),
      };
      const title = measure === "ms" ? `ms a step over ${axis}` : `peak MiB over ${axis}`;
      return panelOf(
        title,
        sides.map((side) => points[side] ?? []),
        measure,
        place,
      );
    }),
  );
  const legend = sides.map(
    (side, index) =>
      `<circle cx="${gap.left + 6 + index * 170}" cy="16" r="4" fill="${colours[index]}"/>` +
      `<text x="${gap.left + 16 + index * 170}" y="20">${side}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" fill="#1f2937">`,
    "<title>Time and peak memory of a training step over width, depth, length, batch and vocabulary</title>",
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...legend,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

function panelOf(
  title: string,
  lines: readonly (readonly Point[])[],
  measure: "ms" | "peakMiB",
  { left, top }: Place,
): string {
  const all = lines.flat();
  const mostX = Math.max(...all.map(({ size }) => size));
  const mostY = 1.05 * Math.max(...all.map((point) => point[measure]));
  const x = (size: number): string => (left + (panel.width * size) / mostX).toFixed(1);
  const y = (value: number): string => (top + panel.height * (1 - value / mostY)).toFixed(1);
  const bottom = top + panel.height;
  const grid = ticks(mostY).map(
    (value) =>
      `<line x1="${left}" x2="${left + panel.width}" y1="${y(value)}" y2="${y(value)}" stroke="#e5e7eb"/>` +
      `<text x="${left - 5}" y="${y(value)}" dy="4" text-anchor="end">${short(value)}</text>`,
  );
  const marks = ticks(mostX).map(
    (size) => `<text x="${x(size)}" y="${bottom + 15}" text-anchor="middle">${short(size)}</text>`,
  );
  const curves = lines.map((points, index) => {
    const places = points.map((point) => `${x(point.size)},${y(point[measure])}`);
    const dots = places.map(
      (place) => `<circle cx="${place.replace(",", '" cy="')}" r="2.5" fill="${colours[index]}"/>`,
    );
    return `<polyline points="${places.join(" ")}" fill="none" stroke="${colours[index]}" stroke-width="1.5"/>${dots.join("")}`;
  });
  return [
    `<g>`,
    `<text x="${left}" y="${top - 8}" font-weight="bold">${title}</text>`,
    ...grid,
    ...marks,
    ...curves,
    "</g>",
  ].join("\n");
}
