/**
 * Reads untrusted JSON. `JSON.parse` makes values of all of it, and a hash table of every object, which for a vocabulary
 * takes many times the memory of its file; and of two equal keys it hides one. Here large arrays and objects stay the
 * bytes that they are, which are checked once, and read again by who visits them.
 */
import { TokenizerError } from "../errors.ts";
import { fieldError, JsonFields, LargeArray, LargeObject } from "./json-fields.ts";

const DEEPEST = 64;
/** Arrays and objects of more items stay bytes. */
const MOST_PLAIN = 256;
/** Values that a reader may make that are not in large arrays and objects: thousands of times what settings have. */
const MOST_VALUES = 1 << 17;
/** Longer than any string of a published file. */
const MOST_STRING_BYTES = 1 << 24;
/** Strings of at most so many bytes are made without a decoder, which takes longer to call. */
const MOST_SHORT = 63;

/** The object that a file holds. Throws a TokenizerError that names the file. */
export function readJsonFields(content: string | Uint8Array, file: string): JsonFields {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const start = BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte) ? BYTE_ORDER_MARK.length : 0;
  return new JsonFields(new JsonReader(bytes, file, start).whole(), file);
}

class JsonReader {
  readonly #bytes: Uint8Array;
  readonly #file: string;
  #at: number;
  #depth = 0;
  #values = 0;
  /** Values of arrays and objects that are not complete; arrays that grow on their own would keep room for more. */
  readonly #open: unknown[] = [];

  constructor(bytes: Uint8Array, file: string, at: number) {
    this.#bytes = bytes;
    this.#file = file;
    this.#at = at;
  }

