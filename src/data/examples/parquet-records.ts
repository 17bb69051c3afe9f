/** Rows from Parquet, a row group at a time: only the columns that the task needs are read. */
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { platform } from "#platform";
import { ClozeError, DataError } from "../../errors.ts";
import { namedColumns } from "./column-mapping.ts";
import type { ExampleRecords, RecordRequest } from "./example-record.ts";

export async function* parquetRecords(request: RecordRequest): ExampleRecords {
  const { file } = request;
  const buffer = await openBuffer(file);
  const { metadata, names } = await reading(file, async () => {
    const described = await parquetMetadataAsync(buffer);
    return { metadata: described, names: columnNames(described) };
  });
  const sources = [...namedColumns(names, request)].map(([field, at]) => [field, names[at] as string] as const);
  const columns = [...new Set(sources.map(([, column]) => column))];
  let rowStart = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const rowEnd = rowStart + Number(count);
    const rows = await reading(file, () =>
      parquetReadObjects({ file: buffer, metadata, columns, rowStart, rowEnd, compressors }),
    );
    for (const [index, row] of rows.entries()) {
      const line = rowStart + index + 1;
      const values = Object.fromEntries(sources.map(([field, column]) => [field, plain(row[column])]));
      yield { line, place: `row ${line}`, values };
    }
    rowStart = rowEnd;
  }
}

/** The columns, after a check that every row group holds those of the schema: the reader leaves others unattended. */
function columnNames(metadata: FileMetaData): string[] {
  const leaves = (tree: SchemaTree): string[] =>
    tree.children.length === 0 ? [tree.path.join("\n")] : tree.children.flatMap(leaves);
  const schema = parquetSchema(metadata);
  const expected = leaves(schema).join("\n\n");
  for (const { columns } of metadata.row_groups) {
    const held = columns.map(({ meta_data: about }) => about?.path_in_schema.join("\n")).join("\n\n");
    if (held !== expected) throw new Error("a row group has other columns than the schema");
  }
  return schema.children.map(({ element }) => element.name);
}

/** The file as the reader wants it: ranges on demand. */
async function openBuffer(file: string): Promise<AsyncBuffer> {
  const byteLength = (await platform.stat(file, "data"))?.sizeBytes ?? 0;
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const from = Math.max(0, start < 0 ? byteLength + start : start);
      const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - from));
      await platform.readInto(file, "data", from, bytes);
      return bytes.buffer;
    },
  };
}

/** What the reader throws about a file's content, as an error that names the file. */
async function reading<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ClozeError) throw cause;
    throw new DataError(`${file} cannot be read as Parquet.`, {
      file,
      expected: "a Parquet file",
      received: cause instanceof Error ? cause.message : String(cause),
      hint: "Check the file, or write it anew as JSON Lines.",
      cause,
    });
  }
}

/** 64-bit integers as numbers, in lists and objects too. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, Number);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
