/** Sentences from files with a token a line and a blank line between sentences: CoNLL's columns, and CoNLL-U. */
import { ConfigurationError } from "../../errors.ts";
import { fileChunks } from "../file-chunks.ts";
import { readNumberedLines } from "../text-lines.ts";
import {
  type BrokenRecord,
  type ExampleRecord,
  type ExampleRecords,
  type RecordRequest,
  shown,
} from "./example-record.ts";

interface Sentence {
  /** The line of its first token. */
  readonly line: number;
  readonly rows: readonly { readonly lineNumber: number; readonly cells: readonly string[] }[];
}

/** The sentences of a file; `comment` says which lines between two sentences' tokens do not count. */
async function* sentences(
  { file, onWarning }: RecordRequest,
  cellsOf: (line: string) => string[],
  isComment: (line: string, first: boolean) => boolean,
): AsyncGenerator<Sentence> {
  let rows: { lineNumber: number; cells: string[] }[] = [];
  const finished = (): Sentence => ({ line: rows[0]?.lineNumber ?? 0, rows });
  for await (const { line, lineNumber } of readNumberedLines(fileChunks(file), file, onWarning)) {
    if (line.trim() === "") {
      if (rows.length > 0) yield finished();
      rows = [];
    } else if (!isComment(line, rows.length === 0)) rows.push({ lineNumber, cells: cellsOf(line) });
  }
  if (rows.length > 0) yield finished();
}

/** Of columns between tabs where there is one, else between spaces. */
function columnCells(line: string): string[] {
  return line.includes("\t") ? line.split("\t") : line.trim().split(/ +/);
}

/** The file's own remarks: `-DOCSTART-`, and `# id …` or `# name = …` before a sentence. */
function isColumnComment(line: string, first: boolean): boolean {
  return line.startsWith("-DOCSTART-") || (first && /^# (id\b|\S+ ?=)/.test(line));
}

/**
 * Sentences in columns, as in CoNLL-2000, -2002 and -2003 (Tjong Kim Sang and De Meulder 2003): the token in the first
 * column, the label in the last, unless the request names others by their numbers from 0.
 */
export async function* columnRecords(request: RecordRequest): ExampleRecords {
  const columnOf = (field: string, otherwise: number): number => {
    const asked = request.columns[field] ?? otherwise;
    const column = Number(asked);
    if (Number.isSafeInteger(column) && column >= -1) return column;
    throw new ConfigurationError("Columns without names are named by their numbers.", {
      file: request.file,
      field,
      expected: "a number from 0; -1 for the last",
      received: String(asked),
    });
  };
  const wanted = { tokens: columnOf("tokens", 0), labels: columnOf("labels", -1) };
  for await (const sentence of sentences(request, columnCells, isColumnComment)) {
    const width = sentence.rows[0]?.cells.length ?? 0;
    const least = Math.max(2, wanted.tokens + 1, wanted.labels + 1);
    const strange = sentence.rows.find(({ cells }) => cells.length !== width || cells.length < least);
    if (strange !== undefined) {
      const expected =
        width < least ? `at least ${least} columns` : `${width} columns, as in the sentence's first line`;
      yield brokenAt(strange, expected);
      continue;
    }
    const column = (at: number): string[] => sentence.rows.map(({ cells }) => cells.at(at) ?? "");
    yield recordOf(sentence, { tokens: column(wanted.tokens), labels: column(wanted.labels) });
  }
}

function brokenAt({ lineNumber, cells }: Sentence["rows"][number], expected: string): BrokenRecord {
  return { line: lineNumber, place: `line ${lineNumber}`, expected, received: shown(cells.join(" ")) };
}

function recordOf({ line }: Sentence, values: ExampleRecord["values"]): ExampleRecord {
  return { line, place: `line ${line}`, values };
}

/** The ten columns of CoNLL-U, https://universaldependencies.org/format.html. */
const treebankColumns = ["id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc"];

/** What the fields take when the request names no column. */
const treebankFields: Readonly<Record<string, string>> = {
  tokens: "form",
  labels: "upos",
  heads: "head",
  relations: "deprel",
  partsOfSpeech: "upos",
};

/**
 * Sentences of a treebank. Words only: the lines of contractions (1-2) and of words that are understood (1.1) are passed
 * over. Columns are named as the format names them, in any case: `{ labels: "xpos" }`.
 */
export async function* treebankRecords(request: RecordRequest): ExampleRecords {
  const sources = new Map(
    request.fields.flatMap((field): [string, number][] => {
      const asked = request.columns[field] ?? treebankFields[field];
      return asked === undefined ? [] : [[field, treebankColumn(asked, field, request)]];
    }),
  );
  const isComment = (line: string): boolean => line.startsWith("#");
  for await (const { line, rows } of sentences(request, (text) => text.split("\t"), isComment)) {
    const strange = rows.find(({ cells }) => cells.length !== treebankColumns.length);
    if (strange !== undefined) {
      yield brokenAt(strange, `${treebankColumns.length} columns between tabs`);
      continue;
    }
    const words = rows.filter(({ cells }) => !/^\d+[-.]/.test(cells[0] ?? ""));
    const values: Record<string, unknown> = {};
    for (const [field, column] of sources) {
      const cells = words.map((word) => word.cells[column] ?? "");
      values[field] = field === "heads" ? cells.map(headNumber) : cells;
    }
    yield recordOf({ line, rows }, values);
  }
}

/** What is no number stays as it is, for the schema to say so. */
function headNumber(cell: string): number | string {
  return /^\d+$/.test(cell) ? Number(cell) : cell;
}

function treebankColumn(column: string | number, field: string, { file }: RecordRequest): number {
  const named = treebankColumns.indexOf(String(column).toLowerCase());
  const at = named >= 0 ? named : Number(column);
  if (Number.isSafeInteger(at) && at >= 0 && at < treebankColumns.length) return at;
  throw new ConfigurationError(`CoNLL-U has no column ${column}.`, {
    file,
    field,
    expected: treebankColumns.join(", "),
    received: String(column),
  });
}
