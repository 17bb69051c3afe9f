/** The baselines are those of scikit-learn: the same terms, weights and minimum. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { trainLogisticRegression } from "./logistic-regression.ts";
import {
  characterTerms,
  majorityClass,
  pairTerms,
  tokenTerms,
  trainTfidfClassifier,
  wordTerms,
} from "./text-baselines.ts";

interface Recorded {
  texts: string[];
  labels: string[];
  new: string[];
  vocabulary: Record<string, number>;
  first: number[];
  coefficients: number[][];
  intercepts: number[];
  predicted: string[];
}
const file = new URL("../test/golden/baselines/tfidf.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Recorded[] };

describe("TF-IDF with logistic regression", () => {
  it.each(cases.map((recorded) => [recorded.intercepts.length, recorded] as const))(
    "%i rows of weights",
    (_, recorded) => {
      const classifier = trainTfidfClassifier(recorded.texts.map(wordTerms), recorded.labels);
      expect(Object.fromEntries(classifier.vocabulary)).toEqual(recorded.vocabulary);
      const { indices, values } = classifier.vectorize(wordTerms(recorded.texts[0] ?? ""));
      const first = recorded.first.map(() => 0);
      for (let i = 0; i < indices.length; i++) first[indices[i] as number] = values[i] as number;
      for (const [at, value] of recorded.first.entries()) expect(first[at]).toBeCloseTo(value, 12);
      const { regression } = classifier;
      expect(regression.converged).toBe(true);
      const wanted = recorded.coefficients.flatMap((row, at) => [...row, recorded.intercepts[at] as number]);
      expect(regression.weights.length).toBe(wanted.length);
      for (const [at, value] of wanted.entries())
        expect(Math.abs((regression.weights[at] ?? 0) - value)).toBeLessThan(1e-4);
      expect(recorded.new.map((text) => classifier.predict(wordTerms(text)))).toEqual(recorded.predicted);
    },
  );

  it("says when it has not converged", () => {
    const rows = [0, 1].map((index) => ({ indices: [index], values: [1] }));
    expect(trainLogisticRegression(rows, [0, 1], 2, { maxIterations: 1, tolerance: 1e-12 })).toMatchObject({
      converged: false,
      iterations: 1,
    });
  });
});

describe("terms", () => {
  it("of texts, pairs and tokens", () => {
    expect(majorityClass(["b", "a", "b", "a", "c"])).toBe("a");
    expect(wordTerms("It's a naïve_1 北京 x")).toEqual(["it", "naïve_1", "北京"]);
    expect(characterTerms("aB😀")).toEqual(["a", "b", "😀", "ab", "b😀"]);
    expect(pairTerms(["x", "y", "x"], ["y"])).toEqual(["1 x", "1 y", "1 x", "2 y", "both y"]);
    expect(tokenTerms(["In", "Bonn2"], 1)).toEqual(["= bonn2", "< in", "> ", "shape Xxxx", "end nn2"]);
  });
});
