/**
 * Retrieval by a bi-encoder: queries and documents become vectors by one encoder, and what answers a query should be nearer
 * to it than anything else. The other documents of a batch, and the negatives that are given, are what it is told from.
 *
 * Papers: Henderson et al. 2017, https://arxiv.org/abs/1705.00652, §4 (the other answers of a batch as negatives);
 * Karpukhin et al. 2020 (DPR), https://arxiv.org/abs/2004.04906, §3.2; Reimers and Gurevych 2019 (Sentence-BERT),
 * https://arxiv.org/abs/1908.10084 (one encoder for both, pooled). Departures: the same text is one document of a batch
 * however often it occurs there, and another answer to the same query is no negative, where the reference
 * (MultipleNegativesRankingLoss of sentence-transformers) takes both for wrong.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import { CheckpointError } from "../errors.ts";
import { add, matmul, mul, type SymbolicTensor, shapeOf } from "../graph/index.ts";
import type { RankedQuery } from "../metrics/index.ts";
import type { AnyModel, InputSpec, InputSpecs } from "../models/index.ts";
import { crossEntropy } from "../nn/index.ts";
import type { PreparedBatch, SymbolicInputs } from "../objectives/index.ts";
import type { EncodedArrays } from "../tokenizers/index.ts";
import { answersOf } from "./answers.ts";
import { rowsOf } from "./classified-rows.ts";
import { ExactSearch, type FoundVector } from "./exact-search.ts";
import { withLanguageModeling } from "./labelled-forward.ts";
import { readSentenceModules, readSimilarity, type Similarity, writeSentenceModules } from "./sentence-modules.ts";
import type { Features, PreparedTask, Task } from "./task.ts";
import { deepestCut, rankingFigures } from "./task-figures.ts";
import { textVectors, unitVectors } from "./text-vectors.ts";
import { inputsOfRows, textWindows, tokenRow } from "./token-rows.ts";

type Example = ReadExample<"retrieval">;

export interface RetrievalFeatures extends Features {
  /** A query with its documents, the right one first, to learn from; or one text, to be found by its vector. */
  readonly role: "query with documents" | "query" | "document";
  /** Of each row. */
  readonly texts: readonly string[];
  /** Every text of the file that answers the query. */
  readonly answers: ReadonlySet<string>;
}

/** [D] */
type Vector = Float32Array;

/** Takes a document out of a softmax. */
const excluded = -1e9;
const usualScales = { cosine: 20, dot: 1 } as const;

