import { describe, expect, it } from "vitest";
import { ClassNames, unknownLabels } from "./class-names.ts";

const classes = new ClassNames({ id2label: { 0: "O", 1: "B-city" }, numLabels: 2 });

describe("labels that a model was not trained on", () => {
  it("are passed over by the loss and keep their names", () => {
    expect(["B-city", "O", "B-date"].map((label) => classes.idOrIgnored(label))).toEqual([1, 0, -100]);
    expect(classes.nameOf("B-date")).toBe("B-date");
    expect(unknownLabels(classes, ["B-date", "O", "B-date", "B-airport"])).toEqual({
      unknownLabels: ["B-airport", "B-date"],
    });
    expect(unknownLabels(classes, ["O"])).toEqual({});
  });

  it("are an error where more than half of the examples have one", () => {
    const known = { line: 1, labels: ["O", "B-city"] };
    const strange = { line: 2, labels: ["O", "B-date"] };
    expect(() => classes.requireMostKnown([known, strange])).not.toThrow();
    expect(() => classes.requireMostKnown([known, strange, { ...strange, line: 3 }])).toThrow("Line 2:");
  });

  it("are found under their numbers where classes have no names of their own", () => {
    const unnamed = new ClassNames({ id2label: {}, numLabels: 2 });
    expect([unnamed.idOrIgnored("1"), unnamed.nameOf("1"), unnamed.idOrIgnored("2")]).toEqual([1, "LABEL_1", -100]);
  });
});
