import { describe, expect, it } from "vitest";
import { withEntityMarkers } from "./entity-markers.ts";
import { relationFigures } from "./task-figures.ts";

describe("entity markers", () => {
  it("stand around both entities, whichever comes first", () => {
    const text = "Ann met Bob in Paris.";
    expect(withEntityMarkers({ text, head: [8, 11], tail: [15, 20] })).toBe("Ann met[E1] Bob[/E1] in[E2] Paris[/E2].");
    expect(withEntityMarkers({ text, head: [15, 20], tail: [0, 3] })).toBe("[E2]Ann[/E2] met Bob in[E1] Paris[/E1].");
  });

  it("nest where entities do, and neighbours do not", () => {
    expect(withEntityMarkers({ text: "ab", head: [0, 1], tail: [1, 2] })).toBe("[E1]a[/E1][E2]b[/E2]");
    expect(withEntityMarkers({ text: "abc", head: [0, 1], tail: [0, 3] })).toBe("[E2][E1]a[/E1]bc[/E2]");
    expect(withEntityMarkers({ text: "abc", head: [0, 3], tail: [2, 3] })).toBe("[E1]ab[E2]c[/E2][/E1]");
    expect(withEntityMarkers({ text: "a", head: [0, 1], tail: [0, 1] })).toBe("[E1][E2]a[/E2][/E1]");
  });
});

describe("the figures of relations", () => {
  it("leave out the class that says that there is none, as TACRED's scorer does", () => {
    const gold = ["no_relation", "no_relation", "born", "born", "works", "works"];
    const predicted = ["no_relation", "born", "born", "no_relation", "works", "born"];
    const { metrics } = relationFigures(gold, predicted);
    // Four relations there, four found, two of them right; born: 1 of 3 found and of 2 there; works: 1 of 1 and of 2.
    expect(metrics.accuracy).toBeCloseTo(3 / 6);
    expect(metrics).toMatchObject({ microPrecision: 0.5, microRecall: 0.5, microF1: 0.5 });
    expect(metrics.macroF1).toBeCloseTo((2 / 5 + 2 / 3) / 2);
  });

  it("are the accuracy where every class is a relation", () => {
    const { metrics } = relationFigures(["a", "b", "c"], ["a", "b", "a"]);
    expect(metrics.microF1).toBeCloseTo(2 / 3);
    expect(metrics.accuracy).toBeCloseTo(2 / 3);
  });
});
