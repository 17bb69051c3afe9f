/**
 * Ways to spoil a file. A change is a few numbers, so that fast-check can draw, repeat and shrink it; what it does depends
 * on the file alone.
 */
import fc from "fast-check";
import { zip } from "../support/zip-file.ts";

/** Numbers that say what is done where; read modulo what there is. */
export interface Change {
  readonly how: number;
  readonly where: number;
  readonly what: number;
  readonly length: number;
}

const large = fc.nat({ max: 0x7fffffff });
const change: fc.Arbitrary<Change> = fc.record({ how: large, where: large, what: large, length: fc.nat({ max: 64 }) });
export const changes: fc.Arbitrary<readonly Change[]> = fc.array(change, { minLength: 1, maxLength: 3 });

/** How a file is laid out, which says how it can be spoiled beside its bytes. */
export type Layout = "bytes" | "text" | "json" | "jsonl" | "yaml" | "safetensors" | "pytorch";

/** The file with all the changes made. */
export function spoiled(bytes: Uint8Array, layout: Layout, list: readonly Change[]): Uint8Array {
  return list.reduce((spoilt, each) => spoilers[layout](spoilt, each), bytes);
}

type Spoiler = (bytes: Uint8Array, change: Change) => Uint8Array;

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const pick = <T>(list: readonly T[], number: number): T => list[number % list.length] as T;

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

const extremes = [0, 1, -1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, -0x80000000, 0x100000, 8];

/** Bytes changed, taken out, doubled, put in, cut off. */
function spoiledBytes(bytes: Uint8Array, { how, where, what, length }: Change): Uint8Array {
  const at = bytes.length === 0 ? 0 : where % bytes.length;
  const end = Math.min(bytes.length, at + length);
  const copy = Uint8Array.from(bytes);
  switch (how % 8) {
    case 0:
      if (copy.length > 0) copy[at] = (copy[at] as number) ^ (1 << (what % 8));
      return copy;
    case 1:
      if (copy.length > 0) copy[at] = what % 256;
      return copy;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(end));
    case 4:
      return joined(bytes.subarray(0, end), bytes.subarray(at));
    case 5:
      return joined(bytes, copy.subarray(at, end).fill(what % 256));
    case 6: {
      const view = new DataView(copy.buffer);
      const value = pick(extremes, what);
      if (at + 4 <= copy.length) view.setInt32(at, value, true);
      return copy;
    }
    default:
      return joined(bytes.subarray(0, at), new Uint8Array(length).fill(what % 256), bytes.subarray(at));
  }
}

const words = [
  "",
  "NaN",
  "-1",
  "1e999",
  "0.5",
  "null",
  "\0",
  "\ufeff",
  "\ud800",
  "../../etc/passwd",
  "\r",
  "\t",
  "\n\n",
];

/** Text changed by its characters or its lines. */
function spoiledText(bytes: Uint8Array, each: Change): Uint8Array {
  const { how, where, what, length } = each;
  if (how % 4 === 0) return spoiledBytes(bytes, { ...each, how: how >> 2 });
  const lines = decode(bytes).split("\n");
  const at = where % lines.length;
  if (how % 4 === 1) lines.splice(at, 1);
  else if (how % 4 === 2) lines.splice(at, 0, pick(words, what).repeat(1 + length));
  else lines[at] = (lines[at] as string).slice(0, length) + pick(words, what) + (lines[at] as string).slice(length);
  return encode(lines.join("\n"));
}

/** What stands in place of a value: as JSON, or what only looks like it. */
const hostileValues: readonly string[] = [
  ...["null", "true", "false", "0", "-1", "1", "0.5", "-0", "1e308", "1e999", "9007199254740993", "2147483648"],
  ...['""', '"x"', '"__proto__"', '"constructor"', '"../../etc/passwd"', '"/etc/passwd"', '"\\u0000"', '"\\ud800"'],
  ...["[]", "{}", "[[]]", "[null]", "[-1]", '{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{}}}'],
  ...["NaN", "Infinity", "-Infinity", "undefined", "'x'", "[1,]", "1e5", "65536", "1000000", "4294967296"],
  `"${"x".repeat(5000)}"`,
  `[${Array.from({ length: 2000 }, () => "1").join()}]`,
  `${"[".repeat(3000)}${"]".repeat(3000)}`,
  `${'{"a":'.repeat(200)}1${"}".repeat(200)}`,
];
const hostileKeys = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "hasOwnProperty",
  "length",
  "0",
  "\u0000",
  "x".repeat(300),
];

type Place = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string };

/** Every member, however deep; those of what an earlier change nested too deeply are left out. */
function placesOf(value: unknown, depth = 0): Place[] {
  if (typeof value !== "object" || value === null || depth > 50) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    { holder: value as Place["holder"], key },
    ...placesOf(inner, depth + 1),
  ]);
}

