/**
 * Rows from CSV and TSV. CSV is RFC 4180's, with line ends in quoted cells; TSV has no quoting: a quotation mark there is
 * a quotation mark, as in the published task files. The first row names the columns unless the request says otherwise.
 */
import Papa from "papaparse";
import { fileChunks } from "../file-chunks.ts";
import { readNumberedLines } from "../text-lines.ts";
import { namedColumns, numberedColumns } from "./column-mapping.ts";
import {
  type BrokenRecord,
  type ExampleRecords,
  type RecordPlace,
  type RecordRequest,
  shown,
} from "./example-record.ts";

/** 1 Mi characters: a quote that is never closed must not swallow a file. */
const MAX_ROW_CHARACTERS = 1 << 20;

const NO_HEADER = " If the first row is no header: --no-header (header: false), and columns by their numbers from 0.";

interface TableRow extends RecordPlace {
  readonly cells: readonly string[];
}

/** Rows of a table whose cells the request's delimiter separates; a comma when there is none. */
export function commaSeparatedRecords(request: RecordRequest): ExampleRecords {
  return tableRecords({ ...request, delimiter: request.delimiter ?? "," });
}

/** Rows of a table whose cells the request's delimiter separates; a tab when there is none. */
export async function* tableRecords(request: RecordRequest): ExampleRecords {
  let sources: ReadonlyMap<string, number> | undefined;
  let width = 0;
  for await (const row of tableRows(request)) {
    if (!("cells" in row)) {
      yield row;
      continue;
    }
    const { cells, line, place } = row;
    if (sources === undefined) {
      const names = cells.map((name) => name.trim());
      sources = request.header ? namedColumns(names, request, NO_HEADER) : numberedColumns(cells.length, request);
      width = cells.length;
      if (request.header) continue;
    }
    if (cells.length !== width) {
      const received = `${cells.length}: ${shown(cells.join(" | "))}`;
      yield { line, place, expected: `${width} cells, as in the first row`, received };
      continue;
    }
    const values: Record<string, unknown> = {};
    for (const [field, column] of sources) if (cells[column] !== "") values[field] = cells[column];
    yield { line, place, values };
  }
}

/** The cells of each row; rows without a character are passed over. */
async function* tableRows({
  file,
  delimiter = "\t",
  onWarning,
}: RecordRequest): AsyncGenerator<TableRow | BrokenRecord> {
  const quoted = delimiter !== "\t";
  let pending: { readonly from: number; text: string } | undefined;
  const closed = (from: number, text: string): TableRow | BrokenRecord | undefined => {
    const place = { line: from, place: `line ${from}` };
    if (!quoted || !text.includes('"')) return { ...place, cells: text.split(delimiter) };
    const { data, errors } = Papa.parse<string[]>(text, { delimiter, newline: "\n", header: false });
    const [problem] = errors;
    if (problem?.code === "MissingQuotes") return undefined;
    if (problem === undefined) return { ...place, cells: data[0] ?? [] };
    return { ...place, expected: "cells that are quoted whole or not at all", received: shown(text) };
  };
  for await (const { line, lineNumber } of readNumberedLines(fileChunks(file), file, onWarning)) {
    if (pending === undefined) {
      if (line.trim() === "") continue;
      const row = closed(lineNumber, line);
      if (row === undefined) pending = { from: lineNumber, text: line };
      else yield row;
      continue;
    }
    pending.text += `\n${line}`;
    const row = line.includes('"') ? closed(pending.from, pending.text) : undefined;
    if (row === undefined && pending.text.length <= MAX_ROW_CHARACTERS) continue;
    yield row ?? unclosed(pending.from, pending.text);
    pending = undefined;
  }
  if (pending !== undefined) yield unclosed(pending.from, pending.text);
}

function unclosed(from: number, text: string): BrokenRecord {
  const expected = "a quotation mark that closes the one here";
  return { line: from, place: `line ${from}`, expected, received: shown(text) };
}
