import { describe, expect, it } from "vitest";
import { Random } from "../../random.ts";
import { AlignedText } from "../aligned-text.ts";
import { ByteLevelPreTokenizer } from "./byte-level.ts";
import { WordList } from "./pre-tokenizer.ts";

function words(text: string, addPrefixSpace = false): string[] {
  const found = new WordList();
  new ByteLevelPreTokenizer({ addPrefixSpace }).preTokenize(new AlignedText(text, true), found);
  return found.words.map((word) => word.text);
}

/** GPT-2's published pattern, as a regular expression. */
const PUBLISHED =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

describe("ByteLevelPreTokenizer", () => {
  it("keeps the space with the word after it", () => {
    expect(words("Hello world  twice ")).toEqual(["Hello", "Ġworld", "Ġ", "Ġtwice", "Ġ"]);
  });

  it("cuts contractions in lower case alone", () => {
    expect(words("it's IT'S we'll 'tis")).toEqual(["it", "'s", "ĠIT", "'", "S", "Ġwe", "'ll", "Ġ'", "tis"]);
  });

  it("writes bytes as characters", () => {
    expect(words("é\n中")).toEqual(["Ã©", "Ċ", "ä¸Ń"]);
    expect(words("\ud800")).toEqual(["ï¿½"]);
  });

  it("makes up a space that stands for the first character", () => {
    const found = new WordList();
    new ByteLevelPreTokenizer({ addPrefixSpace: true }).preTokenize(new AlignedText("😀x", true), found);
    expect(found.words.map((word) => word.text)).toEqual(["ĠðŁĺĢ", "x"]);
    expect([
      found.words[0]!.startOf(0),
      found.words[0]!.endOf(0),
      found.words[0]!.startOf(4),
      found.words[0]!.endOf(4),
    ]).toEqual([0, 2, 0, 2]);
    expect(words(" x", true)).toEqual(["Ġx"]);
    expect(words("", true)).toEqual([]);
  });

  it("cuts as the published pattern does", () => {
    const random = new Random(1);
    const pieces = [
      "a",
      "É",
      "中",
      " ",
      "  ",
      "\n",
      "\u3000",
      "'s",
      "'",
      "ll",
      "7",
      "½",
      "!",
      "—",
      "😀",
      "\u0301",
      "'re",
    ];
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: random.integer(10) }, () => pieces[random.integer(pieces.length)]).join("");
      const found = new WordList();
      new ByteLevelPreTokenizer({ addPrefixSpace: false }).preTokenize(new AlignedText(text, true), found);
      const cut = found.words.map((word) => text.slice(word.startOf(0), word.endOf(word.text.length - 1)));
      expect(cut, JSON.stringify(text)).toEqual(text.match(PUBLISHED) ?? []);
    }
  });
});
