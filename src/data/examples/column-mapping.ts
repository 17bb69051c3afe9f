/** Which column of a table is which field of a task. */
import { DataError } from "../../errors.ts";
import { nearestName } from "../../platform/option-names.ts";
import { type RecordRequest, shown, snakeCase } from "./example-record.ts";

/** Which column holds which field, where columns have names; `hint` says what else may be wrong if one is missing. */
export function namedColumns(names: readonly string[], request: RecordRequest, hint = ""): Map<string, number> {
  const sources = new Map<string, number>();
  for (const field of request.fields) {
    const asked = request.columns[field];
    const at = asked === undefined ? columnOf(names, field, snakeCase(field)) : askedColumn(names, asked);
    if (at >= 0) sources.set(field, at);
    else if (asked !== undefined || request.required.includes(field)) {
      throw missingColumn(field, { column: String(asked ?? field), names, file: request.file, hint });
    }
  }
  return sources;
}

function columnOf(names: readonly string[], ...candidates: readonly string[]): number {
  return names.findIndex((name) => candidates.includes(name));
}

function askedColumn(names: readonly string[], column: string | number): number {
  const named = names.indexOf(String(column));
  return named >= 0 ? named : columnNumber(column, names.length);
}

/** −1 for what is no number of a column. */
function columnNumber(column: string | number, width: number): number {
  const number = typeof column === "number" ? column : /^\d+$/.test(column) ? Number(column) : -1;
  return Number.isSafeInteger(number) && number >= 0 && number < width ? number : -1;
}

interface MissingColumn {
  readonly column: string;
  readonly names: readonly string[];
  readonly file: string;
  readonly hint: string;
}

function missingColumn(field: string, { column, names, file, hint }: MissingColumn): DataError {
  const meant = nearestName(column, names) ?? "NAME";
  return new DataError(`${file} has no column ${column}.`, {
    file,
    field,
    expected: `a column for ${field}`,
    received: `the columns ${names.map((name) => shown(name)).join(", ")}`,
    hint: `Say which column it is: --column ${field}=${meant} (columns: { ${field}: "${meant}" }).${hint}`,
  });
}

/** Which column holds which field, by the numbers of the request. */
export function numberedColumns(
  width: number,
  { fields, required, columns, file }: RecordRequest,
): Map<string, number> {
  const sources = new Map<string, number>();
  for (const field of fields) {
    const asked = columns[field];
    if (asked === undefined && !required.includes(field)) continue;
    const at = asked === undefined ? -1 : columnNumber(asked, width);
    if (at < 0) {
      throw new DataError(`Nothing says which column of ${file} is ${field}.`, {
        file,
        field,
        expected: `the number of one of its ${width} columns, from 0`,
        received: asked === undefined ? "nothing" : String(asked),
        hint: `Give it as --column ${field}=0 (columns: { ${field}: 0 }).`,
      });
    }
    sources.set(field, at);
  }
  return sources;
}
