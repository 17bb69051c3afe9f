/** How the parts of a tokenizer.json are read: each names its type, and a table knows the reader of each type. */
import { TokenizerError } from "../errors.ts";
import type { JsonFields } from "./json-fields.ts";

/** Deeper nesting of Sequences than any published file has; a bound against hostile ones. */
const DEEPEST = 16;

/**
 * Reads a component by its `type`, or by `fallback` where it has none.
 *
 * @param part names the kind of component in the error for a type that is not known.
 */
export function readComponent<T>(
  fields: JsonFields,
  part: string,
  readers: Readonly<Record<string, (fields: JsonFields) => T>>,
  fallback?: string,
): T {
  if (fields.path.split(".").length > DEEPEST) throw fields.error("type", "a component that is not nested so deeply");
  const type = fields.string("type", fallback);
  const read = Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (read) return read(fields);
  const known = Object.keys(readers).join(", ");
  throw new TokenizerError(`${fields.file}: the ${part} ${JSON.stringify(type)} is not known.`, {
    file: fields.file,
    field: `${fields.path}.type`,
    expected: `one of ${known}`,
    received: JSON.stringify(type),
    hint: `Only tokenizers whose ${part} is among these can be used.`,
  });
}
