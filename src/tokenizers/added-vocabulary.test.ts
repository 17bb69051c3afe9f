import { describe, expect, it } from "vitest";
import { type AddedToken, AddedVocabulary, specialToken } from "./added-vocabulary.ts";
import { AlignedText } from "./aligned-text.ts";
import { LowercaseNormalizer } from "./normalizers/index.ts";

function split(text: string, tokens: AddedToken[]): (string | [number, string])[] {
  const vocabulary = new AddedVocabulary(tokens.map((token, id) => ({ ...token, id })));
  const parts: (string | [number, string])[] = [];
  vocabulary.splitOriginal(new AlignedText(text, true), (part, id) =>
    parts.push(id === undefined ? part.text : [id, part.text]),
  );
  return parts;
}

describe("AddedVocabulary", () => {
  it("finds tokens anywhere and leaves the text between them", () => {
    expect(split("a<s>b<s>", [specialToken("<s>")])).toEqual(["a", [0, "<s>"], "b", [0, "<s>"]]);
  });

  it("prefers the leftmost, then the longest", () => {
    expect(split("abcd", [specialToken("ab"), specialToken("abc"), specialToken("bcd")])).toEqual([[1, "abc"], "d"]);
  });

  it("takes white space along where the token says so", () => {
    const token = specialToken("<m>", { lstrip: true, rstrip: true });
    expect(split("a \n<m>\u3000 b", [token])).toEqual(["a", [0, " \n<m>\u3000 "], "b"]);
  });

  it("gives white space between two tokens to the first that takes it", () => {
    const token = specialToken("<m>", { lstrip: true, rstrip: true });
    expect(split("<m> <m>", [token])).toEqual([
      [0, "<m> "],
      [0, "<m>"],
    ]);
  });

  it("wants single words to stand alone", () => {
    const token = specialToken("quay", { singleWord: true });
    expect(split("quays quay-quay équay", [token])).toEqual(["quays ", [0, "quay"], "-", [0, "quay"], " équay"]);
  });

  it("takes characters of patterns as they are", () => {
    expect(split("a.b a+b", [specialToken("a.b"), specialToken("a+b")])).toEqual([[0, "a.b"], " ", [1, "a+b"]]);
    expect(split("axb", [specialToken("a.b")])).toEqual(["axb"]);
  });

  it("looks for normalized tokens in normalized text", () => {
    const token = { ...specialToken("LightHouse", { normalized: true }), id: 3 };
    const vocabulary = new AddedVocabulary([token], new LowercaseNormalizer());
    const parts: unknown[] = [];
    vocabulary.splitNormalized(new AlignedText("a lighthouse", false), (part, id) => parts.push([part.text, id]));
    expect(parts).toEqual([
      ["a ", undefined],
      ["lighthouse", 3],
    ]);
    expect([vocabulary.idOf("LightHouse"), vocabulary.idOf("lighthouse")]).toEqual([3, 3]);
  });
});
