/** The inputs of `cloze run`: texts, or JSON objects with the fields that the library takes. */
import { ConfigurationError, DataError } from "../errors.ts";
import { flagName } from "./options.ts";

const jsonLinesName = /\.(?:jsonl|ndjson)$/i;

/** Whether a file of this name holds JSON Lines. */
export function isJsonLines(file: string | undefined): boolean {
  return file !== undefined && jsonLinesName.test(file);
}

/** One input. */
export interface RunLine {
  /** Its number among all inputs, from 0. */
  readonly index: number;
  readonly text: string;
  /** What it holds when it is a JSON object. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

/** Reads lines one after another. */
export class LineReader {
  readonly #isJsonLines: boolean;
  readonly #takesFields: boolean;
  #count = 0;

  /** @param takesFields whether a line that is no part of a JSON Lines file can be a JSON object nevertheless. */
  constructor(file: string | undefined, takesFields: boolean) {
    this.#isJsonLines = isJsonLines(file);
    this.#takesFields = takesFields;
  }

  /** Blank lines of JSON Lines are passed over. Throws a DataError for a line of JSON Lines that is no object. */
  read(lines: readonly string[]): RunLine[] {
    return lines.flatMap((line) => {
      if (this.#isJsonLines && line.trim() === "") return [];
      const index = this.#count++;
      const fields = this.#isJsonLines || this.#takesFields ? parsedObject(line) : undefined;
      if (this.#isJsonLines && fields === undefined) throw notAnObject(index, line);
      if (fields === undefined || this.#takesFields) return [{ index, text: line, fields }];
      return [{ index, text: fieldText({ index, text: line, fields }, "text") ?? missing(index, "text"), fields }];
    });
  }
}

/** A text field of an input; undefined for one that is not there. Throws a DataError for one that is no text. */
export function fieldText(line: RunLine, name: string): string | undefined {
  const value = line.fields?.[name];
  if (value === undefined || typeof value === "string") return value;
  throw wrongField(line, name, "a text", value);
}

/** The object that an input must be, for a pipeline that reads several fields. Throws a DataError that shows one. */
export function objectOf({ index, text, fields }: RunLine, example: string): Readonly<Record<string, unknown>> {
  if (fields !== undefined) return fields;
  throw new DataError(`Input ${index + 1} is not a JSON object.`, {
    field: `input ${index + 1}`,
    expected: `an object, for example ${example}`,
    received: text.length > 60 ? `${text.slice(0, 60)}…` : text,
    hint: "Give each input as a JSON object on one line.",
  });
}

/** A field with several texts, in the same way. */
function fieldTexts(line: RunLine, name: string): readonly string[] | undefined {
  const value = line.fields?.[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string")) return value;
  throw wrongField(line, name, "an array of texts", value);
}

/** The text that an input is about: a field of its object, or the input itself. */
export function mainText(line: RunLine, name: string): string {
  return fieldText(line, name) ?? (line.fields === undefined ? line.text : missing(line.index, name));
}

/** The fields of an input that is two texts, or a text with several others, and the option that gives the second part. */
interface Parts {
  readonly first: string;
  readonly second: string;
  readonly option: string;
}

/**
 * An input with its second text: one of the option for all inputs, one for each, what follows a tab, or a field. Throws a
 * ConfigurationError for an input without.
 */
export function withSecond(
  line: RunLine,
  { first, second, option }: Parts,
  given: readonly string[],
): [string, string] {
  const fromOption = given.length === 1 ? given[0] : given[line.index];
  const [before = "", after] = cells(line, given);
  const found = fieldText(line, second) ?? fromOption ?? after;
  if (found !== undefined) return [line.fields === undefined ? before : mainText(line, first), found];
  const flag = `--${flagName(option)}`;
  throw new ConfigurationError(`Input ${line.index + 1} has no ${second}.`, {
    field: flag,
    expected: `one ${flag} for all inputs, one for each, lines with a tab between two texts, or JSON objects with ${second}`,
    received: given.length === 0 ? "none" : `${given.length} for more inputs`,
    hint: `Add ${flag} "some text".`,
  });
}

/** An input with several other texts: those of the option for all inputs, what follows tabs, or a field. */
export function withSeveral(
  line: RunLine,
  { first, second, option }: Parts,
  given: readonly string[],
): [string, readonly string[]] {
  const [before = "", ...after] = cells(line, given);
  const found = fieldTexts(line, second) ?? [given, after].find((texts) => texts.length > 0);
  if (found !== undefined) return [line.fields === undefined ? before : mainText(line, first), found];
  const flag = `--${flagName(option)}`;
  throw new ConfigurationError(`Input ${line.index + 1} has no ${second}.`, {
    field: flag,
    expected: `${flag} several times, for all inputs, lines with tabs between the texts, or JSON objects with ${second}`,
    received: "none",
    hint: `Add ${flag} "some text", once for each of them.`,
  });
}

/** The texts between a line's tabs, where an option does not give the further ones. */
function cells({ fields, text }: RunLine, given: readonly string[]): string[] {
  return fields === undefined && given.length === 0 ? text.split("\t") : [text];
}

function parsedObject(line: string): Record<string, unknown> | undefined {
  if (!line.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function notAnObject(index: number, line: string): DataError {
  return new DataError(`Input ${index + 1} is not a JSON object.`, {
    field: `input ${index + 1}`,
    expected: 'an object, for example {"text": "…"}',
    received: line.length > 60 ? `${line.slice(0, 60)}…` : line,
    hint: "Write one JSON object a line; texts as they are belong in a file that ends with .txt.",
  });
}

function missing(index: number, name: string): never {
  throw new DataError(`Input ${index + 1} has no ${name}.`, {
    field: `input ${index + 1}, ${name}`,
    expected: "a text",
    received: "nothing",
    hint: `Give every object the field "${name}".`,
  });
}

function wrongField({ index }: RunLine, name: string, expected: string, value: unknown): DataError {
  return new DataError(`Input ${index + 1} has a wrong ${name}.`, {
    field: `input ${index + 1}, ${name}`,
    expected,
    received: JSON.stringify(value),
    hint: "Correct the line.",
  });
}
