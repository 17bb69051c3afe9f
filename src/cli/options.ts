/** What a command can be told: one table per command gives its flags, its help, its settings file and its types. */
import { ConfigurationError } from "../errors.ts";
import { nearestName } from "../platform/option-names.ts";

export interface Option<T> {
  /** What stands for the value in the help, such as FILE; a switch has none. */
  readonly placeholder?: string;
  /** Whether the flag can stand without its value; its text is "true" then. */
  readonly isValueOptional?: boolean;
  readonly about: string;
  /** What it stands under in the help; all the others come first. */
  readonly heading?: string;
  /** What holds when it is not given, in words for the help. */
  readonly defaultText: string;
  /** Undefined when it must be given. */
  readonly fallback?: { readonly value: T };
  /** Whether it can be given several times. */
  readonly repeatable?: boolean;
  /** Whether a settings file can give an object, which `read` gets as JSON. */
  readonly acceptsObject?: boolean;
  /** Whether the id of a published model can be the value. */
  readonly isPublished?: boolean;
  /** The value of a text; `name` is how the option was spelled. Throws a ConfigurationError. */
  read(text: string, name: string): unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: a table of options of different types; each keeps its own in ValuesOf.
export type Options = Readonly<Record<string, Option<any>>>;

export type ValuesOf<O extends Options> = { readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never };

/** `batchSize` → `batch-size`. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `batchSize` → `--batch-size N`. */
function flagOf(name: string, { placeholder }: Option<unknown>): string {
  return `--${flagName(name)}${placeholder === undefined ? "" : ` ${placeholder}`}`;
}

export function wrongValue(name: string, expected: string, received: string, hint?: string): ConfigurationError {
  return new ConfigurationError(`${name} takes ${expected}, not ${received === "" ? "nothing" : received}.`, {
    field: name,
    expected,
    received,
    hint: hint ?? "Correct the value, or leave it out for the default.",
  });
}

/** The options under a heading of their own in the help. */
export function under<O extends Options>(heading: string, options: O): O {
  const entries = Object.entries(options).map(([name, option]) => [name, { ...option, heading }] as const);
  return Object.fromEntries(entries) as unknown as O;
}

/** A switch, off unless given. */
export function toggle(about: string): Option<boolean> {
  return {
    about,
    defaultText: "no",
    fallback: { value: false },
    read(text, name) {
      if (text === "true" || text === "false") return text === "true";
      throw wrongValue(name, "true or false", text);
    },
  };
}

/** A folder that must be given, or the id of a published model. */
export function requiredModel(about: string): Option<string> {
  return { ...requiredText("DIR|ID", `${about}, or the id of a model on the hub`), isPublished: true };
}

/** Text that must be given. */
export function requiredText(placeholder: string, about: string): Option<string> {
  return { placeholder, about, defaultText: "none, it must be given", read: (text) => text };
}

/** Text that need not be given; `defaultText` says what holds then. */
export function optionalText(placeholder: string, about: string, defaultText = "none"): Option<string | undefined> {
  return { placeholder, about, defaultText, fallback: { value: undefined }, read: (text) => text };
}

export function textWithDefault(placeholder: string, about: string, value: string): Option<string> {
  return { placeholder, about, defaultText: value, fallback: { value }, read: (text) => text };
}

/** Text that can be given several times. */
export function severalTexts(placeholder: string, about: string, defaultText = "none"): Option<readonly string[]> {
  return { placeholder, about, defaultText, fallback: { value: [] }, repeatable: true, read: (text) => text };
}

/** Several of a few words, separated by commas. */
export function severalChoices<const C extends readonly string[]>(
  placeholder: string,
  about: string,
  choices: C,
): Option<readonly C[number][]> {
  return {
    placeholder,
    about: `${about}: ${choices.join(", ")}`,
    defaultText: "all",
    fallback: { value: choices },
    read: (text, name) => text.split(",").map((part) => chosen(part.trim(), choices, name)),
  };
}

/** One of a few words; the help shows them. */
export function choice<const C extends readonly string[]>(
  placeholder: string,
  about: string,
  choices: C,
  value: C[number],
): Option<C[number]> {
  return {
    placeholder,
    about: `${about}: ${choices.join(", ")}`,
    defaultText: value,
    fallback: { value },
    read: (text, name) => chosen(text, choices, name),
  };
}

/** One of a few words, none when left out. */
export function optionalChoice<const C extends readonly string[]>(
  placeholder: string,
  about: string,
  choices: C,
  defaultText: string,
): Option<C[number] | undefined> {
  return {
    placeholder,
    about,
    defaultText,
    fallback: { value: undefined },
    read: (text, name) => chosen(text, choices, name),
  };
}

/** The text if it is one of the choices. Throws a ConfigurationError that names the nearest one. */
export function chosen<C extends string>(text: string, choices: readonly C[], name: string): C {
  const found = choices.find((candidate) => candidate === text);
  if (found !== undefined) return found;
  const nearest = nearestName(text, choices);
  throw wrongValue(
    name,
    `one of ${choices.join(", ")}`,
    text,
    nearest === undefined ? undefined : `Did you mean ${nearest}?`,
  );
}

interface Range {
  readonly minimum: number;
  readonly maximum?: number;
}

function readNumber(text: string, name: string, what: string, { minimum, maximum }: Range, isWhole: boolean): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits = value >= minimum && value <= (maximum ?? Number.MAX_VALUE) && (!isWhole || Number.isSafeInteger(value));
  if (fits) return value;
  const bounds = maximum === undefined ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  throw wrongValue(name, `${what} ${bounds}`, text);
}

