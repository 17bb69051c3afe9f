/** Every layout's rows from a few lines as they are published. */
import { describe, expect, it } from "vitest";
import { layouts } from "./data-set-layouts.ts";

const rows = (name: string, ...files: string[]) => layouts[name]?.(files);

describe("layouts of published data sets", () => {
  it("questions with their classes", () => {
    expect(rows("trec", "DESC:manner How did it end ?\nNUM:date When ? \n")).toEqual([
      { text: "How did it end ?", label: "DESC" },
      { text: "When ?", label: "NUM" },
    ]);
  });

  it("dialogues with questions", () => {
    const file = JSON.stringify([
      [["男：好。", "女：不。"], [{ question: "谁?", choice: ["男", "女"], answer: "女" }], "1-1"],
    ]);
    expect(rows("c3", file)).toEqual([
      { context: "男：好。\n女：不。", question: "谁?", choices: ["男", "女"], label: 1 },
    ]);
  });

  it("mistakes by their places", () => {
    const mistake = (place: number, right: string) =>
      `<MISTAKE><LOCATION>${place}</LOCATION>\n<WRONG>x</WRONG><CORRECTION>${right}</CORRECTION></MISTAKE>`;
    const sentence = (text: string, ...mistakes: string[]) =>
      `<SENTENCE>\n <TEXT>${text}</TEXT>${mistakes.join("")}</SENTENCE>`;
    const listedTwice = sentence("身体建慷。", mistake(3, "健"), mistake(4, "康")).repeat(2);
    const file = listedTwice + sentence("好", mistake(9, "坏"), mistake(1, "两字"));
    expect(rows("sighan", file)).toEqual([
      { source: "身体建慷。", target: "身体健康。" },
      { source: "好", target: "好" },
    ]);
  });

  it("pairs in XML", () => {
    const file =
      '<pair id="1" value="TRUE" task="IR"><t>A &amp;\n B</t><h>C</h></pair><pair id="2" entailment="NO"><t>D</t><h>E</h></pair>';
    expect(rows("rte", file)).toEqual([
      { text: "A & B", textPair: "C", label: "entailment" },
      { text: "D", textPair: "E", label: "not_entailment" },
    ]);
  });

  it("names as stretches of text", () => {
    expect(rows("wikiann-spans", "en:New\tB-LOC\nen:York\tI-LOC\nen:Bob\tB-PER\nen:ran\tO\nen:UN\tI-ORG\n")).toEqual([
      {
        text: "New York Bob ran UN",
        entities: [
          { start: 0, end: 8, label: "LOC" },
          { start: 9, end: 12, label: "PER" },
          { start: 17, end: 19, label: "ORG" },
        ],
      },
    ]);
  });

  it("turns that say what the summary says", () => {
    const dialogue = "#Person1#: Hello there.\n#Person2#: My car is broken again.\n#Person1#: Take it to Tom today.";
    const file = JSON.stringify({ dialogue, summary: "My car is broken. Take it to Tom." });
    expect(rows("dialogsum", file)).toEqual([{ sentences: dialogue.split("\n"), labels: [0, 1, 1] }]);
  });

  it("aligned texts, classes by file, marked columns", () => {
    expect(rows("aligned", "teh\n\nx\n", "the\n\ny\n")).toEqual([
      { source: "teh", target: "the" },
      { source: "x", target: "y" },
    ]);
    expect(() => rows("aligned", "a\n", "b\nc\n")).toThrow("2 lines beside 3");
    expect(rows("classes", "bad\n", "good\nfine\n")).toEqual([
      { text: "bad", label: 0 },
      { text: "good", label: 1 },
      { text: "fine", label: 1 },
    ]);
    expect(rows("wikiann", "en:Sioux\tB-ORG\nen:a:b\tO\n\n\nen:x\tO\n")).toEqual([
      { tokens: ["Sioux", "a:b"], labels: ["B-ORG", "O"] },
      { tokens: ["x"], labels: ["O"] },
    ]);
    expect(rows("slot-intents", "to boston \nfares\n", "flight\nairfare\n")).toEqual([
      { text: "to boston", label: "flight" },
      { text: "fares", label: "airfare" },
    ]);
    expect(rows("weibo", "号0\tB-PER\n20\tO\n")).toEqual([{ tokens: ["号", "2"], labels: ["B-PER", "O"] }]);
  });
});
