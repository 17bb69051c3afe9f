/**
 * The kinds of values in published JSON files such as `config.json`. A field knows its default, what it accepts, how it
 * says so in an error, and how Python writes it.
 */
import { objectText, pythonFloat, valueText } from "./json-text.ts";

export interface FieldOptions {
  /** The published name, where it is not the property's name in snake case. */
  readonly key?: string;
  /** Other names under which files have it; read, never written. */
  readonly otherKeys?: readonly string[];
  /** Leave it out of the file while it has its default value. */
  readonly omitDefault?: boolean;
}

export interface Field<T> extends FieldOptions {
  readonly default: T;
  /** What is accepted, for messages: "an integer of at least 1". */
  readonly expected: string;
  /** The value, or undefined if it is none of this kind. */
  read(value: unknown): T | undefined;
  /** JSON as Python writes it; `indent` is that of the line on which it begins. */
  text(value: T, indent: string): string;
}

export interface NumberOptions extends FieldOptions {
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A field whose values pass through unchanged when `accepts` says so. */
function field<T>(
  fallback: T,
  expected: string,
  accepts: (value: unknown) => boolean,
  options: FieldOptions,
  text: (value: T, indent: string) => string = valueText,
): Field<T> {
  const { key, otherKeys, omitDefault } = options;
  return {
    default: fallback,
    expected,
    read: (value) => (accepts(value) ? (value as T) : undefined),
    text,
    ...(key !== undefined && { key }),
    ...(otherKeys !== undefined && { otherKeys }),
    ...(omitDefault !== undefined && { omitDefault }),
  };
}

function bounds({ minimum, maximum }: NumberOptions): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? "" : ` of at most ${maximum}`;
}

function isWithin(value: number, { minimum, maximum }: NumberOptions): boolean {
  return value >= (minimum ?? Number.NEGATIVE_INFINITY) && value <= (maximum ?? Number.POSITIVE_INFINITY);
}

/** A whole number, such as a token's id. */
export function integer(fallback = 0, options: NumberOptions = {}): Field<number> {
  const accepts = (value: unknown): boolean => Number.isSafeInteger(value) && isWithin(value as number, options);
  return field(fallback, `an integer${bounds(options)}`, accepts, options);
}

/** How many of something: an integer of at least 1. */
export function size(fallback = 1, options: FieldOptions = {}): Field<number> {
  return integer(fallback, { minimum: 1, maximum: 2 ** 31 - 1, ...options });
}

/** How many layers of something: more than any model has would only fill the memory. */
export function layerCount(fallback: number, options: NumberOptions = {}): Field<number> {
  return integer(fallback, { minimum: 1, maximum: 1024, ...options });
}

/** A real number. */
export function number(fallback = 0, options: NumberOptions = {}): Field<number> {
  const accepts = (value: unknown): boolean => Number.isFinite(value) && isWithin(value as number, options);
  return field(fallback, `a number${bounds(options)}`, accepts, options, pythonFloat);
}

/** A dropout rate or another share: from 0 to 1. */
export function probability(fallback = 0, options: FieldOptions = {}): Field<number> {
  return number(fallback, { minimum: 0, maximum: 1, ...options });
}

export function boolean(fallback = false, options: FieldOptions = {}): Field<boolean> {
  return field(fallback, "true or false", (value) => typeof value === "boolean", options);
}

export function text(fallback = "", options: FieldOptions = {}): Field<string> {
  return field(fallback, "a text", (value) => typeof value === "string", options);
}

/** One of a few words. */
export function oneOf<const V extends readonly string[]>(
  values: V,
  fallback: V[number],
  options: FieldOptions = {},
): Field<V[number]> {
  const expected = `one of ${values.map((value) => `"${value}"`).join(", ")}`;
  return field<V[number]>(fallback, expected, (value) => values.includes(value as string), options);
}

/** Null, or what another field accepts; null is the default. */
export function nullable<T>(inner: Field<T>, fallback: T | null = null, options: FieldOptions = {}): Field<T | null> {
  return {
    ...inner,
    ...options,
    default: fallback,
    expected: `${inner.expected}, or null`,
    read: (value) => (value === null ? null : inner.read(value)),
    text: (value, indent) => (value === null ? "null" : inner.text(value, indent)),
  };
}

export function list<T>(inner: Field<T>, fallback: readonly T[] = [], options: FieldOptions = {}): Field<readonly T[]> {
  const read = (value: unknown): readonly T[] | undefined => {
    if (!Array.isArray(value)) return undefined;
    const items = value.map((item) => inner.read(item));
    return items.includes(undefined) ? undefined : (items as T[]);
  };
  const asText = (value: readonly T[], indent: string): string => {
    const deeper = `${indent}  `;
    if (value.length === 0) return "[]";
    return `[\n${value.map((item) => deeper + inner.text(item, deeper)).join(",\n")}\n${indent}]`;
  };
  return { ...field<readonly T[]>(fallback, `a list, each ${inner.expected}`, () => false, options, asText), read };
}

/** One value or a list of them, as `eos_token_id` can be. */
export function oneOrMore<T>(
  inner: Field<T>,
  fallback: T | readonly T[],
  options: FieldOptions = {},
): Field<T | readonly T[]> {
  const several = list(inner);
  const isList = (value: T | readonly T[]): value is readonly T[] => Array.isArray(value);
  return {
    ...field<T | readonly T[]>(fallback, `${inner.expected}, or a list of such`, () => false, options),
    read: (value) => inner.read(value) ?? several.read(value),
    text: (value, indent) => (isList(value) ? several.text(value, indent) : inner.text(value, indent)),
  };
}

/** An object from names to whole numbers, such as `lang2id`. */
export function integersByName(
  fallback: Readonly<Record<string, number>> = {},
  options: FieldOptions = {},
): Field<Readonly<Record<string, number>>> {
  const accepts = (value: unknown): boolean =>
    typeof value === "object" && value !== null && Object.values(value).every(Number.isSafeInteger);
  return field(fallback, "an object of integers", accepts, options);
}

/** An object from ids to names, such as `id2label`; written in the order of the ids. */
export function namesById(
  fallback: Readonly<Record<number, string>> = {},
  options: FieldOptions = {},
): Field<Readonly<Record<number, string>>> {
  const accepts = (value: unknown): boolean =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(value).every(([id, name]) => /^(0|[1-9]\d{0,8})$/.test(id) && typeof name === "string");
  const asText = (value: Readonly<Record<number, string>>, indent: string): string =>
    objectText(
      Object.entries(value).map(([id, name]) => [id, valueText(name)] as const),
      indent,
    );
  return field(fallback, "an object from integers to texts", accepts, options, asText);
}
