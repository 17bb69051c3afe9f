/**
 * Labelled data: the rows of a file, checked against what a task needs, one at a time and in order.
 *
 * The format follows from the file's name: .jsonl, .json, .csv, .tsv, .parquet, .conllu, .conll; text formats also with .gz
 * behind. Other names hold columns (CoNLL) where tokens are labelled, and .txt cells between tabs elsewhere; `format` says
 * it where the name does not.
 */
import type * as z from "zod";
import { platform } from "#platform";
import { ConfigurationError, DataError } from "../../errors.ts";
import { nearestName, refuseUnknownNames } from "../../platform/option-names.ts";
import type { ExampleOf, ExampleTask } from "./example-fields.ts";
import {
  type ColumnMapping,
  type ExampleRecord,
  type ExampleRecords,
  type RecordPlace,
  type RecordRequest,
  shown,
} from "./example-record.ts";
import type { ExampleFields } from "./field-schemas.ts";
import { isSlotFolder, slotRecords } from "./slot-records.ts";

/** Loaded when a file needs them: the libraries that they and the schemas stand on would slow every start. */
const formats = {
  "json-lines": async () => (await import("./json-records.ts")).jsonLinesRecords,
  json: async () => (await import("./json-records.ts")).jsonRecords,
  csv: async () => (await import("./table-records.ts")).commaSeparatedRecords,
  tsv: async () => (await import("./table-records.ts")).tableRecords,
  parquet: async () => (await import("./parquet-records.ts")).parquetRecords,
  conll: async () => (await import("./column-records.ts")).columnRecords,
  conllu: async () => (await import("./column-records.ts")).treebankRecords,
  "slot-files": async () => slotRecords,
} satisfies Record<string, () => Promise<(request: RecordRequest) => ExampleRecords>>;

export type ExampleFormat = keyof typeof formats;
export const exampleFormats = Object.keys(formats) as readonly ExampleFormat[];

export interface ReadExamplesOptions {
  /** By the file's name when left out. */
  readonly format?: ExampleFormat | undefined;
  /** Fields whose column is called otherwise: `{ text: "sentence" }`, or numbers from 0: `{ label: 0 }`. */
  readonly columns?: ColumnMapping | undefined;
  /** Whether the first row of a table names the columns; true when left out. */
  readonly header?: boolean | undefined;
  /** One character between the cells of a table; a comma for CSV, a tab (also written \\t) for TSV: there nothing is quoted. */
  readonly delimiter?: string | undefined;
  /** With "regression", labels of text classification are numbers in place of classes. */
  readonly problemType?: "classification" | "regression" | undefined;
  /** Is told each row that cannot be used, and the reading goes on; without it such a row is thrown as an error. */
  readonly onBadRow?: ((error: DataError) => void) | undefined;
  /** Is told what is odd but does not stop the reading. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}
const optionNames = ["format", "columns", "header", "delimiter", "problemType", "onBadRow", "onWarning"];

/** A row of a task and the line it begins at, from 1; in a file without lines, the number of the row. */
export type ReadExample<Task extends ExampleTask> = ExampleOf<Task> & { readonly line: number };

/**
 * The rows of a file for a task.
 *
 * @throws ConfigurationError for options that are not known or do not fit.
 * @throws DataError if the file is missing, is not what its name says, lacks a column or holds no rows; and for a row that
 *   cannot be used, naming the line and the field, unless `onBadRow` is there to be told.
 */
export async function* readExamples<Task extends ExampleTask>(
  path: string,
  task: Task,
  options: ReadExamplesOptions = {},
): AsyncGenerator<ReadExample<Task>> {
  const file = platform.resolve(path);
  const fields = await fieldsOf(task, options);
  const request = await requestFor(file, fields, options);
  const recordsOf = await formats[options.format ?? (await formatOf(file, task))]();
  let rows = 0;
  let firstBad: DataError | undefined;
  for await (const record of recordsOf(request)) {
    const checked = "values" in record ? checkedRow(record, fields, request) : rowError(record, record, request);
    if (checked instanceof DataError) {
      if (options.onBadRow === undefined) throw checked;
      firstBad ??= checked;
      options.onBadRow(checked);
      continue;
    }
    rows++;
    yield { ...checked, line: record.line } as ReadExample<Task>;
  }
  if (rows === 0) throw noRows(file, firstBad);
}

/** What `loadExamples` gives. */
export interface LoadedExamples<Task extends ExampleTask> {
  readonly examples: ReadExample<Task>[];
  /** How many rows could not be used. */
  readonly skippedRows: number;
}

/** All rows of a file. With `skipBadRows` those that cannot be used are left out and counted. */
export async function loadExamples<Task extends ExampleTask>(
  path: string,
  task: Task,
  { skipBadRows = false, ...options }: ReadExamplesOptions & { readonly skipBadRows?: boolean | undefined } = {},
): Promise<LoadedExamples<Task>> {
  const examples: ReadExample<Task>[] = [];
  let skippedRows = 0;
  const count = (error: DataError): void => {
    skippedRows++;
    options.onBadRow?.(error);
  };
  const reading = skipBadRows ? { ...options, onBadRow: count } : options;
  for await (const example of readExamples(path, task, reading)) examples.push(example);
  return { examples, skippedRows };
}

async function fieldsOf(task: ExampleTask, { problemType }: ReadExamplesOptions): Promise<ExampleFields<unknown>> {
  const { exampleFields, textRegression } = await import("./example-fields.ts");
  if (!Object.hasOwn(exampleFields, task)) {
    throw new ConfigurationError(`${task} is no task that labelled data can be read for.`, {
      field: "task",
      expected: Object.keys(exampleFields).join(", "),
      received: task,
    });
  }
  if (problemType !== "regression") return exampleFields[task];
  if (task === "text-classification") return textRegression;
  throw new ConfigurationError("Regression is a problem of text classification alone.", {
    field: "problemType",
    received: task,
    hint: "Leave problemType out.",
  });
}

async function requestFor(
  file: string,
  { names, required }: ExampleFields<unknown>,
  options: ReadExamplesOptions,
): Promise<RecordRequest> {
  refuseUnknownNames(options, optionNames, "the options of readExamples");
  const { columns = {}, header = true, format, onWarning } = options;
  const delimiter = options.delimiter === "\\t" ? "\t" : options.delimiter;
  refuseUnknownNames(columns, names, "the task's fields");
  if (format !== undefined && !exampleFormats.includes(format)) {
    throw new ConfigurationError(`${format} is no format of labelled data.`, {
      field: "format",
      expected: exampleFormats.join(", "),
      received: format,
    });
  }
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n]/.test(delimiter))) {
    throw new ConfigurationError("The delimiter must be one character.", {
      field: "delimiter",
      expected: "one character that is neither a quotation mark nor a line end",
      received: shown(delimiter),
    });
  }
  if ((await platform.stat(file, "data")) === undefined) {
    throw new DataError(`There is no file ${file}.`, {
      file,
      expected: "a file of labelled data",
      hint: "Check the path.",
    });
  }
  return { file, fields: names, required, columns, header, delimiter, onWarning };
}

