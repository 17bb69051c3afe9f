/** Pre-tokenizers against the reference's; the values were made by test/golden/tokenizers/make_split_cases.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AlignedText } from "../aligned-text.ts";
import { JsonFields } from "../json-fields.ts";
import { readPreTokenizer } from "./index.ts";
import { WordList } from "./pre-tokenizer.ts";

const golden: { texts: string[]; cases: { preTokenizer: object; words: [number, number][][] }[] } = JSON.parse(
  readFileSync(new URL("../../../test/golden/tokenizers/splits.json", import.meta.url), "utf8"),
);

describe("pre-tokenizers", () => {
  it.each(golden.cases.map((each) => [JSON.stringify(each.preTokenizer).slice(0, 120), each] as const))(
    "%s",
    (_, { preTokenizer: json, words }) => {
      const preTokenizer = readPreTokenizer(new JsonFields(json, "golden"));
      golden.texts.forEach((text, index) => {
        const list = new WordList();
        preTokenizer.preTokenize(new AlignedText(text, true), list);
        const cut = list.words.map((word) => [word.startOf(0), word.endOf(word.text.length - 1)]);
        expect({ text, cut }).toEqual({ text, cut: words[index] });
      });
      expect(preTokenizer.toJSON()).toEqual(json);
    },
  );
});