export const retrieval: Task<"retrieval", RetrievalFeatures, Vector> = {
  name: "retrieval",
  settings: ["pooling", "similarity", "similarityScale"],
  modelTasks: ["base"],
  // The pooler of BERT was trained for the next sentence.
  unread: ["pooler."],
  configuration: () => ({}),

  async completeOptions({ vectors = {}, ...options }, folder) {
    const modules = await readSentenceModules(folder);
    if (modules !== undefined && modules.dense.length > 0) throw layersBehindPooling(folder);
    const similarity = vectors.similarity ?? (await readSimilarity(folder)) ?? "cosine";
    return {
      ...options,
      vectors: { ...vectors, pooling: vectors.pooling ?? modules?.pooling ?? ["mean"], similarity },
    };
  },

  prepare({ tokenizer }, options): PreparedTask<Example, RetrievalFeatures, Vector> {
    const { pooling = ["mean"], similarity = "cosine", ...vectors } = options.vectors ?? {};
    const scale = vectors.scale ?? usualScales[similarity];
    const cut = { sequenceLength: options.sequenceLength };
    const rowOf = (text: string) => tokenRow(textWindows(tokenizer, text, undefined, cut)[0] as EncodedArrays);
    const vectorsOf = (model: AnyModel, inputs: SymbolicInputs) => {
      const encoded = textVectors(model, inputs, pooling);
      return { ...encoded, vectors: similarity === "cosine" ? unitVectors(encoded.vectors) : encoded.vectors };
    };

    const rankings = new Rankings(similarity, scale);

    return {
      mainMetric: "mrr",

      features(examples) {
        const answers = answersOf(examples);
        return examples.map(({ query, positive, negatives = [] }, example) => {
          const texts = [query, positive, ...negatives];
          const own = answers.get(query) as ReadonlySet<string>;
          return { example, rows: texts.map(rowOf), texts, answers: own, role: "query with documents" };
        });
      },

      evaluationFeatures(examples) {
        const answers = answersOf(examples);
        const first = new Map(examples.map(({ query }, example) => [query, example] as const).reverse());
        const documents = examples.flatMap(({ positive, negatives = [] }) => [positive, ...negatives]);
        return [
          ...Array.from(answers, ([text, own]) => ({
            ...{ example: first.get(text) as number, rows: [rowOf(text)], texts: [text], answers: own },
            role: "query" as const,
          })),
          ...Array.from(new Set([...documents, ...(options.corpus ?? [])]), (text) => ({
            ...{ example: -1, rows: [rowOf(text)], texts: [text], answers: new Set<string>() },
            role: "document" as const,
          })),
        ];
      },

      batch(features) {
        if (features[0]?.role !== "query with documents") return inputsOfRows(features, tokenizer);
        const { documents, labels, exclusions } = candidatesOf(features);
        const queries = features.map(({ rows, ...rest }) => ({ ...rest, rows: rows.slice(0, 1) }));
        return {
          ...named("query", inputsOfRows(queries, tokenizer)),
          ...named("document", inputsOfRows(documents, tokenizer)),
          labels: int64Array(labels, [features.length]),
          exclusions: { type: "float32", dims: [features.length, documents.length], data: exclusions },
        };
      },

      inputSpecs: (model, batch) => inputSpecsOf(model, batch),

      loss(model, inputs) {
        const { query, document, labels, exclusions } = inputs as unknown as PairInputs;
        const [queries, documents] = [vectorsOf(model, query), vectorsOf(model, document)];
        const products = matmul(queries.vectors, documents.vectors, { transposeRight: true });
        const loss = crossEntropy(add(mul(products, scale), exclusions), labels);
        const { languageModeling } = options;
        const half = languageModeling && { ...languageModeling, weight: languageModeling.weight / 2 };
        return withLanguageModeling(withLanguageModeling(loss, model, queries, half), model, documents, half);
      },

      outputs: (model, inputs) => ({ vectors: vectorsOf(model, inputs).vectors }),
      results: ({ vectors }, _batch, features) => rowsOf({ logits: vectors as never }, features.length),

      evaluate(_examples, features, results) {
        const vectorOf = (index: number): Vector => results[index] as Vector;
        const places = [...features.keys()];
        const documents = places.filter((index) => features[index]?.role === "document");
        const rank = rankings.among(documents.map((index) => [features[index]?.texts[0] ?? "", vectorOf(index)]));
        const queries = places.flatMap((index) => {
          const { role, answers } = features[index] as RetrievalFeatures;
          return role === "query" ? [rank(vectorOf(index), answers)] : [];
        });
        const loss = queries.reduce((sum, query) => sum + query.loss, 0) / queries.length;
        return { metrics: { loss, ...rankingFigures(queries).metrics } };
      },

      writeFiles: (folder, width) => writeSentenceModules(folder, { pooling, similarity, width }),
    };
  },
};

/** The inputs of the loss: B queries of T tokens, N documents of S tokens. */
interface PairInputs {
  readonly query: SymbolicInputs;
  readonly document: SymbolicInputs;
  /** [B]: the right document of each query. */
  readonly labels: SymbolicTensor;
  /** [B, N]: 0, or a large negative number for a document that is another answer. */
  readonly exclusions: SymbolicTensor;
}

/** The documents of a batch, each text once; which is right for each query, and which is neither right nor wrong. */
function candidatesOf(features: readonly RetrievalFeatures[]) {
  const places = new Map<string, number>();
  const documents: Features[] = [];
  for (const { example, rows, texts } of features) {
    texts.forEach((text, at) => {
      if (at === 0 || places.has(text)) return;
      places.set(text, documents.length);
      documents.push({ example, rows: rows.slice(at, at + 1) });
    });
  }
  const labels = Int32Array.from(features, ({ texts: [, positive = ""] }) => places.get(positive) as number);
  const exclusions = new Float32Array(features.length * documents.length);
  features.forEach(({ answers }, query) => {
    for (const answer of answers) {
      const place = places.get(answer);
      if (place !== undefined && place !== labels[query]) exclusions[query * documents.length + place] = excluded;
    }
  });
  return { documents, labels, exclusions };
}

function named(prefix: string, batch: PreparedBatch): PreparedBatch {
  return Object.fromEntries(Object.entries(batch).map(([name, array]) => [`${prefix}.${name}`, array]));
}

