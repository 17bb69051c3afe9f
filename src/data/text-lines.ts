/**
 * Bytes to lines of text, in bounded memory: UTF-8 with or without a byte order mark; lines end with LF, CRLF or CR, the
 * last one with or without an end.
 *
 * Bytes that are not UTF-8: where they are rare (at most one character in a hundred of a chunk) each becomes U+FFFD and
 * one warning names the file and the first place; where they are not, the file is in another encoding and is refused.
 */
import { DataError } from "../errors.ts";

/** Receives one sentence for a person. */
export type WarningHandler = (warning: string) => void;

export interface LineOptions {
  /** Longest line in UTF-16 units. */
  maxLineCharacters?: number;
  /** What becomes of a longer one: `cut` into several lines, after a sentence or a word if possible, or `refuse`d. */
  longLines?: "cut" | "refuse";
  onWarning?: WarningHandler | undefined;
}

/** 1 Mi characters: a paragraph is never that long, and a corpus without line ends still passes through small memory. */
const DEFAULT_MAX_LINE_CHARACTERS = 1 << 20;

/** The lines of a file, in blocks as they arrive, without their ends. */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
  options: LineOptions = {},
): AsyncGenerator<string[]> {
  const maxCharacters = options.maxLineCharacters ?? DEFAULT_MAX_LINE_CHARACTERS;
  const refuse = options.longLines === "refuse";
  const decoder = new Utf8Decoder(file, options.onWarning);
  let linesBefore = 0;
  let unfinished = "";
  let carriageReturn = "";

  function finished(lines: string[]): string[] {
    const tooLong = lines.findIndex((line) => line.length > maxCharacters);
    if (tooLong >= 0 && refuse) throw longLineError(file, linesBefore + tooLong + 1, maxCharacters);
    linesBefore += lines.length;
    return tooLong < 0 ? lines : lines.flatMap((line) => cutLine(line, maxCharacters));
  }

  for await (const chunk of chunks) {
    let text = carriageReturn + decoder.decode(chunk);
    carriageReturn = text.endsWith("\r") ? "\r" : ""; // it may be the first half of a CRLF
    if (carriageReturn !== "") text = text.slice(0, -1);
    const lines = splitLines(text);
    lines[0] = unfinished + lines[0];
    unfinished = lines.pop() as string;
    if (lines.length > 0) yield finished(lines);
    if (unfinished.length > maxCharacters) {
      if (refuse) throw longLineError(file, linesBefore + 1, maxCharacters);
      const pieces = cutLine(unfinished, maxCharacters);
      unfinished = pieces.pop() as string;
      yield pieces;
    }
  }
  unfinished += decoder.finish();
  if (unfinished !== "") yield finished([unfinished]);
}

/** 256 Mi characters: a record must be parsed whole. */
const MAX_RECORD_CHARACTERS = 1 << 28;

/** The lines of a file of records one by one, whole, numbered from 1. */
export async function* readNumberedLines(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
  onWarning?: WarningHandler,
): AsyncGenerator<{ line: string; lineNumber: number }> {
  let lineNumber = 0;
  const options = { maxLineCharacters: MAX_RECORD_CHARACTERS, longLines: "refuse", onWarning } as const;
  for await (const lines of readLines(chunks, file, options)) {
    for (const line of lines) yield { line, lineNumber: ++lineNumber };
  }
}

/** The last element has not ended yet. */
function splitLines(text: string): string[] {
  return (text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text).split("\n");
}

/** Pieces of at most `maxCharacters`, each ended after a sentence or a word of its last quarter, if there is one. */
export function cutLine(line: string, maxCharacters: number): string[] {
  const pieces: string[] = [];
  let start = 0;
  while (line.length - start > maxCharacters) {
    const end = start + cutPosition(line.slice(start, start + maxCharacters));
    pieces.push(line.slice(start, end));
    start = end;
  }
  pieces.push(line.slice(start));
  return pieces;
}

function cutPosition(piece: string): number {
  const earliest = Math.floor(piece.length * 0.75);
  for (const boundary of [/[.!?]\s|[。！？]/gu, /\s/gu]) {
    boundary.lastIndex = earliest;
    let last = -1;
    for (let match = boundary.exec(piece); match !== null; match = boundary.exec(piece)) last = boundary.lastIndex;
    if (last > 0) return last;
  }
  const lastUnit = piece.charCodeAt(piece.length - 1);
  const splitsPair = lastUnit >= 0xd800 && lastUnit <= 0xdbff && piece.length > 1;
  return splitsPair ? piece.length - 1 : piece.length;
}

