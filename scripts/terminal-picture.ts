/**
 * Draws lines of a terminal as an SVG picture: `npm run demo | tee demo.txt; tsx scripts/terminal-picture.ts demo.txt
 * docs/demo.svg [FROM_LINE_WITH]`. The picture begins at the first line that contains the last argument.
 */
import { readFileSync, writeFileSync } from "node:fs";

const [source, target, from] = process.argv.slice(2);
if (source === undefined || target === undefined) throw new Error("usage: terminal-picture.ts TEXT SVG [FROM]");

const characterWidth = 7.8;
const lineHeight = 17;
const margin = 16;
const colours = { background: "#1b1f24", text: "#d7dde4", good: "#7ee787", faint: "#8b949e" };

const all = readFileSync(source, "utf8").trimEnd().split("\n");
const first =
  from === undefined
    ? 0
    : Math.max(
        0,
        all.findIndex((line) => line.includes(from)),
      );
const lines = all.slice(first);
const columns = Math.max(...lines.map((line) => line.length));
const width = Math.ceil(columns * characterWidth + 2 * margin);
const height = lines.length * lineHeight + 2 * margin;
const escaped = (text: string): string => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

/** What matters is bright, what is told beside it is not. */
function colourOf(line: string): string {
  if (/this model|▲ passes|✓/.test(line)) return colours.good;
  return /^ {2,}(step|always|what most|counted)/.test(line) ? colours.faint : colours.text;
}

const body = lines.map((line, index) => {
  const y = margin + (index + 0.8) * lineHeight;
  return `<text x="${margin}" y="${y.toFixed(1)}" fill="${colourOf(line)}" xml:space="preserve">${escaped(line)}</text>`;
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
