/**
 * Reads fields of untrusted JSON. Whatever is not as expected becomes a TokenizerError that names file and field.
 */
import { TokenizerError } from "../errors.ts";

export type JsonObject = { [key: string]: JsonValue };
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** Settings have fewer items; only what is visited one by one, such as a vocabulary, may have more. */
const MOST_SETTINGS = 1 << 14;

/** An object of many keys, such as a vocabulary, that stays text: each visit reads it again. */
export class LargeObject {
  /** Keys, those that stand there twice counted twice. */
  readonly size: number;
  readonly forEach: (visit: (key: string, value: unknown) => void) => void;

  constructor(size: number, forEach: (visit: (key: string, value: unknown) => void) => void) {
    this.size = size;
    this.forEach = forEach;
  }

  toJSON(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    this.forEach((key, value) => {
      entries.push([key, value]);
    });
    return Object.fromEntries(entries);
  }
}

/** An array of many items, such as merges, that stays text: each visit reads it again. */
export class LargeArray {
  readonly length: number;
  readonly forEach: (visit: (item: unknown, index: number) => void) => void;

  constructor(length: number, forEach: (visit: (item: unknown, index: number) => void) => void) {
    this.length = length;
    this.forEach = forEach;
  }

  toJSON(): unknown[] {
    const items: unknown[] = [];
    this.forEach((item) => {
      items.push(item);
    });
    return items;
  }
}

/** An object of a file, with the path to it. */
export class JsonFields {
  readonly file: string;
  /** Path of this object inside the file, such as `model` or `normalizer.normalizers.0`; empty for the whole. */
  readonly path: string;
  readonly #given: Record<string, unknown> | LargeObject;
  #settings: Record<string, unknown> | undefined;

  constructor(value: unknown, file: string, path = "") {
    this.file = file;
    this.path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw fieldError(file, path || "(the whole file)", "an object", value);
    }
    this.#given = value as Record<string, unknown> | LargeObject;
  }

  /** How many keys there are, those that stand there twice counted twice. */
  get size(): number {
    return this.#given instanceof LargeObject ? this.#given.size : Object.keys(this.#given).length;
  }

  has(name: string): boolean {
    const value = this.raw(name);
    return value !== null && value !== undefined;
  }

  keys(): readonly string[] {
    return Object.keys(this.#object);
  }

  /** Calls `visit` for each key, and for one that stands there twice perhaps twice. */
  forEach(visit: (key: string, value: unknown) => void): void {
    if (this.#given instanceof LargeObject) this.#given.forEach(visit);
    else for (const [key, value] of Object.entries(this.#given)) visit(key, value);
  }

  /** The value as it is, undefined where absent. */
  raw(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  string(name: string, fallback?: string): string {
    const value = this.#valueOr(name, fallback);
    return typeof value === "string" ? value : this.#fail(name, "a string");
  }

  boolean(name: string, fallback?: boolean): boolean {
    const value = this.#valueOr(name, fallback);
    return typeof value === "boolean" ? value : this.#fail(name, "true or false");
  }

  /** A whole number of at least 0. */
  count(name: string, fallback?: number): number {
    const value = this.#valueOr(name, fallback);
    return isCount(value) ? value : this.#fail(name, "a whole number of at least 0");
  }

  /** A string, or undefined where absent or null. */
  optionalString(name: string): string | undefined {
    return this.has(name) ? this.string(name) : undefined;
  }

  /** A truth value, or undefined where absent or null. */
  optionalBoolean(name: string): boolean | undefined {
    return this.has(name) ? this.boolean(name) : undefined;
  }

  object(name: string): JsonFields {
    return new JsonFields(this.raw(name), this.file, this.#at(name));
  }

  /** An array as it is: for few items. */
  array(name: string, fallback?: readonly unknown[]): readonly unknown[] {
    const items = this.items(name, fallback);
    if (items.length > MOST_SETTINGS) throw this.error(name, `an array of at most ${MOST_SETTINGS} items`);
    return items instanceof LargeArray ? items.toJSON() : items;
  }

  /** An array of any length, to be visited item by item. */
  items(name: string, fallback?: readonly unknown[]): readonly unknown[] | LargeArray {
    const value = this.#valueOr(name, fallback);
    return Array.isArray(value) || value instanceof LargeArray ? value : this.#fail(name, "an array");
  }

  /** What `read` makes of each object of an array of at most `most`. The next is not looked at before one is read. */
  objects<T>(name: string, read: (fields: JsonFields) => T, most = MOST_SETTINGS, fallback?: readonly unknown[]): T[] {
    const items = this.items(name, fallback);
    if (items.length > most) throw this.error(name, `an array of at most ${most} items`);
    const made: T[] = [];
    items.forEach((item, index) => {
      made.push(read(new JsonFields(item, this.file, this.#at(`${name}.${index}`))));
    });
    return made;
  }

  /** One of the given strings. */
  choice<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.#valueOr(name, fallback);
    const chosen = choices.find((choice) => choice === value);
    return chosen ?? this.#fail(name, `one of ${choices.join(", ")}`);
  }

  /** The error for a field that is not as expected. */
  error(name: string, expected: string, received: unknown = this.raw(name), hint?: string): TokenizerError {
    return fieldError(this.file, this.#at(name), expected, received, hint);
  }

  get #object(): Record<string, unknown> {
    if (!(this.#given instanceof LargeObject)) return this.#given;
    if (this.#given.size > MOST_SETTINGS) {
      const field = this.path || "(the whole file)";
      throw fieldError(
        this.file,
        field,
        `an object of at most ${MOST_SETTINGS} settings`,
        `one of ${this.#given.size}`,
      );
    }
    this.#settings ??= this.#given.toJSON();
    return this.#settings;
  }

  #valueOr(name: string, fallback: unknown): unknown {
    return this.has(name) ? this.raw(name) : fallback;
  }

  #at(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  #fail(name: string, expected: string): never {
    throw this.error(name, expected);
  }
}

export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** The error for a field of a tokenizer file. */
export function fieldError(
  file: string,
  field: string,
  expected: string,
  received: unknown,
  hint = "Repair the file, or take it anew from where it came from.",
): TokenizerError {
  const shown = describe(received);
  return new TokenizerError(`${file}: ${field} should be ${expected}, but is ${shown}.`, {
    file,
    field,
    expected,
    received: shown,
    hint,
  });
}

function describe(value: unknown): string {
  if (value === undefined) return "absent";
  const text = typeof value === "string" ? JSON.stringify(value) : safeStringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function safeStringify(value: unknown): string {
  if (Array.isArray(value) || value instanceof LargeArray) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