function longLineError(file: string, lineNumber: number, maxCharacters: number): DataError {
  return new DataError(`A line of ${file} is too long to be read whole.`, {
    file,
    field: `line ${lineNumber}`,
    expected: `at most ${maxCharacters} characters`,
    hint: "Cut the record into several, a line each.",
  });
}

/** Streaming UTF-8, which keeps count of what it had to replace. */
export class Utf8Decoder {
  readonly #file: string;
  readonly #onWarning: WarningHandler | undefined;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** The beginning of a character whose end comes with the next chunk. */
  #pending: Uint8Array = new Uint8Array(0);
  #position = 0;
  #warned = false;

  constructor(file: string, onWarning?: WarningHandler) {
    this.#file = file;
    this.#onWarning = onWarning;
  }

  decode(chunk: Uint8Array): string {
    const bytes = this.#pending.length === 0 ? chunk : concatenate(this.#pending, chunk);
    const end = bytes.length - incompleteTail(bytes);
    this.#pending = bytes.slice(end);
    return this.#decodeWhole(bytes.subarray(0, end));
  }

  finish(): string {
    const bytes = this.#pending;
    this.#pending = new Uint8Array(0);
    return this.#decodeWhole(bytes);
  }

  #decodeWhole(bytes: Uint8Array): string {
    if (bytes.length === 0) return "";
    if (this.#position === 0) this.#refuseOtherEncodings(bytes);
    let text = this.#decoder.decode(bytes);
    if (text.includes("\uFFFD")) this.#inspectReplaced(bytes, text);
    if (this.#position === 0 && text.startsWith("\uFEFF")) text = text.slice(1);
    this.#position += bytes.length;
    return text;
  }

  #refuseOtherEncodings(bytes: Uint8Array): void {
    const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    const isUtf16 = mark === 0xfffe || mark === 0xfeff;
    if (isUtf16) {
      throw new DataError(`${this.#file} is UTF-16, not UTF-8.`, {
        file: this.#file,
        field: "byte 0",
        expected: "UTF-8",
        received: "a UTF-16 byte order mark",
        hint: "Convert it first, for example: iconv -f utf-16 -t utf-8 FILE > NEW.",
      });
    }
    const nul = bytes.indexOf(0);
    if (nul >= 0) {
      throw new DataError(`${this.#file} holds binary data, not text.`, {
        file: this.#file,
        field: `byte ${nul}`,
        expected: "UTF-8 text",
        received: "a zero byte",
        hint: "Give a text file or a JSON Lines file, plain or with gzip.",
      });
    }
  }

  #inspectReplaced(bytes: Uint8Array, text: string): void {
    const { count, first } = invalidSequences(bytes);
    if (count === 0) return; // the file itself holds U+FFFD
    const position = this.#position + first;
    const field = `byte ${position}`;
    const received = `0x${(bytes[first] as number).toString(16).padStart(2, "0")}`;
    if (count * 100 > text.length) {
      throw new DataError(`${this.#file} is not UTF-8.`, {
        file: this.#file,
        field,
        expected: "UTF-8",
        received,
        hint: "Convert it first, for example: iconv -f gb18030 -t utf-8 FILE > NEW.",
      });
    }
    if (this.#warned) return;
    this.#warned = true;
    this.#onWarning?.(
      `${this.#file} is not UTF-8 at ${field} (${received}): such bytes are read as U+FFFD here and further on.`,
    );
  }
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Length that a lead byte announces; 0 for bytes that begin nothing. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

/** How many bytes at the end begin a character without ending it. */
function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}

/** Number and first offset of the places that are not UTF-8 (overlong forms, surrogates and values past U+10FFFF are not). */
function invalidSequences(bytes: Uint8Array): { count: number; first: number } {
  let count = 0;
  let first = -1;
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] as number;
    const length = sequenceLength(lead);
    if (length > 0 && continues(bytes, at, lead, length)) {
      at += length;
      continue;
    }
    if (first < 0) first = at;
    count++;
    at++;
    while (at < bytes.length && ((bytes[at] as number) & 0xc0) === 0x80) at++;
  }
  return { count, first };
}

function continues(bytes: Uint8Array, at: number, lead: number, length: number): boolean {
  if (at + length > bytes.length) return false;
  for (let i = 1; i < length; i++) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return false;
  const second = bytes[at + 1] as number;
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second < 0xa0;
  if (lead === 0xf0) return second >= 0x90;
  if (lead === 0xf4) return second < 0x90;
  return true;
}
