/**
 * What a model has to beat: the most frequent class, and logistic regression over TF-IDF as scikit-learn's
 * `TfidfVectorizer` and `LogisticRegression` with their defaults do it. Deterministic.
 */
import { type LogisticRegression, type SparseRow, trainLogisticRegression } from "./logistic-regression.ts";

/** A label's most frequent value; of equally frequent ones the first in order. */
export function majorityClass(labels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const label of [...labels].sort()) counts.set(label, (counts.get(label) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0] ?? "";
}

/** Words of at least two letters, digits or underscores, in lower case: scikit-learn's default. */
export function wordTerms(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? [];
}

/** Single characters and pairs of neighbours, for scripts that write no spaces: `analyzer="char", ngram_range=(1, 2)`. */
export function characterTerms(text: string): string[] {
  const characters = [...text.toLowerCase().replace(/\s\s+/g, " ")];
  const pairs = characters.slice(1).map((character, at) => `${characters[at]}${character}`);
  return [...characters, ...pairs];
}

/** The terms of two texts, told apart, and those that both have. */
export function pairTerms(first: readonly string[], second: readonly string[]): string[] {
  const both = new Set(second);
  return [
    ...first.map((term) => `1 ${term}`),
    ...second.map((term) => `2 ${term}`),
    ...[...new Set(first)].filter((term) => both.has(term)).map((term) => `both ${term}`),
  ];
}

/** A token in its place: itself, its neighbours, how it is written and how it ends. */
export function tokenTerms(tokens: readonly string[], at: number): string[] {
  const token = tokens[at] ?? "";
  const shape = token
    .replace(/\p{Lu}/gu, "X")
    .replace(/\p{Ll}/gu, "x")
    .replace(/\p{N}/gu, "0")
    .slice(0, 4);
  return [
    `= ${token.toLowerCase()}`,
    `< ${tokens[at - 1]?.toLowerCase() ?? ""}`,
    `> ${tokens[at + 1]?.toLowerCase() ?? ""}`,
    `shape ${shape}`,
    `end ${token.slice(-3).toLowerCase()}`,
  ];
}

export interface TfidfClassifier {
  /** Sorted. */
  readonly labels: readonly string[];
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly regression: LogisticRegression;
  /** The unit vector of a text's weighted terms; those that were not seen in training are left out. */
  vectorize(terms: readonly string[]): SparseRow;
  predict(terms: readonly string[]): string;
}

/** @param documents of each text its terms. */
export function trainTfidfClassifier(
  documents: readonly (readonly string[])[],
  labels: readonly string[],
): TfidfClassifier {
  const documentCounts = new Map<string, number>();
  for (const terms of documents) {
    for (const term of new Set(terms)) documentCounts.set(term, (documentCounts.get(term) ?? 0) + 1);
  }
  const vocabulary = new Map([...documentCounts.keys()].sort().map((term, index) => [term, index]));
  // As if one more document held every term.
  const weights = new Float64Array(vocabulary.size);
  for (const [term, index] of vocabulary) {
    weights[index] = Math.log((documents.length + 1) / ((documentCounts.get(term) ?? 0) + 1)) + 1;
  }
  const vectorize = (terms: readonly string[]): SparseRow => {
    const counts = new Map<number, number>();
    for (const term of terms) {
      const index = vocabulary.get(term);
      if (index !== undefined) counts.set(index, (counts.get(index) ?? 0) + 1);
    }
    const indices = Int32Array.from(counts.keys()).sort();
    const values = Float64Array.from(indices, (index) => (counts.get(index) ?? 0) * (weights[index] as number));
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    return { indices, values: length === 0 ? values : values.map((value) => value / length) };
  };
  const names = [...new Set(labels)].sort();
  const regression = trainLogisticRegression(
    documents.map(vectorize),
    labels.map((label) => names.indexOf(label)),
    vocabulary.size,
  );
  return {
    labels: names,
    vocabulary,
    regression,
    vectorize,
    predict: (terms) => names[regression.predict(vectorize(terms))] as string,
  };
}
