import { describe, expect, it } from "vitest";
import { DataError } from "../errors.ts";
import { cutLine, type LineOptions, readLines } from "./text-lines.ts";

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function linesOf(text: string | Uint8Array, size = 3, options: LineOptions = {}): Promise<string[]> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const lines: string[] = [];
  for await (const block of readLines(chunksOf(bytes, size), "file.txt", options)) lines.push(...block);
  return lines;
}

describe("readLines", () => {
  it.each([1, 2, 3, 5, 1000])("reads every kind of line end and character across chunks of %i bytes", async (size) => {
    expect(await linesOf("\uFEFFone\r\ntwo\nthree\rfour\r\n\r\n今天天气😀", size)).toEqual([
      "one",
      "two",
      "three",
      "four",
      "",
      "今天天气😀",
    ]);
  });

  it("gives a last line with and without its end alike", async () => {
    expect(await linesOf("a\nb")).toEqual(["a", "b"]);
    expect(await linesOf("a\nb\n")).toEqual(["a", "b"]);
    expect(await linesOf("a\nb\r")).toEqual(["a", "b"]);
    expect(await linesOf("")).toEqual([]);
  });

  it("replaces rare bytes that are not UTF-8 and warns once, with the place of the first", async () => {
    const text = new TextEncoder().encode(`${"x".repeat(300)}\n`.repeat(3));
    text[310] = 0xff;
    text[700] = 0xc0;
    const warnings: string[] = [];
    const lines = await linesOf(text, 10_000, { onWarning: (warning) => warnings.push(warning) });
    expect(lines.join("").replaceAll("x", "")).toBe("\uFFFD\uFFFD");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("file.txt");
    expect(warnings[0]).toContain("byte 310");
  });

  it("counts places in bytes, over chunks and characters of several", async () => {
    const text = new TextEncoder().encode("今天天气很好。".repeat(40));
    text.set([0xff], 402); // the first byte of a character: its other two go with it
    const warnings: string[] = [];
    await linesOf(text, 400, { onWarning: (warning) => warnings.push(warning) });
    expect(warnings[0]).toContain("byte 402");
  });

  it("does not count U+FFFD that the file itself holds", async () => {
    const warnings: string[] = [];
    expect(await linesOf("a\uFFFD\n", 2, { onWarning: (warning) => warnings.push(warning) })).toEqual(["a\uFFFD"]);
    expect(warnings).toEqual([]);
  });

  it.each([
    ["Latin-1", Uint8Array.of(0x63, 0x61, 0x66, 0xe9, 0x0a), "byte 3"],
    ["GB 18030", Uint8Array.of(0xbd, 0xf1, 0xcc, 0xec, 0x0a), "byte 0"],
    ["a surrogate", Uint8Array.of(0x61, 0xed, 0xa0, 0x80), "byte 1"],
    ["an overlong form", Uint8Array.of(0x61, 0xe0, 0x80, 0xaf), "byte 1"],
    ["a character cut off at the end", Uint8Array.of(0x61, 0xe4, 0xbb), "byte 1"],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x61, 0x00), "byte 0"],
    ["binary", Uint8Array.of(0x50, 0x4b, 0x03, 0x00), "byte 3"],
  ])("refuses %s with the file and the byte", async (_, bytes, field) => {
    const error = await linesOf(bytes, 100).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ file: "file.txt", field });
    expect((error as DataError).hint).toBeTruthy();
  });

  it("cuts a long line without losing a character, after a sentence if there is one", async () => {
    const sentence = "It rains. It pours! ";
    const lines = await linesOf(sentence.repeat(50), 7, { maxLineCharacters: 100 });
    expect(lines.join("")).toBe(sentence.repeat(50));
    expect(lines.every((line) => line.length <= 100)).toBe(true);
    expect(lines.slice(0, -1).every((line) => /[.!] $/.test(line))).toBe(true);
  });

  it("never cuts inside a surrogate pair", () => {
    const pieces = cutLine("😀".repeat(10), 7);
    expect(pieces.join("")).toBe("😀".repeat(10));
    expect(pieces.every((piece) => piece.length <= 7 && piece.length % 2 === 0)).toBe(true);
  });

  it("refuses a long line where lines are records, with its number", async () => {
    for (const size of [4, 10_000]) {
      const error = await linesOf(`a\n${"b".repeat(101)}\nc`, size, {
        maxLineCharacters: 100,
        longLines: "refuse",
      }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DataError);
      expect(error).toMatchObject({ field: "line 2" });
    }
  });
});
