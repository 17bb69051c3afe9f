/**
 * Reads fields of untrusted JSON. Whatever is not as expected becomes a TokenizerError that names file and field.
 */
import { TokenizerError } from "../errors.ts";

export type JsonObject = { [key: string]: JsonValue };
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** An object of many keys, such as a vocabulary, without a hash table unless one is needed. */
export class LargeObject {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
  #byKey: ReadonlyMap<string, unknown> | undefined;

  constructor(keys: readonly string[], values: readonly unknown[]) {
    this.keys = keys;
    this.values = values;
  }

  get(key: string): unknown {
    this.#byKey ??= new Map(this.keys.map((each, index) => [each, this.values[index]]));
    return this.#byKey.get(key);
  }

  toJSON(): Record<string, unknown> {
    return Object.fromEntries(this.keys.map((key, index) => [key, this.values[index]]));
  }
}

/** An object of a file, with the path to it. */
export class JsonFields {
  readonly file: string;
  /** Path of this object inside the file, such as `model` or `normalizer.normalizers.0`; empty for the whole. */
  readonly path: string;
  readonly #object: Record<string, unknown> | LargeObject;

  constructor(value: unknown, file: string, path = "") {
    this.file = file;
    this.path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw fieldError(file, path || "(the whole file)", "an object", value);
    }
    this.#object = value as Record<string, unknown> | LargeObject;
  }

  has(name: string): boolean {
    const value = this.raw(name);
    return value !== null && value !== undefined;
  }

  keys(): readonly string[] {
    return this.#object instanceof LargeObject ? this.#object.keys : Object.keys(this.#object);
  }

  /** Calls `visit` for each key, and for one that stands there twice perhaps twice. */
  forEach(visit: (key: string, value: unknown) => void): void {
    if (this.#object instanceof LargeObject) {
      const { keys, values } = this.#object;
      for (let index = 0; index < keys.length; index++) visit(keys[index]!, values[index]);
    } else for (const [key, value] of Object.entries(this.#object)) visit(key, value);
  }

  /** The value as it is, undefined where absent. */
  raw(name: string): unknown {
    if (this.#object instanceof LargeObject) return this.#object.get(name);
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

  array(name: string, fallback?: readonly unknown[]): readonly unknown[] {
    const value = this.#valueOr(name, fallback);
    return Array.isArray(value) ? value : this.#fail(name, "an array");
  }

  /** What `read` makes of each object of an array. The next is not looked at before one is read. */
  objects<T>(name: string, read: (fields: JsonFields) => T, fallback?: readonly unknown[]): T[] {
    return this.array(name, fallback).map((item, index) =>
      read(new JsonFields(item, this.file, this.#at(`${name}.${index}`))),
    );
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
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
