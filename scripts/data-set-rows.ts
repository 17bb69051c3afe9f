/** The rows of a published data set as Cloze's own fields, from files as they are published, split and drawn by hashes. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ExampleTask, ReadExamplesOptions } from "../src/data/index.ts";
import { layouts, type Row } from "./data-set-layouts.ts";

export const parts = ["train", "validation"] as const;
export type Part = (typeof parts)[number];

const VALIDATION_PERCENT = 20;

export interface DataSetFiles {
  /** A layout of `data-set-layouts.ts`, or the task that reads the files as they are. */
  readonly as: string;
  /** In order. `archive.zip:member` is a file in a zip archive. */
  readonly files: readonly string[];
  /** Of layouts: UTF-8 when left out. */
  readonly encoding?: string;
  /** Of tasks: which columns hold the fields, and the like. */
  readonly options?: ReadExamplesOptions;
  /** Of data without a split of its own: which side of the fixed one. */
  readonly part?: Part | undefined;
}

export async function dataSetRows({ as, files, encoding, options, part }: DataSetFiles): Promise<Row[]> {
  const layout = layouts[as];
  const rows = layout === undefined ? await taskRows(as, files, options) : layout(textsOf(files, encoding));
  return part === undefined ? rows : rows.filter((row) => isValidation(row) === (part === "validation"));
}

/** The first four bytes of the SHA-256 of a text, as a big-endian number. */
export const hashOf = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE(0);

/** The fixed split: by the hash of a row's first text modulo 100. */
function isValidation(row: Row): boolean {
  // Of retrieval by the document, so that those of the validation part are new.
  const key =
    row.positive ??
    row.text ??
    row.source ??
    row.context ??
    row.question ??
    ((row.tokens ?? row.sentences) as string[]).join(" ");
  return hashOf(String(key)) % 100 < VALIDATION_PERCENT;
}

/** So many rows, the same ones every time: the first in the order of the SHA-256 of a row's JSON text. */
export function drawnRows(rows: readonly Row[], count: number): Row[] {
  const hashed = rows.map((row) => ({ row, hash: createHash("sha256").update(JSON.stringify(row)).digest("hex") }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  return hashed.slice(0, count).map(({ row }) => row);
}

/** JSON Lines. */
export const linesOfRows = (rows: readonly Row[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

function textsOf(files: readonly string[], encoding = "utf-8"): string[] {
  const decoder = new TextDecoder(encoding);
  return files.map((file) => {
    const [, archive, member] = /^(.*\.zip):(.+)$/.exec(file) ?? [];
    if (archive === undefined || member === undefined) return decoder.decode(readFileSync(file));
    return decoder.decode(execFileSync("unzip", ["-p", archive, member], { maxBuffer: 2 ** 30 }));
  });
}

/** Imported when it is needed: layouts alone do without the package's sources. */
async function taskRows(task: string, files: readonly string[], options?: ReadExamplesOptions): Promise<Row[]> {
  const { loadExamples } = await import("../src/data/index.ts");
  const rows: Row[] = [];
  for (const file of files) {
    const { examples } = await loadExamples(file, task as ExampleTask, options);
    // Slots alone: PyTorch's side has no second head for intents.
    rows.push(...(examples as unknown as Row[]).map(({ line: _, intent: __, ...row }) => row));
  }
  return rows;
}
