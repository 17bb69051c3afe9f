/** Checks of what a pipeline is given. */
import { ConfigurationError, DataError } from "../errors.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import type { StateOptions } from "./inner-states.ts";

/** Options of every pipeline. */
export interface CallOptions extends StateOptions {
  /** Rows that go through the model together; 16. */
  readonly batchSize?: number | undefined;
}

const commonNames = ["batchSize", "outputHiddenStates", "outputAttentions"];

/** Throws a ConfigurationError for an option that neither the pipeline nor all of them have, or that is of a wrong type. */
export function checkCallOptions(options: CallOptions, own: readonly string[], task: string): void {
  refuseUnknownNames(options, [...own, ...commonNames], `the options of ${task}`);
  checkCount("batchSize", options.batchSize ?? 1);
  checkSwitch("outputHiddenStates", options.outputHiddenStates);
  checkSwitch("outputAttentions", options.outputAttentions);
}

/** Throws a DataError unless the value is a text. */
export function checkText(text: unknown, what: string): string {
  if (typeof text === "string") return text;
  throw new DataError(`A pipeline takes texts, not ${nameOf(text)}.`, {
    field: what,
    expected: "a string or an array of strings",
    received: nameOf(text),
    hint: "Pass the text itself.",
  });
}

/** One text or several as an array. Throws a DataError for anything else. */
export function checkTexts(texts: unknown, what = "text"): string[] {
  return Array.isArray(texts) ? texts.map((text) => checkText(text, what)) : [checkText(texts, what)];
}

/** A text of at least one character. Throws a DataError for anything else. */
export function checkFilled(text: unknown, what: string): string {
  const checked = checkText(text, what);
  if (checked !== "") return checked;
  throw new DataError(`The ${what} is empty.`, {
    field: what,
    expected: "a text of at least one character",
    received: JSON.stringify(checked),
    hint: `Give a ${what}.`,
  });
}

/** At least one text. Throws a DataError for anything else. */
export function checkSeveral(texts: unknown, what: string): string[] {
  const checked = Array.isArray(texts) ? checkTexts(texts, what) : [];
  if (checked.length > 0) return checked;
  throw new DataError(`There are no ${what} to choose from.`, {
    field: what,
    expected: "an array of at least one text",
    received: Array.isArray(texts) ? "an empty array" : nameOf(texts),
    hint: `Pass the ${what} as an array of strings.`,
  });
}

/** An object with these fields. Throws a DataError that shows one for anything else. */
export function checkFields(value: unknown, fields: readonly string[], example: string): Record<string, unknown> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const missing = isObject ? fields.find((field) => !(field in value)) : fields[0];
  if (isObject && missing === undefined) return value as Record<string, unknown>;
  throw new DataError(`This pipeline takes ${fields.join(" and ")} together.`, {
    field: missing,
    expected: `{ ${fields.join(", ")} }, or an array of such`,
    received: isObject ? `{ ${Object.keys(value).join(", ")} }` : nameOf(value),
    hint: `Pass an object, such as ${example}.`,
  });
}

/** A stretch of a text as [start, end], in string indices, the end not included. Throws a DataError for anything else. */
export function checkStretch(value: unknown, what: string, text: string): readonly [start: number, end: number] {
  const [start, end] = Array.isArray(value) ? value : [];
  const isWithin = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end <= text.length;
  if (isWithin && start < end) return [start, end];
  throw new DataError(`The ${what} does not lie in its text.`, {
    field: what,
    expected: `[start, end] with 0 ≤ start < end ≤ ${text.length}, the text's length`,
    received: JSON.stringify(value) ?? String(value),
    hint: "Count as JavaScript does, in UTF-16 units; the end is not included.",
  });
}

/** Throws a ConfigurationError unless the option is a count. */
export function checkCount(name: string, value: unknown, minimum = 1): void {
  if (Number.isSafeInteger(value) && Number(value) >= minimum) return;
  throw optionError(name, `a whole number of at least ${minimum}`, value);
}

/** Throws a ConfigurationError unless the option is left out, true or false. */
export function checkSwitch(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") throw optionError(name, "true or false", value);
}

/** Throws a ConfigurationError unless the option is one of these. */
export function checkChoice(name: string, value: unknown, choices: readonly unknown[]): void {
  if (!choices.includes(value)) throw optionError(name, `one of ${choices.join(", ")}`, value);
}

export function optionError(name: string, expected: string, value: unknown): ConfigurationError {
  return new ConfigurationError(`${name} should be ${expected}, but is ${String(value)}.`, {
    field: name,
    expected,
    received: String(value),
    hint: "Correct the option.",
  });
}

/** The first words of a text, for messages. */
export function beginning(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value;
}