/** A value, a key or a member changed in place; the text that results need not be JSON any more. */
function spoiledJson(bytes: Uint8Array, each: Change): Uint8Array {
  const { how, where, what } = each;
  let parsed: unknown;
  try {
    parsed = how % 4 === 0 ? undefined : JSON.parse(decode(bytes));
  } catch {
    // What an earlier change left is no JSON.
  }
  const places = placesOf(parsed);
  if (places.length === 0) return spoiledBytes(bytes, { ...each, how: how >> 2 });
  // Few members, deep down many: each depth gets its share.
  const few = places.filter(({ holder }) => holder === parsed);
  const { holder, key } = pick(where % 2 === 0 ? few : places, where >> 1);
  const marker = "\u0001marker\u0001";
  const own = holder as Record<string, unknown>;
  let inPlace = pick(hostileValues, what);
  if (how % 4 === 1 || Array.isArray(holder)) own[key] = marker;
  else if (how % 4 === 2) {
    // Twice, or under another name.
    inPlace = JSON.stringify(own[key]);
    const copy = Object.entries(own);
    for (const name of Object.keys(own)) delete own[name];
    for (const [name, value] of copy) own[name === key ? marker : name] = name === key ? marker : value;
    const named =
      what % 3 === 0
        ? `${JSON.stringify(key)}:${inPlace},${JSON.stringify(key)}`
        : JSON.stringify(pick(hostileKeys, what));
    return encode(
      JSON.stringify(parsed)
        .replace(JSON.stringify(marker), () => named)
        .replace(JSON.stringify(marker), () => inPlace),
    );
  } else delete own[key];
  return encode(JSON.stringify(parsed).replace(JSON.stringify(marker), () => inPlace));
}

/** One of the lines changed, as JSON or as text. */
function spoiledJsonLines(bytes: Uint8Array, each: Change): Uint8Array {
  if (each.how % 2 === 0) return spoiledText(bytes, { ...each, how: each.how >> 1 });
  const lines = decode(bytes).split("\n");
  const at = each.where % lines.length;
  lines[at] = decode(spoiledJson(encode(lines[at] as string), { ...each, how: each.how >> 1 }));
  return encode(lines.join("\n"));
}

/** The header changed as JSON, its length made to fit again; or the bytes of the file. */
function spoiledSafetensors(bytes: Uint8Array, each: Change): Uint8Array {
  if (each.how % 2 === 0 || bytes.length < 8) return spoiledBytes(bytes, { ...each, how: each.how >> 1 });
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) return spoiledBytes(bytes, each);
  const header = spoiledJson(bytes.slice(8, 8 + length), { ...each, how: each.how >> 1 });
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, BigInt(header.length), true);
  return joined(start, header, bytes.subarray(8 + length));
}

/** Pieces of pickles, by what a harmful one would do. */
const pickles: readonly string[] = [
  "cos\nsystem\nX\x04\0\0\0trueq\x00\x85R",
  "cbuiltins\neval\nX\x01\0\0\x001\x85R",
  "(".repeat(500),
  "]".repeat(500),
  "}q\x00h\x00h\x00s",
  "]q\x00h\x00a",
  "X\xff\xff\xff\x7f",
  "\x8a\xff",
  "Q",
  "R",
  "b",
  "\x81",
  "t",
  "h\xff",
  "\x94".repeat(50),
  "j\xff\xff\xff\xff",
  "\x93",
  "0",
  "2",
  "u",
  "G\x7f\xf8\0\0\0\0\0\0",
  "J\xff\xff\xff\xff",
  "I1\n",
  "P1\n",
];

/** An entry of the archive changed, the pickle mostly, and packed again; or the bytes of the file. */
function spoiledPytorch(bytes: Uint8Array, each: Change): Uint8Array {
  const entries = each.how % 3 === 0 ? undefined : entriesOf(bytes);
  const name = Object.keys(entries ?? {}).find((entry) => entry.endsWith("data.pkl"));
  if (entries === undefined || name === undefined)
    return spoiledBytes(bytes, { ...each, how: Math.floor(each.how / 3) });
  const pickle = entries[name] as Uint8Array;
  const at = each.where % Math.max(1, pickle.length);
  const piece = Uint8Array.from(Buffer.from(pick(pickles, each.what), "latin1"));
  const changed =
    each.how % 3 === 1
      ? joined(pickle.subarray(0, at), piece, pickle.subarray(at))
      : spoiledBytes(pickle, { ...each, how: Math.floor(each.how / 3) });
  return Uint8Array.from(zip({ ...entries, [name]: changed }));
}

/** The entries of an archive that is still sound enough. */
function entriesOf(bytes: Uint8Array): Record<string, Uint8Array> | undefined {
  const entries: Record<string, Uint8Array> = {};
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = Buffer.from(bytes).lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0 || end + 20 > bytes.length) return undefined;
  try {
    let at = view.getUint32(end + 16, true);
    while (view.getUint32(at, true) === 0x02014b50) {
      const [size, name, extra, comment] = [24, 28, 30, 32].map((field, index) =>
        index === 0 ? view.getUint32(at + field, true) : view.getUint16(at + field, true),
      ) as [number, number, number, number];
      const local = view.getUint32(at + 42, true);
      const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      entries[decode(bytes.subarray(at + 46, at + 46 + name))] = bytes.slice(start, start + size);
      at += 46 + name + extra + comment;
    }
  } catch {
    return undefined;
  }
  return entries;
}

const spoilers: Readonly<Record<Layout, Spoiler>> = {
  bytes: spoiledBytes,
  text: spoiledText,
  json: spoiledJson,
  jsonl: spoiledJsonLines,
  yaml: spoiledText,
  safetensors: spoiledSafetensors,
  pytorch: spoiledPytorch,
};
