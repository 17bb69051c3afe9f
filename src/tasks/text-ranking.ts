/**
 * Ranking by a cross-encoder: a query and a document are read together, and one number says how well the document answers.
 * It is learned from pairs that belong together and pairs that do not, each for itself, by the binary cross-entropy.
 *
 * Paper: Nogueira and Cho 2019, "Passage Re-ranking with BERT", https://arxiv.org/abs/1901.04085, §3: their classifier of
 * two classes is here one with one output, as cross-encoders are published today. Negatives are those of the example; an
 * example without any takes the answers to the next four queries of its batch (as many as sentence-transformers takes).
 */
import type { NamedArray, ReadExample } from "../data/index.ts";
import { reshape, type SymbolicTensor } from "../graph/index.ts";
import type { RankedQuery } from "../metrics/index.ts";
import { binaryCrossEntropy } from "../nn/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import { Random } from "../random.ts";
import type { EncodedArrays } from "../tokenizers/index.ts";
import { answersOf } from "./answers.ts";
import { rowsOf } from "./classified-rows.ts";
import { rowsTask } from "./labelled-forward.ts";
import type { Features, PreparedTask, Task, TokenRow } from "./task.ts";
import { rankingFigures } from "./task-figures.ts";
import { inputsOfRows, textWindows, tokenRow } from "./token-rows.ts";

type Example = ReadExample<"text-ranking">;

/** A query with some documents, a row each. */
interface RankingFeatures extends Features {
  readonly query: string;
  readonly documents: readonly string[];
  /** Every text that answers the query. */
  readonly answers: ReadonlySet<string>;
  /** Whether further documents of the batch are negatives. */
  readonly takesOthers: boolean;
}

/** Answers to other queries that are negatives of an example without its own. */
const othersOfBatch = 4;
/** Other documents among which an evaluation looks for the answers to a query that comes without negatives. */
const usualOthers = 9;

export const textRanking: Task<"text-ranking", RankingFeatures, number> = {
  name: "text-ranking",
  modelTasks: ["sequenceClassification"],
  configuration: () => ({ numLabels: 1, problemType: null }),

  prepare({ tokenizer }, options): PreparedTask<Example, RankingFeatures, number> {
    const cut = { sequenceLength: options.sequenceLength };
    const rowOf = (query: string, document: string): TokenRow =>
      tokenRow(textWindows(tokenizer, query, document, cut)[0] as EncodedArrays);
    const lossOf = (logits: SymbolicTensor, { labels }: SymbolicInputs): SymbolicTensor =>
      binaryCrossEntropy(reshape(logits, { shape: (labels as SymbolicTensor).shape }), labels as SymbolicTensor);

    return {
      mainMetric: "mrr",

      features(examples) {
        const answers = answersOf(examples);
        return examples.map(({ query, positive, negatives = [] }, example) => {
          const documents = [positive, ...negatives];
          const rows = documents.map((document) => rowOf(query, document));
          const own = answers.get(query) as ReadonlySet<string>;
          return { example, rows, query, documents, answers: own, takesOthers: negatives.length === 0 };
        });
      },

      evaluationFeatures(examples) {
        const first = new Map(examples.map(({ query }, example) => [query, example] as const).reverse());
        const answers = answersOf(examples);
        const candidates = options.candidates ?? givenCandidates(examples);
        return Array.from(answers, ([query, own]) =>
          (candidates.get(query) ?? []).map((document) => ({
            ...{ example: first.get(query) as number, rows: [rowOf(query, document)] },
            ...{ query, documents: [document], answers: own, takesOthers: false },
          })),
        ).flat();
      },

      batch(features) {
        const rows = features.flatMap((each, index) => [
          ...each.rows.map((row, at) => ({ row, isAnswer: each.answers.has(each.documents[at] as string) })),
          ...othersOf(features, index).map((document) => ({ row: rowOf(each.query, document), isAnswer: false })),
        ]);
        return {
          ...inputsOfRows(
            rows.map(({ row }, example) => ({ example, rows: [row] })),
            tokenizer,
          ),
          labels: labelArray(rows.map(({ isAnswer }) => isAnswer)),
        };
      },

      ...rowsTask(lossOf, options),

      results: (outputs, _batch, features) => rowsOf(outputs, features.length).map(([score]) => score as number),

      evaluate(examples, features, results) {
        const queries = new Map<number, { ranked: [string, number][]; answers: ReadonlySet<string> }>();
        features.forEach(({ example, documents: [document = ""], answers }, index) => {
          const query = queries.get(example) ?? { ranked: [], answers };
          queries.set(example, query);
          query.ranked.push([document, results[index] as number]);
        });
        return rankingFigures(examples.flatMap((_, example) => rankedQuery(queries.get(example))));
      },
    };
  },
};

/** The answers to the queries that follow in the batch, but for those that answer this one as well. */
function othersOf(features: readonly RankingFeatures[], index: number): string[] {
  const { answers, takesOthers } = features[index] as RankingFeatures;
  const others = new Set<string>();
  for (let step = 1; takesOthers && step < features.length && others.size < othersOfBatch; step++) {
    const document = features[(index + step) % features.length]?.documents[0] as string;
    if (!answers.has(document)) others.add(document);
  }
  return [...others];
}

function labelArray(answers: readonly boolean[]): NamedArray {
  return { type: "float32", dims: [answers.length], data: Float32Array.from(answers, Number) };
}

/**
 * The documents that are ranked for each query: its negatives and its answers; where it has no negatives, its answers among
 * others of the file that are drawn once and for all. Answers come last: where scores are equal, that is to their disadvantage.
 */
function givenCandidates(examples: readonly Example[]): Map<string, string[]> {
  const all = [...new Set(examples.flatMap(({ positive, negatives = [] }) => [positive, ...negatives]))];
  const candidates = new Map<string, string[]>();
  for (const [query, answers] of answersOf(examples)) {
    const own = examples.flatMap((example) => (example.query === query ? (example.negatives ?? []) : []));
    const wrong = new Set(own.filter((document) => !answers.has(document)));
    if (wrong.size === 0) {
      const others = all.filter((document) => !answers.has(document));
      new Random(0).fork("candidates", query).shuffle(others);
      for (const document of others.slice(0, usualOthers)) wrong.add(document);
    }
    candidates.set(query, [...wrong, ...answers]);
  }
  return candidates;
}

function rankedQuery(query: { ranked: [string, number][]; answers: ReadonlySet<string> } | undefined): RankedQuery[] {
  if (query === undefined) return [];
  const order = query.ranked.toSorted(([, a], [, b]) => b - a);
  return [
    {
      ranked: order.map(([document]) => document),
      relevance: Object.fromEntries(Array.from(query.answers, (answer) => [answer, 1])),
    },
  ];
}
