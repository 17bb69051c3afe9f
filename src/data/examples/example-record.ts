/** What the formats give: the rows of a file before anything is known of a task. */

/** Where a row stands. */
export interface RecordPlace {
  /** The line it begins at, from 1; of a file without lines, the number of the row. */
  readonly line: number;
  /** The same for a person, such as "line 7". */
  readonly place: string;
}

/** A row with its values by the columns' names. */
export interface ExampleRecord extends RecordPlace {
  readonly values: Readonly<Record<string, unknown>>;
  /** What the row's columns are called, where that may differ from row to row. */
  readonly names?: readonly string[];
}

/** A row that the format itself cannot make sense of. */
export interface BrokenRecord extends RecordPlace {
  readonly expected: string;
  readonly received: string;
}

export type ExampleRecords = AsyncGenerator<ExampleRecord | BrokenRecord>;

/** The fields' columns: a name, or a number from 0. */
export type ColumnMapping = Readonly<Record<string, string | number>>;

/** What a format needs to know. */
export interface RecordRequest {
  readonly file: string;
  /** The task's fields. */
  readonly fields: readonly string[];
  /** Those that every row must have. */
  readonly required: readonly string[];
  readonly columns: ColumnMapping;
  /** False: a table's first row is a row like any other. */
  readonly header: boolean;
  /** Between the cells of a table; by the format when left out. */
  readonly delimiter?: string | undefined;
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/** What was found, short enough to be shown. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const written = typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
  return written.length > 80 ? `${written.slice(0, 77)}…` : written;
}

/** `textPair` as `text_pair`: columns may be called either way. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
