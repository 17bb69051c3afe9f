/**
 * Draws lines of a terminal as an SVG picture: `npm run demo | tee demo.txt; tsx scripts/terminal-picture.ts demo.txt
 * docs/demo.svg [FROM [TO]]`. The picture begins at the first line that contains FROM and ends before the first one after it
 * that contains TO.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { columnsOf } from "../src/demo/report.ts";

const [source, target, from = "", to] = process.argv.slice(2);
if (source === undefined || target === undefined) throw new Error("usage: terminal-picture.ts TEXT SVG [FROM [TO]]");

const characterWidth = 7.8;
const lineHeight = 17;
const margin = 16;
const colours = { background: "#1b1f24", text: "#d7dde4", good: "#7ee787", faint: "#8b949e" };

const all = readFileSync(source, "utf8").trimEnd().split("\n");
const first = Math.max(
  0,
  all.findIndex((line) => line.includes(from)),
);
const end = to === undefined ? -1 : all.findIndex((line, index) => index > first && line.includes(to));
const lines = all
  .slice(first, end === -1 ? undefined : end)
  .join("\n")
  .trimEnd()
  .split("\n");
const columns = Math.max(...lines.map(columnsOf));
const width = Math.ceil(columns * characterWidth + 2 * margin);
const height = lines.length * lineHeight + 2 * margin;
const escaped = (text: string): string => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

/** What matters is bright, what is told beside it is not. */
function colourOf(line: string): string {
  if (/this model|▲ passes|✓/.test(line)) return colours.good;
  return /^ {2,}(step|always|what most|counted)/.test(line) ? colours.faint : colours.text;
}

/** Fonts differ in how wide Chinese characters and blocks are: each stretch is put where it belongs. */
function stretches(line: string): string {
  let column = 0;
  const parts = line.split(/([\u2e80-\uffe6]+|[█▓▒░]+)/u).filter((part) => part !== "");
  return parts
    .map((part) => {
      const x = (margin + column * characterWidth).toFixed(1);
      column += columnsOf(part);
      const length = (columnsOf(part) * characterWidth).toFixed(1);
      return `<tspan x="${x}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escaped(part)}</tspan>`;
    })
    .join("");
}

const body = lines.map((line, index) => {
  const y = (margin + (index + 0.8) * lineHeight).toFixed(1);
  return `<text y="${y}" fill="${colourOf(line)}" xml:space="preserve">${stretches(line)}</text>`;
});
writeFileSync(
  target,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13">
<title>Lines of a terminal</title>
<rect width="100%" height="100%" rx="8" fill="${colours.background}"/>
${body.join("\n")}
</svg>
`,
);
