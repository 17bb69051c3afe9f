/**
 * Word edit distance to one reference, as TER needs it: near the diagonal only, with the edits, and quick for many
 * hypotheses that begin alike.
 */

/** What happens to a word: one of the hypothesis that stays, is exchanged or goes, or one of the reference that comes. */
export type Edit = "same" | "substitution" | "insertion" | "deletion";

/** How far from the diagonal is looked; Tercom's. */
const BEAM_WIDTH = 25;

interface Cell {
  readonly cost: number;
  readonly edit: Edit | undefined;
}

const unreached: Cell = { cost: Number.POSITIVE_INFINITY, edit: undefined };

export class ReferenceDistance {
  readonly #wanted: readonly string[];
  /** The words that were asked for last, and their rows: row i holds the costs of the first i words. */
  #words: readonly string[] = [];
  #rows: Cell[][];

  constructor(wanted: readonly string[]) {
    this.#wanted = wanted;
    this.#rows = [Array.from({ length: wanted.length + 1 }, (_, cost) => ({ cost, edit: "insertion" }) as const)];
  }

  /** The fewest edits that turn the words into the reference, and which they are, from the first word to the last. */
  of(words: readonly string[]): { readonly cost: number; readonly edits: readonly Edit[] } {
    // Rows depend on the number of words through the slope of the diagonal; the last row also on being the last.
    let kept = 0;
    if (words.length === this.#words.length) {
      while (kept < words.length - 1 && words[kept] === this.#words[kept]) kept++;
    }
    this.#rows = this.#rows.slice(0, kept + 1);
    for (let row = kept + 1; row <= words.length; row++) this.#rows.push(this.#nextRow(words, row));
    this.#words = words;
    return { cost: this.#rows.at(-1)?.at(-1)?.cost ?? 0, edits: this.#edits(words.length) };
  }

  #nextRow(words: readonly string[], row: number): Cell[] {
    const wanted = this.#wanted;
    const above = this.#rows[row - 1] as Cell[];
    const slope = wanted.length / words.length;
    const width = BEAM_WIDTH < slope / 2 ? Math.ceil(slope / 2 + BEAM_WIDTH) : BEAM_WIDTH;
    const diagonal = Math.floor(row * slope);
    const end = row === words.length ? wanted.length + 1 : Math.min(wanted.length + 1, diagonal + width);
    const cells = new Array<Cell>(wanted.length + 1).fill(unreached);
    for (let column = Math.max(0, diagonal - width); column < end; column++) {
      const deletion = (above[column] as Cell).cost + 1;
      if (column === 0) {
        cells[0] = { cost: deletion, edit: "deletion" };
        continue;
      }
      const same = words[row - 1] === wanted[column - 1];
      const exchange = (above[column - 1] as Cell).cost + (same ? 0 : 1);
      const insertion = (cells[column - 1] as Cell).cost + 1;
      let cell: Cell =
        exchange < Number.POSITIVE_INFINITY ? { cost: exchange, edit: same ? "same" : "substitution" } : unreached;
      if (deletion < cell.cost) cell = { cost: deletion, edit: "deletion" };
      if (insertion < cell.cost) cell = { cost: insertion, edit: "insertion" };
      cells[column] = cell;
    }
    return cells;
  }

  #edits(length: number): Edit[] {
    const edits: Edit[] = [];
    let [row, column] = [length, this.#wanted.length];
    while (row > 0 || column > 0) {
      const edit = this.#rows[row]?.[column]?.edit;
      if (edit === undefined) throw new Error("the edits lead out of the beam");
      edits.push(edit);
      if (edit !== "insertion") row--;
      if (edit !== "deletion") column--;
    }
    return edits.reverse();
  }
}
