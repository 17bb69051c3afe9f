/**
 * JSON as text, where `JSON.parse` and `JSON.stringify` lose what matters here: duplicate keys, how a number was
 * written, and the layout that Python's `json.dumps(…, indent=2, sort_keys=True)` gives to published files.
 */

/** The position after the string literal that begins at `start`, in valid JSON. */
function endOfString(json: string, start: number): number {
  let end = start;
  let backslashes: number;
  do {
    end = json.indexOf('"', end + 1);
    backslashes = 0;
    while (json[end - 1 - backslashes] === "\\") backslashes++;
  } while (backslashes % 2 === 1);
  return end + 1;
}

/** A key that stands twice in one object at any depth, or undefined. The text must be valid JSON. */
export function duplicateKey(json: string): string | undefined {
  // One entry for every open bracket: the keys of an object, nothing for an array.
  const open: (Set<string> | undefined)[] = [];
  const marks = /["{}[\]]/g;
  for (let mark = marks.exec(json); mark; mark = marks.exec(json)) {
    if (mark[0] === "{") open.push(new Set());
    else if (mark[0] === "[") open.push(undefined);
    else if (mark[0] !== '"') open.pop();
    else {
      const end = endOfString(json, mark.index);
      marks.lastIndex = end;
      const keys = open.at(-1);
      if (!keys || !isKey(json, end)) continue;
      const key = JSON.parse(json.slice(mark.index, end)) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/** Whether the string that ended before `end` is a key: only then a colon follows. */
function isKey(json: string, end: number): boolean {
  const next = /[^ \t\n\r]/g;
  next.lastIndex = end;
  return next.exec(json)?.[0] === ":";
}

/** The keys of a JSON object and the text of their values as written. The text must be a valid JSON object; of equal keys the last counts. */
export function memberTexts(json: string): Map<string, string> {
  const members = new Map<string, string>();
  const marks = /["{}[\],:]/g;
  let depth = 0;
  let key = "";
  let valueStart = 0;
  for (let mark = marks.exec(json); mark; mark = marks.exec(json)) {
    const at = mark.index;
    if (mark[0] === '"') {
      const end = endOfString(json, at);
      if (depth === 1 && isKey(json, end)) key = json.slice(at, end);
      marks.lastIndex = end;
    } else if (mark[0] === "{" || mark[0] === "[") depth++;
    else if (mark[0] === ":") {
      if (depth === 1) valueStart = at + 1;
    } else {
      // A comma or closing bracket of the outermost object ends a value.
      if (depth === 1 && key !== "") {
        members.set(JSON.parse(key) as string, json.slice(valueStart, at).trim());
        key = "";
      }
      if (mark[0] !== ",") depth--;
    }
  }
  return members;
}

/** A value as JSON, short enough for a message. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
}

/** A finite number as Python writes a float: `1.0`, `1e-12`, `0.02`. */
export function pythonFloat(value: number): string {
  const [digits = "", power = ""] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const decimal = Object.is(value, -0) ? "-0" : String(value);
  return decimal.includes(".") ? decimal : `${decimal}.0`;
}

/** The order of Python's strings: by code point. JavaScript's own compares UTF-16 units, which differs beyond U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
    return isSurrogate(left) === isSurrogate(right) ? left - right : isSurrogate(left) ? 1 : -1;
  }
  return a.length - b.length;
}

function asciiString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** An object from the texts of its values, in the order given. `indent` is that of the line on which it begins. */
export function objectText(members: readonly (readonly [string, string])[], indent = ""): string {
  if (members.length === 0) return "{}";
  const lines = members.map(([key, text]) => `${indent}  ${asciiString(key)}: ${text}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

/** A plain value as JSON, objects sorted by key, whole numbers without a point. */
export function valueText(value: unknown, indent = ""): string {
  const deeper = `${indent}  `;
  if (typeof value === "string") return asciiString(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((item) => deeper + valueText(item, deeper)).join(",\n")}\n${indent}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([key, item]) => [key, valueText(item, deeper)] as const);
    return objectText(
      members.sort(([a], [b]) => compareCodePoints(a, b)),
      indent,
    );
  }
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : pythonFloat(value);
  return String(value);
}