export function wholeNumber(about: string, value: number, range: Range = { minimum: 1 }): Option<number> {
  return {
    placeholder: "N",
    about,
    defaultText: String(value),
    fallback: { value },
    read: (text, name) => readNumber(text, name, "a whole number", range, true),
  };
}

export function optionalWholeNumber(
  about: string,
  defaultText: string,
  range: Range = { minimum: 1 },
): Option<number | undefined> {
  return {
    placeholder: "N",
    about,
    defaultText,
    fallback: { value: undefined },
    read: (text, name) => readNumber(text, name, "a whole number", range, true),
  };
}

export function optionalNumber(about: string, defaultText: string, range: Range): Option<number | undefined> {
  return {
    placeholder: "X",
    about,
    defaultText,
    fallback: { value: undefined },
    read: (text, name) => readNumber(text, name, "a number", range, false),
  };
}

/** Whole numbers with commas between them. */
export function optionalList(
  placeholder: string,
  about: string,
  defaultText: string,
): Option<readonly number[] | undefined> {
  return {
    placeholder,
    about,
    defaultText,
    fallback: { value: undefined },
    read(text, name) {
      const numbers = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
      if (numbers.every(Number.isSafeInteger)) return numbers;
      throw wrongValue(name, "whole numbers with commas between them", text);
    },
  };
}

/** An option as it was given. */
export interface GivenOption {
  /** Several ones only of a repeatable option. */
  readonly texts: readonly string[];
  /** How it was spelled, for errors: `--batch-size`, or `batchSize` in a file. */
  readonly spelling: string;
  readonly file?: string | undefined;
}

/** The options' values: what was given, else the defaults. Throws a ConfigurationError for what is wrong or missing. */
export function readOptions<O extends Options>(options: O, given: ReadonlyMap<string, GivenOption>): ValuesOf<O> {
  const values = Object.entries(options).map(([name, option]) => {
    const found = given.get(name);
    if (found !== undefined) return [name, readGiven(option, found)] as const;
    if (option.fallback !== undefined) return [name, option.fallback.value] as const;
    const flag = flagOf(name, option);
    throw new ConfigurationError(`${flag} must be given.`, {
      field: `--${flagName(name)}`,
      expected: option.about,
      received: "nothing",
      hint: `Add ${flag}.`,
    });
  });
  return Object.fromEntries(values) as ValuesOf<O>;
}

function readGiven(option: Option<unknown>, { texts, spelling, file }: GivenOption): unknown {
  try {
    const values = texts.map((text) => option.read(text, spelling));
    return option.repeatable ? values : values.at(-1);
  } catch (error) {
    if (file === undefined || !(error instanceof ConfigurationError)) throw error;
    const { field, expected, received, hint } = error;
    throw new ConfigurationError(`${file}: ${error.message}`, { file, field, expected, received, hint });
  }
}
