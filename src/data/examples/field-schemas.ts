/**
 * The pieces that the fields of labelled data are made of. Every message completes "expected …", so that an error can say
 * it. Cells of CSV and TSV are text: where a number, a list or an object belongs, text is read as JSON.
 */
import * as z from "zod";
import { parseSoundJson } from "../../platform/json-shape.ts";

/** What can stand in a task's rows, and how a row is checked. */
export interface ExampleFields<Row> {
  readonly names: readonly string[];
  /** Those that a row cannot do without. */
  readonly required: readonly string[];
  readonly schema: z.ZodType<Row>;
}

/** The fields of an object schema; `whole` adds checks or changes that concern several fields at once. */
export function exampleFieldsOf<Object extends z.ZodObject, Row = z.output<Object>>(
  object: Object,
  whole?: (schema: Object) => z.ZodType<Row>,
): ExampleFields<Row> {
  const entries = Object.entries(object.shape as Record<string, z.ZodType>);
  return {
    names: entries.map(([name]) => name),
    required: entries.filter(([, field]) => !field.safeParse(undefined).success).map(([name]) => name),
    schema: whole?.(object) ?? (object as unknown as z.ZodType<Row>),
  };
}

/** Adds a complaint about one field that shows only beside the others. */
export function complain(context: z.RefinementCtx, field: string, expected: string, received: string): void {
  context.addIssue({ code: "custom", path: [field], message: expected, params: { received } });
}

/** A cell that begins like JSON as its value; anything else, and what is not JSON after all, as it is. */
export function jsonCell(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return parseSoundJson(value);
  } catch {
    return value;
  }
}

/** A list, a JSON list, or words with spaces between. */
function wordsCell(value: unknown): unknown {
  const list = jsonCell(value);
  return typeof list === "string" ? list.split(/\s+/).filter((word) => word !== "") : list;
}

function numberCell(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "string" && value.trim() !== "" ? Number(value) : value;
}

function nothingCell(value: unknown): unknown {
  return value === null || value === "" ? undefined : value;
}

/** Text with at least one visible character. */
export const text = z.string({ error: "a text" }).regex(/\S/, "a text that is not empty");

/** Text that may be absent; null and an empty cell are absent. */
export const optionalText = z.preprocess(nothingCell, z.string({ error: "a text, or nothing" }).optional());

const CLASS = "a class: a text or an integer";

/** A class, by its name; an integer is the name that its digits write. */
export const classLabel = z.preprocess(
  (value) => (Number.isSafeInteger(value) || typeof value === "bigint" ? String(value) : value),
  z.string({ error: CLASS }).regex(/\S/, CLASS),
);

export const optionalClassLabel = z.preprocess(nothingCell, classLabel.optional());

/** One class, or a list of those that hold. */
export const classLabels = z.preprocess(jsonCell, z.union([z.array(classLabel), classLabel], { error: CLASS }));

export const number = z.preprocess(numberCell, z.number({ error: "a number" }));

export const index = z.preprocess(
  numberCell,
  z.number({ error: "an integer from 0" }).int("an integer from 0").min(0, "an integer from 0"),
);

export const words = z.preprocess(
  wordsCell,
  z.array(z.string({ error: "a word" }), { error: "a list of words" }).min(1, "at least one word"),
);

export const wordLabels = z.preprocess(wordsCell, z.array(classLabel, { error: "a list of labels, one a token" }));

/** A list of at least so many items, written as JSON in a table's cell. */
export function listOf<Item extends z.ZodType>(item: Item, expected: string, least = 0) {
  return z.preprocess(jsonCell, z.array(item, { error: expected }).min(least, expected));
}

/** As `listOf`, absent where there is nothing. */
export function optionalListOf<Item extends z.ZodType>(item: Item, expected: string) {
  return z.preprocess((value) => jsonCell(nothingCell(value)), z.array(item, { error: expected }).optional());
}

/** A stretch of text as [start, end], in JavaScript string indices, the end not included. */
export const stretch = z.preprocess(
  jsonCell,
  z.tuple([index, index], { error: "[start, end], two string indices" }),
) as z.ZodType<readonly [start: number, end: number]>;

/** Whether a stretch lies within a text; complains about the field if not. */
export function checkStretch(
  context: z.RefinementCtx,
  field: string,
  { text: whole, start, end }: { readonly text: string; readonly start: number; readonly end: number },
): void {
  if (start < end && end <= whole.length) return;
  complain(context, field, `0 ≤ start < end ≤ ${whole.length}, the text's length`, `start ${start}, end ${end}`);
}