  whole(): unknown {
    const value = this.#value(this.#next());
    if (this.#next() !== END) this.#refuse();
    return value;
  }

  /** Reads the object whose brace was just passed, giving each key and value as soon as it is read. */
  entries(visit: (key: string, value: unknown) => void): void {
    for (let code = this.#next(); code !== CLOSE_BRACE; code = this.#afterItem(CLOSE_BRACE)) {
      const key = this.#key(code);
      this.#values = 0;
      visit(key, this.#value(this.#next()));
    }
  }

  /** The same for an array. */
  items(visit: (item: unknown, index: number) => void): void {
    let index = 0;
    for (let code = this.#next(); code !== CLOSE_BRACKET; code = this.#afterItem(CLOSE_BRACKET)) {
      this.#values = 0;
      visit(this.#value(code), index++);
    }
  }

  /** The next character that is no white space, which is then behind; `END` if there is none. */
  #next(): number {
    const bytes = this.#bytes;
    while (this.#at < bytes.length) {
      const code = bytes[this.#at++]!;
      if (code !== SPACE && code !== LINE_FEED && code !== CARRIAGE_RETURN && code !== TAB) return code;
    }
    this.#at++;
    return END;
  }

  /** The value that begins with a character that was just read. */
  #value(code: number): unknown {
    if (++this.#values > MOST_VALUES) {
      throw fieldError(this.#file, "(the whole file)", `at most ${MOST_VALUES} settings`, "more");
    }
    if (code === QUOTE) return this.#string();
    if (code === OPEN_BRACE) return this.#object();
    if (code === OPEN_BRACKET) return this.#array();
    const start = --this.#at;
    if (code > NINE) return this.#word();
    this.#skipNumber();
    return Number(this.#textOf(start, this.#at));
  }

  #object(): object {
    const [bytes, file, start] = [this.#bytes, this.#file, this.#at];
    const keys: string[] = [];
    const first = this.#enter();
    let code = this.#next();
    for (; code !== CLOSE_BRACE && keys.length < MOST_PLAIN; code = this.#afterItem(CLOSE_BRACE)) {
      keys.push(this.#key(code));
      this.#open.push(this.#value(this.#next()));
    }
    const values = this.#leave(first);
    if (code !== CLOSE_BRACE) {
      const count = keys.length + this.#skipItems(code, CLOSE_BRACE);
      return new LargeObject(count, (visit) => new JsonReader(bytes, file, start).entries(visit));
    }
    const object: Record<string, unknown> = {};
    keys.forEach((key, index) => {
      // Assigned, this one would be the object's prototype.
      if (key === "__proto__") Object.defineProperty(object, key, { value: values[index], enumerable: true });
      else object[key] = values[index];
    });
    return object;
  }

  #array(): readonly unknown[] | LargeArray {
    const [bytes, file, start] = [this.#bytes, this.#file, this.#at];
    const first = this.#enter();
    let code = this.#next();
    for (; code !== CLOSE_BRACKET && this.#open.length - first < MOST_PLAIN; code = this.#afterItem(CLOSE_BRACKET)) {
      this.#open.push(this.#value(code));
    }
    const items = this.#leave(first);
    if (code === CLOSE_BRACKET) return items;
    const count = items.length + this.#skipItems(code, CLOSE_BRACKET);
    return new LargeArray(count, (visit) => new JsonReader(bytes, file, start).items(visit));
  }

  /** Goes one level deeper; returns where its items begin among the open ones. */
  #enter(): number {
    if (++this.#depth > DEEPEST) {
      throw fieldError(this.#file, "(the whole file)", `nested at most ${DEEPEST} deep`, "deeper");
    }
    return this.#open.length;
  }

  #leave(first: number): unknown[] {
    this.#depth--;
    const items = this.#open.slice(first);
    this.#open.length = first;
    return items;
  }

  #key(code: number): string {
    if (code !== QUOTE) this.#refuse();
    const key = this.#string();
    if (this.#next() !== COLON) this.#refuse();
    return key;
  }

  /** The character that the next item begins with, or the one that closes. */
  #afterItem(close: number): number {
    const code = this.#next();
    if (code === close) return code;
    if (code !== COMMA) this.#refuse();
    const next = this.#next();
    if (next === close) this.#refuse();
    return next;
  }

  /** Passes over items up to the character that closes, of which the first begins with `code`; returns how many. */
  #skipItems(code: number, close: number): number {
    let count = 0;
    for (this.#enter(); code !== close; code = this.#afterItem(close)) {
      if (close === CLOSE_BRACE) {
        if (code !== QUOTE) this.#refuse();
        this.#skipString();
        if (this.#next() !== COLON) this.#refuse();
        code = this.#next();
      }
      this.#skip(code);
      count++;
    }
    this.#depth--;
    return count;
  }

  #skip(code: number): void {
    if (code === QUOTE) this.#skipString();
    else if (code === OPEN_BRACE) this.#skipItems(this.#next(), CLOSE_BRACE);
    else if (code === OPEN_BRACKET) this.#skipItems(this.#next(), CLOSE_BRACKET);
    else {
      this.#at--;
      if (code > NINE) this.#word();
      else this.#skipNumber();
    }
  }

  /** The string whose opening quote was just read. */
  #string(): string {
    const start = this.#at;
    const isPlain = this.#skipString();
    const end = this.#at - 1;
    if (end - start > MOST_STRING_BYTES) {
      const expected = `at most ${MOST_STRING_BYTES} bytes in a text`;
      throw fieldError(this.#file, "(the whole file)", expected, `${end - start} bytes`);
    }
    return isPlain ? this.#textOf(start, end) : JSON.parse(this.#textOf(start - 1, end + 1));
  }

  #textOf(start: number, end: number): string {
    const length = end - start;
    if (length > MOST_SHORT) return this.#decoded(start, end);
    const bytes = this.#bytes;
    let units = 0;
    for (let at = start; at < end; ) {
      const first = bytes[at++]!;
      if (first <= LAST_ASCII) {
        UNITS[units++] = first;
        continue;
      }
      // Sequences of four bytes, and wrong ones, are left to the decoder.
      const size = first >= 0xc2 && first < 0xe0 ? 2 : 3;
      if (first < 0xc2 || first >= 0xf0 || at + size - 1 > end) return this.#decoded(start, end);
      let unit = first & (size === 2 ? 0x1f : 0x0f);
      for (let more = 1; more < size; more++) {
        const next = bytes[at++]!;
        if ((next & 0xc0) !== 0x80) return this.#decoded(start, end);
        unit = (unit << 6) | (next & 0x3f);
      }
      if (size === 3 && (unit < 0x800 || (unit >= 0xd800 && unit < 0xe000))) return this.#decoded(start, end);
      UNITS[units++] = unit;
    }
    // Any list of numbers will do, but the types ask for an array.
    return String.fromCharCode.apply(null, FIRST_UNITS[units] as unknown as number[]);
  }

  #decoded(start: number, end: number): string {
    try {
      return UTF8.decode(this.#bytes.subarray(start, end));
    } catch {
      throw fieldError(this.#file, "(the whole file)", "UTF-8", `other bytes between ${start} and ${end}`);
    }
  }

  /** Whether the string has no escapes. */
  #skipString(): boolean {
    const bytes = this.#bytes;
    let isPlain = true;
    for (; this.#at < bytes.length; this.#at++) {
      const code = bytes[this.#at]!;
      if (code === QUOTE) {
        this.#at++;
        return isPlain;
      }
      if (code < SPACE) this.#refuse();
      if (code !== BACKSLASH) continue;
      isPlain = false;
      this.#skipEscape();
    }
    return this.#refuse();
  }

  /** Passes over an escape but for its last character. */
  #skipEscape(): void {
    const code = this.#bytes[++this.#at];
    if (code === undefined || !ESCAPED.includes(code)) this.#refuse();
    if (code !== LETTER_U) return;
    for (let digit = 0; digit < 4; digit++) if (!HEXADECIMAL.includes(this.#bytes[++this.#at] ?? END)) this.#refuse();
  }

  #word(): boolean | null {
    for (const { codes, value } of WORDS) {
      if (!codes.every((code, index) => this.#bytes[this.#at + index] === code)) continue;
      this.#at += codes.length;
      return value;
    }
    return this.#refuse();
  }

  #skipNumber(): void {
    const bytes = this.#bytes;
    if (bytes[this.#at] === MINUS) this.#at++;
    if (bytes[this.#at] === ZERO) this.#at++;
    else this.#skipDigits();
    if (bytes[this.#at] === POINT) {
      this.#at++;
      this.#skipDigits();
    }
    if (bytes[this.#at] !== LETTER_E && bytes[this.#at] !== CAPITAL_E) return;
    const sign = bytes[++this.#at];
    if (sign === MINUS || sign === PLUS) this.#at++;
    this.#skipDigits();
  }

  /** Passes over at least one digit. */
  #skipDigits(): void {
    const start = this.#at;
    for (; this.#at < this.#bytes.length; this.#at++) {
      const code = this.#bytes[this.#at]!;
      if (code < ZERO || code > NINE) break;
    }
    if (this.#at === start) this.#refuse();
  }

  #refuse(): never {
    const place = Math.min(this.#at, this.#bytes.length);
    const near = new TextDecoder().decode(this.#bytes.subarray(Math.max(place - 20, 0), place + 20));
    throw new TokenizerError(`${this.#file} is not valid JSON: it ends early or goes wrong near byte ${place}.`, {
      file: this.#file,
      field: "(the whole file)",
      expected: "JSON",
      received: JSON.stringify(near),
      hint: "Check the file: it may be cut short, or hold comments, NaN or a trailing comma.",
    });
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ascii = (text: string): readonly number[] => [...new TextEncoder().encode(text)];
const WORDS = [
  { codes: ascii("true"), value: true },
  { codes: ascii("false"), value: false },
  { codes: ascii("null"), value: null },
];
const ESCAPED = ascii('"\\/bfnrtu');
const HEXADECIMAL = ascii("0123456789abcdefABCDEF");
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** Where short strings are put together, and views of its beginning by their length. */
const UNITS = new Uint16Array(MOST_SHORT);
const FIRST_UNITS = Array.from({ length: MOST_SHORT + 1 }, (_, length) => UNITS.subarray(0, length));
const LAST_ASCII = 0x7f;
/** Stands for no character. */
const END = -1;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const CAPITAL_E = 0x45;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LETTER_E = 0x65;
const LETTER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TAB = 0x09;