/** Specs of `query.inputIds` [B, T], `document.inputIds` [N, S] and their like, of what the model takes of them. */
function inputSpecsOf(model: AnyModel, batch: PreparedBatch): InputSpecs {
  const bare = Object.keys(batch).map((name) => name.replace(/^(query|document)\./, ""));
  const known = model.inputSpecs(new Set(bare));
  const specs: Record<string, InputSpec> = {};
  for (const [index, name] of Object.keys(batch).entries()) {
    const shape = name.startsWith("document.") ? shapeOf("N", "S") : shapeOf("B", "T");
    if (name === "labels") specs[name] = { type: "int64", shape: shapeOf("B") };
    else if (name === "exclusions") specs[name] = { type: "float32", shape: shapeOf("B", "N") };
    else if ((bare[index] as string) in known) specs[name] = { type: "int64", shape };
  }
  return specs;
}

interface Ranking extends RankedQuery {
  /** In nats. */
  readonly loss: number;
}

/** Documents by how near they are to queries. What was ranked once is kept: resamples of an evaluation ask again and again. */
class Rankings {
  readonly #similarity: Similarity;
  readonly #scale: number;
  /** By the first document's vector, and the query's. */
  readonly #known = new WeakMap<Vector, WeakMap<Vector, Ranking>>();

  constructor(similarity: Similarity, scale: number) {
    this.#similarity = similarity;
    this.#scale = scale;
  }

  among(documents: readonly (readonly [text: string, vector: Vector])[]) {
    const [, firstVector] = documents[0] as (typeof documents)[number];
    const known = this.#known.get(firstVector) ?? new WeakMap<Vector, Ranking>();
    this.#known.set(firstVector, known);
    const search = new ExactSearch(this.#similarity);
    for (const [, vector] of documents) search.add(vector);
    return (query: Vector, answers: ReadonlySet<string>): Ranking => {
      const ranking = known.get(query) ?? this.#rank(search.nearest(query, documents.length), documents, answers);
      known.set(query, ranking);
      return ranking;
    };
  }

  #rank(
    found: readonly FoundVector[],
    documents: readonly (readonly [text: string, vector: Vector])[],
    answers: ReadonlySet<string>,
  ): Ranking {
    const isAnswer = found.map(({ place }) => answers.has(documents[place]?.[0] ?? ""));
    const relevance = Object.fromEntries(found.flatMap(({ place }, at) => (isAnswer[at] ? [[place, 1]] : [])));
    const scores = found.map(({ score }) => score * this.#scale);
    // No figure reads further than the first answer, or the tenth place.
    const read = found.slice(0, Math.max(deepestCut, isAnswer.indexOf(true) + 1));
    return { ranked: read.map(({ place }) => String(place)), relevance, loss: meanLoss(scores, isAnswer) };
  }
}

/** The `topK` documents nearest to each query, by the vectors of an evaluation's features. */
export function nearestDocuments(
  features: readonly RetrievalFeatures[],
  vectors: readonly Vector[],
  similarity: Similarity,
  topK: number,
): Map<string, string[]> {
  const search = new ExactSearch(similarity);
  const documents = features.flatMap(({ role, texts: [text = ""] }, index) => {
    if (role !== "document") return [];
    search.add(vectors[index] as Vector);
    return [text];
  });
  const found = features.flatMap(({ role, texts: [query = ""] }, index) => {
    if (role !== "query") return [];
    const nearest = search.nearest(vectors[index] as Vector, topK);
    return [[query, nearest.map(({ place }) => documents[place] as string)] as const];
  });
  return new Map(found);
}

/** −log of each answer's share in a softmax over it and all that is no answer, the mean over answers. */
function meanLoss(scores: readonly number[], isAnswer: readonly boolean[]): number {
  const highest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - highest));
  const wrong = weights.reduce((sum, weight, at) => sum + (isAnswer[at] ? 0 : weight), 0);
  const losses = scores.flatMap((score, at) =>
    isAnswer[at] ? [Math.log(wrong + (weights[at] as number)) - (score - highest)] : [],
  );
  return losses.reduce((sum, each) => sum + each, 0) / losses.length;
}

function layersBehindPooling(folder: string): CheckpointError {
  return new CheckpointError(`${folder} has layers behind its pooling, which cannot be trained here.`, {
    file: folder,
    field: "modules.json",
    expected: "Transformer, Pooling and Normalize",
    received: "Dense",
    hint: "Begin with a folder without such layers, or remove modules.json from a copy of this one.",
  });
}