const endings: readonly (readonly [ending: RegExp, format: ExampleFormat])[] = [
  [/\.(jsonl|ndjson)$/, "json-lines"],
  [/\.json$/, "json"],
  [/\.csv$/, "csv"],
  [/\.(tsv|tab)$/, "tsv"],
  [/\.parquet$/, "parquet"],
  [/\.conllu$/, "conllu"],
  [/\.(conll|iob|iob2|bio)$/, "conll"],
];

async function formatOf(file: string, task: ExampleTask): Promise<ExampleFormat> {
  if (await isSlotFolder(file)) return "slot-files";
  const name = platform.baseName(file).toLowerCase().replace(/\.gz$/, "");
  const format = endings.find(([ending]) => ending.test(name))?.[1];
  if (format !== undefined) return format;
  if (task === "token-classification") return "conll";
  if (name.endsWith(".txt")) return "tsv";
  throw new DataError(`The name of ${file} does not say what it holds.`, {
    file,
    field: "format",
    expected: ".jsonl, .json, .csv, .tsv, .txt (tab-separated) or .parquet at its end",
    received: name,
    hint: `Say it with --format (format: …): ${exampleFormats.join(", ")}.`,
  });
}

function checkedRow(record: ExampleRecord, fields: ExampleFields<unknown>, request: RecordRequest): object {
  const result = fields.schema.safeParse(record.values);
  return result.success ? Object(result.data) : rowError(record, issueOf(result.error, record), request);
}

interface RowProblem {
  readonly field?: string;
  readonly expected: string;
  readonly received: string;
}

/** The first complaint of a schema. */
function issueOf(error: z.ZodError, record: ExampleRecord): RowProblem {
  const issue = error.issues[0] as z.core.$ZodIssue;
  const field = issue.path.join(".");
  const told = issue.code === "custom" ? (issue.params?.received as string | undefined) : undefined;
  return { field, expected: issue.message, received: told ?? shown(valueAt(record.values, issue.path)) };
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let value = values;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return value;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

type RowPlace = RecordPlace & { readonly names?: readonly string[] };

function rowError({ place, names }: RowPlace, problem: RowProblem, { file, columns }: RecordRequest): DataError {
  const { field, expected, received } = problem;
  const missing = received === "nothing" && field !== undefined;
  const subject = `${place.replace(/^[lr]/, (letter) => letter.toUpperCase())} of ${file}`;
  const own = `cannot be ${field === undefined ? "read" : `used because of its ${field}`}`;
  const skip = "leave such rows out with --skip-bad-rows";
  return new DataError(`${subject} ${missing ? `has no ${field}` : own}.`, {
    file,
    field: field === undefined ? place : `${place}, ${field}`,
    expected,
    received: missing && names !== undefined ? `the fields ${names.join(", ") || "(none)"}` : received,
    hint:
      missing && columns[field] === undefined
        ? `${renaming(field, names)} Or ${skip}.`
        : `Correct the row, or ${skip}.`,
  });
}

function renaming(field: string, names: readonly string[] = []): string {
  const meant = nearestName(field, names) ?? "NAME";
  return `If it is called otherwise: --column ${field}=${meant} (columns: { ${field}: "${meant}" }).`;
}

function noRows(file: string, firstBad: DataError | undefined): DataError {
  if (firstBad === undefined) {
    return new DataError(`${file} holds no rows.`, { file, expected: "at least one row", hint: "Check the file." });
  }
  const { expected, received, field, hint } = firstBad;
  return new DataError(`No row of ${file} can be used. ${firstBad.message}`, {
    file,
    field,
    expected,
    received,
    hint,
    cause: firstBad,
  });
}
