import { describe, expect, it } from "vitest";
import { Vocabulary } from "../vocabulary.ts";
import { readWordPieceFile, WordPieceModel } from "./wordpiece.ts";

const model = new WordPieceModel(new Vocabulary(["[UNK]", "un", "##aff", "##able", "##a", "a", "😀", "##😀"]));
const cut = (word: string): string[] => {
  const { ids, count } = model.tokenize(word);
  return Array.from(ids.subarray(0, count), (id) => model.vocabulary.tokenOf(id)!);
};
const endsOf = (word: string): number[] => {
  const { ends, count } = model.tokenize(word);
  return Array.from(ends.subarray(0, count));
};

describe("WordPieceModel", () => {
  it("takes the longest piece each time", () => {
    expect(cut("unaffable")).toEqual(["un", "##aff", "##able"]);
    expect(endsOf("unaffable")).toEqual([2, 5, 9]);
    expect(Array.from(model.tokenize("unaffable").starts.subarray(0, 3))).toEqual([0, 2, 5]);
    expect(cut("una")).toEqual(["un", "##a"]);
  });

  it("gives a word up as a whole", () => {
    expect(cut("unaffablex")).toEqual(["[UNK]"]);
    expect(endsOf("unaffablex")).toEqual([10]);
  });

  it("counts characters, not units, of long words", () => {
    expect(cut("a".repeat(100)).length).toBe(100);
    expect(cut("a".repeat(101))).toEqual(["[UNK]"]);
    expect(cut("😀".repeat(100)).length).toBe(100);
    expect(cut("😀".repeat(101))).toEqual(["[UNK]"]);
  });

  it("reads and writes vocab.txt", () => {
    const text = "[UNK]\na\n##b\n";
    const read = readWordPieceFile(text.replaceAll("\n", "\r\n"), "vocab.txt", "[UNK]");
    expect(read.vocabulary.idOf("##b")).toBe(2);
    expect(read.vocabularyFiles()).toEqual([["vocab.txt", text]]);
  });
});
