/** Rows from JSON Lines, and from a JSON document that is a list of objects or holds one under `data`. */
import { DataError } from "../../errors.ts";
import { parseSoundJson } from "../../platform/json-shape.ts";
import { isBlank } from "../documents.ts";
import { fileChunks } from "../file-chunks.ts";
import { readNumberedLines } from "../text-lines.ts";
import { type ExampleRecord, type ExampleRecords, type RecordRequest, shown, snakeCase } from "./example-record.ts";
import { isSquadDocument, squadRecords } from "./squad-records.ts";

type Json = Readonly<Record<string, unknown>>;

/** An object a line. */
export async function* jsonLinesRecords(request: RecordRequest): ExampleRecords {
  const { file, onWarning } = request;
  for await (const { line, lineNumber } of readNumberedLines(fileChunks(file), file, onWarning)) {
    if (isBlank(line)) continue;
    const at = { line: lineNumber, place: `line ${lineNumber}` };
    const object = parsedObject(line);
    if (object === undefined) yield { ...at, expected: "a JSON object", received: shown(line) };
    else yield { ...at, values: pickFields(object, request), names: Object.keys(object) };
  }
}

/** A file that ends with .json: objects a line, a list of objects, an object with a list under `data`, or SQuAD's. */
export async function* jsonRecords(request: RecordRequest): ExampleRecords {
  if (await holdsJsonLines(request)) {
    yield* jsonLinesRecords(request);
    return;
  }
  const { file } = request;
  const document = await parsedDocument(request);
  if (isSquadDocument(document)) {
    yield* squadRecords(document, request);
    return;
  }
  const rows = Array.isArray(document) ? document : (document as Json | null)?.data;
  if (!Array.isArray(rows)) {
    throw new DataError(`${file} holds no rows.`, {
      file,
      expected: "a JSON object a line, a list of objects, or an object with such a list under data",
      received: shown(document),
      hint: "Write one JSON object a line and name the file .jsonl.",
    });
  }
  for (const [index, row] of rows.entries()) {
    const at = { line: index + 1, place: `row ${index + 1}` };
    if (isObject(row)) yield { ...at, values: pickFields(row, request), names: Object.keys(row) };
    else yield { ...at, expected: "a JSON object", received: shown(row) };
  }
}

/** Whether the first line is an object of its own and no document. */
async function holdsJsonLines({ file, onWarning }: RecordRequest): Promise<boolean> {
  for await (const { line } of readNumberedLines(fileChunks(file), file, onWarning)) {
    if (isBlank(line)) continue;
    const object = parsedObject(line);
    return object !== undefined && !Array.isArray(object.data);
  }
  return false;
}

async function parsedDocument({ file, onWarning }: RecordRequest): Promise<unknown> {
  const lines: string[] = [];
  for await (const { line } of readNumberedLines(fileChunks(file), file, onWarning)) lines.push(line);
  try {
    return parseSoundJson(lines.join("\n"));
  } catch (cause) {
    throw new DataError(`${file} is not JSON.`, {
      file,
      expected: "a JSON document, or a JSON object a line",
      received: cause instanceof Error ? cause.message : String(cause),
      hint: "Check the file; JSON Lines want a whole object in every line.",
      cause,
    });
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsedObject(line: string): Json | undefined {
  try {
    const value = parseSoundJson(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The task's fields of an object: by the mapped name, where a dot leads into an object, or by their own. */
function pickFields(object: Json, { fields, columns }: RecordRequest): ExampleRecord["values"] {
  const values: Record<string, unknown> = {};
  for (const field of fields) {
    const column = columns[field];
    values[field] =
      column === undefined ? (object[field] ?? object[snakeCase(field)]) : valueAt(object, String(column));
  }
  return values;
}

function valueAt(object: Json, path: string): unknown {
  if (Object.hasOwn(object, path)) return object[path];
  let value: unknown = object;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Json)[name];
  }
  return value;
}
