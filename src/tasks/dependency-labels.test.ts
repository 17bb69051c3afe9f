import { describe, expect, it } from "vitest";
import { BertForTokenClassification } from "../models/classes.ts";
import { headLabels, labelGroups, parseLabels, readParse, type WordScores } from "./dependency-labels.ts";

// "She reads old books ." with "reads" at the root.
const parse = {
  heads: [2, 0, 4, 2, 2],
  relations: ["nsubj", "root", "amod", "obj", "punct"],
  partsOfSpeech: ["PRON", "VERB", "ADJ", "NOUN", "PUNCT"],
};

describe("a parse as labels", () => {
  it("tells heads by their parts of speech, or by how far they are", () => {
    expect(headLabels(parse.heads, parse.partsOfSpeech)).toEqual(["+1@VERB", "root", "+1@NOUN", "-1@VERB", "-1@VERB"]);
    expect(headLabels(parse.heads, undefined)).toEqual(["+1", "root", "+1", "-2", "-3"]);
    // The second noun to the right, the second to the left.
    expect(headLabels([3, 0, 2, 1], ["NOUN", "NOUN", "NOUN", "NOUN"])).toEqual([
      "+2@NOUN",
      "root",
      "-1@NOUN",
      "-3@NOUN",
    ]);
  });

  it.each([true, false])("is read back, with parts of speech: %s", (withTags) => {
    const names = [...new Set(parseLabels(parse, withTags))].sort();
    const config = BertForTokenClassification.configuration.create({ id2label: { ...names } });
    const classes = labelGroups(config as never);
    const sure = (group: "head" | "relation" | "partOfSpeech", label: string): Float64Array =>
      Float64Array.from(classes[group].names, (name) => (name === label ? -0.01 : -9));
    const heads = headLabels(parse.heads, withTags ? parse.partsOfSpeech : undefined);
    const words = heads.map(
      (head, word): WordScores => ({
        head: sure("head", head),
        relation: sure("relation", parse.relations[word] as string),
        partOfSpeech: withTags ? sure("partOfSpeech", parse.partsOfSpeech[word] as string) : new Float64Array(),
      }),
    );
    const read = readParse(words, classes);
    expect(read.heads).toEqual(parse.heads);
    expect(read.relations).toEqual(parse.relations);
    expect(read.partsOfSpeech).toEqual(withTags ? parse.partsOfSpeech : undefined);
    for (const score of read.scores) expect(score).toBeCloseTo(Math.exp(-0.02), 5);
    // Words that nothing is known of, and words that all want to be the root, still make a tree.
    const odd = readParse([undefined, words[1], words[1], undefined], classes);
    expect(odd.heads.filter((head) => head === 0)).toHaveLength(1);
    expect(odd.relations.filter((relation) => relation === "root")).toHaveLength(1);
  });

  it("is not read from a model for something else", () => {
    const config = BertForTokenClassification.configuration.create({ id2label: { 0: "O", 1: "B-PER" } });
    expect(() => labelGroups(config as never)).toThrow(/not trained for dependency-parsing/);
  });
});
