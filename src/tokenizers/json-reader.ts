/**
 * Reads untrusted JSON. `JSON.parse` makes a hash table of every object, which for a vocabulary takes many times the
 * memory of its file, and of two equal keys it hides one; here a large object is two lists.
 */
import { parseJson } from "../platform/file-errors.ts";
import { fieldError, JsonFields, LargeObject } from "./json-fields.ts";

const DEEPEST = 64;
/** Objects of more keys are read into a `LargeObject`. */
const MOST_PLAIN_KEYS = 256;
/** Longer strings would be views that keep the whole text alive. */
const LONGEST_COPIED = 12;

/** The object that a file's text is. Throws a TokenizerError that names the file. */
export function readJsonFields(text: string, file: string): JsonFields {
  requireShape(text, file);
  return new JsonFields(new JsonReader(text, file).read(), file);
}

/**
 * What a file may have of each kind: so many, and one more for so many characters. The largest published vocabularies,
 * of 256,000 pieces and 600,000 merges, stay below; what stays below takes little more memory than the file itself.
 */
const LIMITS = {
  parts: { what: "arrays and objects", spare: 262_144, charactersEach: 100 },
  keys: { what: "keys", spare: 262_144, charactersEach: 100 },
  strings: { what: "strings", spare: 600_000, charactersEach: 40 },
  commas: { what: "values", spare: 800_000, charactersEach: 20 },
} as const;

/** Refuses, before anything is made of it, a text that would take many times its own size in memory. */
function requireShape(text: string, file: string): void {
  const countdown = ({ what, spare, charactersEach }: (typeof LIMITS)[keyof typeof LIMITS]): (() => void) => {
    const most = spare + Math.floor(text.length / charactersEach);
    let left = most;
    return () => {
      if (left-- > 0) return;
      throw fieldError(file, "(the whole file)", `a file of its length with at most ${most} ${what}`, "more");
    };
  };
  const [part, key, string] = [countdown(LIMITS.parts), countdown(LIMITS.keys), countdown(LIMITS.strings)];
  const comma = countdown(LIMITS.commas);
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      for (at++; at < text.length && text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++;
      string();
    } else if (code === COMMA) comma();
    else if (code === COLON) key();
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      if (++depth > DEEPEST) throw fieldError(file, "(the whole file)", `nested at most ${DEEPEST} deep`, "deeper");
      part();
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
  }
}

/** Thrown where the text is no JSON; never leaves this file. */
const NO_JSON = new Error("no JSON");

class JsonReader {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  /** Values of arrays and objects that are not complete; arrays that grow on their own would keep room for more. */
  readonly #open: unknown[] = [];

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  read(): unknown {
    try {
      const value = this.#value(this.#next());
      if (!Number.isNaN(this.#next())) throw NO_JSON;
      return value;
    } catch (error) {
      // The platform's reader knows how to say what is wrong.
      if (error === NO_JSON) return parseJson(this.#text, this.#file, "tokenizer");
      throw error;
    }
  }

  /** The code of the next character that is no white space, which is then behind; NaN at the end. */
  #next(): number {
    let code = this.#text.charCodeAt(this.#at++);
    while (code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB) {
      code = this.#text.charCodeAt(this.#at++);
    }
    return code;
  }

  /** The value that begins with a character that was just read. */
  #value(code: number): unknown {
    if (code === QUOTE) return this.#string();
    if (code === OPEN_BRACE) return this.#object();
    if (code === OPEN_BRACKET) return this.#array();
    this.#at--;
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#number();
  }

  #object(): object {
    const keys: string[] = [];
    const first = this.#open.length;
    let code = this.#next();
    while (code !== CLOSE_BRACE) {
      if (code !== QUOTE) throw NO_JSON;
      keys.push(this.#string());
      if (this.#next() !== COLON) throw NO_JSON;
      this.#open.push(this.#value(this.#next()));
      code = this.#afterItem(CLOSE_BRACE);
    }
    const values = this.#close(first);
    if (keys.length > MOST_PLAIN_KEYS) return new LargeObject(keys, values);
    const object: Record<string, unknown> = {};
    keys.forEach((key, index) => {
      // Assigned, this one would be the object's prototype.
      if (key === "__proto__") Object.defineProperty(object, key, { value: values[index], enumerable: true });
      else object[key] = values[index];
    });
    return object;
  }

  #array(): unknown[] {
    const first = this.#open.length;
    let code = this.#next();
    while (code !== CLOSE_BRACKET) {
      this.#open.push(this.#value(code));
      code = this.#afterItem(CLOSE_BRACKET);
    }
    return this.#close(first);
  }

  /** The character that the next item begins with, or the one that closes. */
  #afterItem(close: number): number {
    const code = this.#next();
    if (code === close) return code;
    if (code !== COMMA) throw NO_JSON;
    const next = this.#next();
    if (next === close) throw NO_JSON;
    return next;
  }

  #close(first: number): unknown[] {
    const items = this.#open.slice(first);
    this.#open.length = first;
    return items;
  }

  /** The string whose opening quote was just read. */
  #string(): string {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    let isPlain = true;
    for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(++at)) {
      if (code === BACKSLASH) {
        isPlain = false;
        at++;
      } else if (!(code >= SPACE)) throw NO_JSON;
    }
    this.#at = at + 1;
    if (isPlain && at - start <= LONGEST_COPIED) return text.slice(start, at);
    try {
      return JSON.parse(text.slice(start - 1, at + 1));
    } catch {
      throw NO_JSON;
    }
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text);
    if (!found) throw NO_JSON;
    this.#at = NUMBER.lastIndex;
    return Number(found[0]);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TAB = 0x09;
