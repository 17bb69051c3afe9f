import { describe, expect, it } from "vitest";
import { AlignedText } from "../aligned-text.ts";
import { BertNormalizer, type BertNormalizerOptions } from "./bert.ts";

function normalize(text: string, options: Partial<BertNormalizerOptions> = {}): string {
  const off = { cleanText: false, handleChineseCharacters: false, stripAccents: false, lowercase: false };
  return new BertNormalizer({ ...off, ...options }).normalize(new AlignedText(text, false)).text;
}

describe("BertNormalizer", () => {
  it("cleans: control characters vanish, white space becomes a space", () => {
    expect(normalize("a\0b\u200bc\ufffdd\te\nf\u3000g\u00adh", { cleanText: true })).toBe("abcd e f gh");
  });

  it("puts spaces around ideographs alone", () => {
    expect(normalize("a中b㐀𠀀ガ한", { handleChineseCharacters: true })).toBe("a 中 b 㐀  𠀀 ガ한");
  });

  it("strips accents, composed or not", () => {
    expect(normalize("é e\u0301 Å ñ ǅ ø", { stripAccents: true })).toBe("e e A n ǅ ø");
  });

  it("strips accents with lower case unless told otherwise", () => {
    expect(normalize("É", { lowercase: true, stripAccents: undefined })).toBe("e");
    expect(normalize("É", { lowercase: true, stripAccents: false })).toBe("é");
    expect(normalize("É", { lowercase: false, stripAccents: undefined })).toBe("É");
  });

  it("lower-cases each character by itself", () => {
    expect(normalize("ΑΣ İ ẞ", { lowercase: true, stripAccents: false })).toBe("ασ i\u0307 ß");
  });

  it("knows where everything came from", () => {
    const normalizer = new BertNormalizer({
      ...{ cleanText: true, handleChineseCharacters: true, stripAccents: undefined, lowercase: true },
    });
    const text = normalizer.normalize(new AlignedText("\0É中😀", true));
    expect(text.text).toBe("e 中 😀");
    const ranges = Array.from({ length: text.text.length }, (_, unit) => [text.startOf(unit), text.endOf(unit)]);
    expect(ranges).toEqual([
      [1, 2],
      [2, 3],
      [2, 3],
      [2, 3],
      [3, 5],
      [3, 5],
    ]);
  });

  it("knows ideographs beyond the basic plane, also after half of one", () => {
    const options = { cleanText: false, handleChineseCharacters: true, stripAccents: false, lowercase: false };
    const normalizer = new BertNormalizer(options);
    const normalizeWith = (text: string): string => normalizer.normalize(new AlignedText(text, false)).text;
    expect(["\ud840x", "a\u{201cc}b", "\udfccx"].map(normalizeWith)).toEqual(["\ud840x", "a \u{201cc} b", "\udfccx"]);
  });
});
