/**
 * A published JSON file as a typed object: known keys in camelCase with the published defaults, checked; unknown keys
 * kept as they were written. Written back in the layout of the reference, so that an unchanged file stays unchanged.
 */
import { CheckpointError, ConfigurationError } from "../errors.ts";
import { parseJson } from "../platform/file-errors.ts";
import { nearestName, refuseUnknownNames } from "../platform/option-names.ts";
import type { Field } from "./fields.ts";
import { compareCodePoints, memberTexts, objectText, shown } from "./json-text.ts";

// biome-ignore lint/suspicious/noExplicitAny: a table of fields of different types; each keeps its own in ValuesOf.
export type Fields = Readonly<Record<string, Field<any>>>;

export type ValuesOf<F extends Fields> = { readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never };

/** What stood in the file beside the known keys: the published key, and the JSON text of its value as written. */
export type ExtraMembers = Readonly<Record<string, string>>;

export type DocumentOf<F extends Fields> = ValuesOf<F> & { readonly extra: ExtraMembers };

export interface ParseOptions {
  /** Is told of keys that look like a slip; `console.warn` if absent. */
  readonly onWarning?: (text: string) => void;
}

/** `layerNormEps` → `layer_norm_eps`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function keyOf(name: string, field: Field<unknown>): string {
  return field.key ?? snakeCase(name);
}

/** Characters of a configuration or an index. */
const longestDocument = 1 << 23;
const mostMembers = 10_000;

/** The members of a JSON object, or a CheckpointError. */
export function parseObject(json: string, file: string): Map<string, unknown> {
  if (json.length > longestDocument) {
    throw new CheckpointError(`${file} is longer than any such file.`, {
      file,
      expected: `at most ${longestDocument} characters`,
      received: String(json.length),
      hint: "Check that this is the file you meant.",
    });
  }
  const parsed = parseJson(json, file, "checkpoint");
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
    const members = Object.entries(parsed);
    if (members.length <= mostMembers) return new Map(members);
  }
  throw new CheckpointError(`${file} does not hold a JSON object.`, {
    file,
    expected: `an object of at most ${mostMembers} members`,
    received: shown(parsed),
    hint: "Check that this is the file you meant.",
  });
}

/** The value of a field in a file, under the first of its names that is there. */
function readField(name: string, field: Field<unknown>, members: Map<string, unknown>, file: string): unknown {
  const key = [keyOf(name, field), ...(field.otherKeys ?? [])].find((known) => members.has(known));
  if (key === undefined) return field.default;
  const value = field.read(members.get(key));
  if (value !== undefined) return value;
  throw new CheckpointError(`${file}: ${key} has a wrong value.`, {
    file,
    field: key,
    expected: field.expected,
    received: shown(members.get(key)),
    hint: "Correct the file, or copy or download it again.",
  });
}

/** Unknown keys that are looked at for slips. */
const mostWarned = 100;

/**
 * Reads the fields of a JSON object; what is not known is kept in `extra`.
 *
 * @param ignored further keys that the caller understands.
 */
export function parseDocument<F extends Fields>(
  fields: F,
  json: string,
  file: string,
  options: ParseOptions = {},
  ignored: readonly string[] = [],
): DocumentOf<F> {
  const members = parseObject(json, file);
  const values = Object.entries(fields).map(([name, field]) => [name, readField(name, field, members, file)] as const);
  const known = Object.entries(fields).flatMap(([name, field]) => [keyOf(name, field), ...(field.otherKeys ?? [])]);
  known.push(...ignored);
  const extra = [...memberTexts(json)].filter(([key]) => !known.includes(key));
  for (const [key] of extra.slice(0, mostWarned)) {
    const nearest = nearestName(key, known);
    if (nearest === undefined || members.has(nearest)) continue;
    const warn = options.onWarning ?? console.warn;
    warn(`${file}: ${key} is not known and has no effect. Was ${nearest} meant?`);
  }
  return { ...Object.fromEntries(values), extra: Object.fromEntries(extra) } as DocumentOf<F>;
}

/**
 * Checks values that a program gives; absent ones are taken from `base`, or are the defaults.
 *
 * @param what names the values in errors, such as "the settings of bert".
 * @param further names that the caller understands.
 * @throws ConfigurationError for an unknown name or a wrong value.
 */
export function createDocument<F extends Fields>(
  fields: F,
  values: Partial<DocumentOf<F>>,
  what: string,
  base?: DocumentOf<F>,
  further: readonly string[] = [],
): DocumentOf<F> {
  refuseUnknownNames(values, [...Object.keys(fields), "extra", ...further], what);
  const given = values as Readonly<Record<string, unknown>>;
  const result = Object.entries(fields).map(([name, field]) => {
    if (given[name] === undefined) return [name, base ? base[name] : field.default] as const;
    const value: unknown = field.read(given[name]);
    if (value !== undefined) return [name, value] as const;
    throw new ConfigurationError(`${name} of ${what} has a wrong value.`, {
      field: name,
      expected: field.expected,
      received: shown(given[name]),
      hint: "Give a value of this kind, or leave it out for the default.",
    });
  });
  return { ...Object.fromEntries(result), extra: values.extra ?? base?.extra ?? {} } as DocumentOf<F>;
}

/**
 * The file's text: keys in the order of Python's `sort_keys`, unknown ones among them as they were.
 *
 * @param further members that the caller adds, as JSON texts.
 */
export function documentText<F extends Fields>(
  fields: F,
  document: DocumentOf<F>,
  further: Readonly<Record<string, string>> = {},
): string {
  const members = Object.entries(fields)
    .filter(([name, field]) => !(field.omitDefault && document[name] === field.default))
    .map(([name, field]) => [keyOf(name, field), field.text(document[name], "  ")] as const);
  const all = [...members, ...Object.entries(further), ...Object.entries(document.extra)];
  return `${objectText(all.sort(([a], [b]) => compareCodePoints(a, b)))}\n`;
}
