/** Corpora in JSON Lines: an object with `text` a line; each record is a document. */
import { DataError } from "../errors.ts";
import { parseSoundJson } from "../platform/json-shape.ts";
import { type Document, documentsOfText, isBlank } from "./documents.ts";
import { readNumberedLines, type WarningHandler } from "./text-lines.ts";

/** The objects of a JSON Lines file with their line numbers, from 1; blank lines are passed over. */
async function* readJsonLines(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
  onWarning?: WarningHandler,
): AsyncGenerator<{ record: Record<string, unknown>; lineNumber: number }> {
  for await (const { line, lineNumber } of readNumberedLines(chunks, file, onWarning)) {
    if (!isBlank(line)) yield { record: parseRecord(line, file, lineNumber), lineNumber };
  }
}

/** The documents of a JSON Lines corpus. */
export async function* documentsOfJsonLines(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
  onWarning?: WarningHandler,
): AsyncGenerator<Document> {
  for await (const { record, lineNumber } of readJsonLines(chunks, file, onWarning)) {
    const text = record.text;
    if (typeof text !== "string") {
      throw new DataError(`Line ${lineNumber} of ${file} has no text.`, {
        file,
        field: `line ${lineNumber}, text`,
        expected: "a string",
        received: text === undefined ? `the fields ${Object.keys(record).join(", ") || "(none)"}` : typeof text,
        hint: 'Write every record as {"text": "…"}.',
      });
    }
    yield* documentsOfText(text);
  }
}

function parseRecord(line: string, file: string, lineNumber: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseSoundJson(line);
  } catch (cause) {
    throw recordError(file, lineNumber, line.length > 60 ? `${line.slice(0, 60)}…` : line, cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw recordError(file, lineNumber, Array.isArray(value) ? "an array" : String(value));
}

function recordError(file: string, lineNumber: number, received: string, cause?: unknown): DataError {
  return new DataError(`Line ${lineNumber} of ${file} is not a JSON object.`, {
    file,
    field: `line ${lineNumber}`,
    expected: 'an object, for example {"text": "…"}',
    received,
    hint: "Write one JSON object a line; plain text belongs in a file that ends with .txt.",
    cause,
  });
}
