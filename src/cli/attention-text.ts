/** Attention in a terminal of 80 columns. */
import { columnsOf } from "../demo/report.ts";
import { type HeadPlace, type HeadShares, headWeights, shareNames, type TextAttention } from "./attention-weights.ts";
import { type Colors, harmless } from "./output.ts";

const screenColumns = 80;
const widestLabel = 14;
const headsInARow = 12;
const columnsOfCell = 2;
/** Targets that are listed where a text is too long for a matrix. */
const listedTargets = 3;

const signs: Readonly<Record<(typeof shareNames)[number], string>> = {
  anchors: "◆",
  itself: "●",
  before: "←",
  after: "→",
  elsewhere: "∙",
};

const percent = (share: number): string => String(Math.round(100 * share));

function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - columnsOf(text))) + text;
}

/** A token's text within so many columns. */
function labelText(label: string, columns = widestLabel): string {
  const safe = harmless(label);
  if (columnsOf(safe) <= columns) return safe;
  let cut = "";
  for (const character of safe) if (columnsOf(cut + character) < columns) cut += character;
  return `${cut}…`;
}

/** What most of each head's weight goes to. */
export function headsText(attention: TextAttention, shares: readonly HeadShares[], colors: Colors): string {
  const { heads, layers, hasSpecialTokens } = attention;
  const anchors = hasSpecialTokens ? "special tokens" : "the first token";
  const lines = [
    colors.bold("Where each head looks most, and with how much of its weight in percent"),
    `  ${signs.anchors} ${anchors}  ${signs.itself} itself  ${signs.before} the token before  ${signs.after} the one after  ${signs.elsewhere} elsewhere`,
  ];
  for (let first = 0; first < heads; first += headsInARow) {
    const numbers = Array.from({ length: Math.min(headsInARow, heads - first) }, (_, index) => first + index);
    lines.push(
      "",
      colors.dim(
        `  layer  head ${numbers
          .map((head) => padStart(String(head + 1), 4))
          .join(" ")
          .slice(1)}`,
      ),
    );
    for (const layer of layers.keys()) {
      const cells = numbers.map((head) => shareCell(shares[layer * heads + head] as HeadShares, colors));
      lines.push(`  ${padStart(String(layer + 1), 5)}      ${cells.join(" ")}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function shareCell(shares: HeadShares, colors: Colors): string {
  const [name, share] = shareNames
    .map((candidate) => [candidate, shares[candidate]] as const)
    .reduce((best, other) => (other[1] > best[1] ? other : best));
  const cell = `${signs[name]}${padStart(percent(share), 3)}`;
  if (name === "anchors") return colors.dim(cell);
  return name === "elsewhere" ? colors.yellow(cell) : colors.cyan(cell);
}

/** One head: each row's token looks at each column's. */
export function headText(attention: TextAttention, place: HeadPlace, colors: Colors): string {
  const widest = Math.max(...attention.tokens.map(({ label }) => columnsOf(labelText(label))));
  const fits = 2 + 3 + 1 + widest + 1 + columnsOfCell * attention.tokens.length <= screenColumns;
  return fits ? matrixText(attention, place, widest, colors) : listText(attention, place, widest, colors);
}

/** Two columns a weight, so that they are about as wide as high. */
function shade(weight: number): string {
  if (weight >= 0.75) return "██";
  if (weight >= 0.5) return "▓▓";
  if (weight >= 0.25) return "▒▒";
  if (weight >= 0.08) return "░░";
  return weight >= 0.02 ? " ·" : "  ";
}

function matrixText(attention: TextAttention, place: HeadPlace, widest: number, colors: Colors): string {
  const { tokens } = attention;
  const weights = headWeights(attention, place);
  const lines = numberLines(tokens.length).map((line) => colors.dim(`${" ".repeat(2 + 3 + 1 + widest + 1)}${line}`));
  for (const [from, token] of tokens.entries()) {
    const cells = tokens.map((_, to) => shade(weights[from * tokens.length + to] as number)).join("");
    lines.push(`${rowHead(from, token, widest, colors)} ${colors.cyan(cells).trimEnd()}`);
  }
  if (attention.isCausal)
    lines.push("", colors.dim("  The model reads from left to right: what comes later is out of sight."));
  lines.push("", colors.dim("  · from 2%   ░ from 8%   ▒ from 25%   ▓ from 50%   █ from 75%"));
  return `${lines.join("\n")}\n`;
}

/** The columns' numbers, a digit above the other. */
function numberLines(count: number): string[] {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const digits = (of: (number: number) => number | string): string =>
    numbers.map((number) => padStart(String(of(number)), columnsOfCell)).join("");
  const tens = digits((number) => (number < 10 ? "" : Math.floor(number / 10)));
  return [...(count < 10 ? [] : [tens]), digits((number) => number % 10)];
}

function rowHead(
  from: number,
  { label, isAnchor }: TextAttention["tokens"][number],
  widest: number,
  colors: Colors,
): string {
  const text = padded(labelText(label), widest);
  return `  ${colors.dim(padStart(String(from + 1), 3))} ${isAnchor ? colors.dim(text) : text}`;
}

/** Where the text is too long for a matrix: what each token looks at most. */
function listText(attention: TextAttention, place: HeadPlace, widest: number, colors: Colors): string {
  const { tokens } = attention;
  const weights = headWeights(attention, place);
  const room = Math.floor((screenColumns - 2 - 3 - 1 - widest - 3) / listedTargets);
  const lines = tokens.map((token, from) => {
    const row = [...weights.subarray(from * tokens.length, (from + 1) * tokens.length)].map((weight, to) => ({
      weight,
      to,
    }));
    const most = row.sort((left, right) => right.weight - left.weight).slice(0, listedTargets);
    const targets = most
      .filter(({ weight }) => weight >= 0.005)
      .map(({ weight, to }) => {
        const name = labelText((tokens[to] as (typeof tokens)[number]).label, room - 9);
        return padded(`${padStart(percent(weight), 3)}% ${to + 1} ${name}`, room);
      });
    return `${rowHead(from, token, widest, colors)}  ${targets.join("").trimEnd()}`;
  });
  return `${lines.join("\n")}\n`;
}
