/** How good ranked lists are, judged down to a cut. Shares in [0, 1], means over queries. */
import { ratio } from "./precision-recall.ts";
import { checkSameLength } from "./same-length.ts";

export interface RankedQuery {
  /** What was found, the best first. */
  readonly ranked: readonly string[];
  /** How relevant documents are, by their ids; those that are not here are not relevant. */
  readonly relevance: Readonly<Record<string, number>>;
}

export interface RetrievalScores {
  /** 1 / rank of the first relevant document; 0 if there is none (Voorhees 1999). */
  readonly mrr: number;
  /** Share of the relevant documents that was found. */
  readonly recall: number;
  /** Share of the cut that is relevant. */
  readonly precision: number;
  /** Share of the queries with a relevant document at all. */
  readonly hitRate: number;
  /** Discounted gain over the best possible one, gain = relevance (Järvelin and Kekäläinen 2002). */
  readonly ndcg: number;
  /** The same with gain = 2^relevance − 1 (Burges et al. 2005). */
  readonly ndcgExponential: number;
  /** Mean of the precision at each relevant document, over min(relevant, cut). */
  readonly map: number;
}

/** The scores of the first `cut` documents of each list. */
export function retrievalScores(queries: readonly RankedQuery[], cut: number): RetrievalScores {
  const each = queries.map((query) => queryScores(query, cut));
  const mean = (key: keyof RetrievalScores): number =>
    ratio(
      each.reduce((sum, scores) => sum + scores[key], 0),
      each.length,
    );
  return {
    mrr: mean("mrr"),
    recall: mean("recall"),
    precision: mean("precision"),
    hitRate: mean("hitRate"),
    ndcg: mean("ndcg"),
    ndcgExponential: mean("ndcgExponential"),
    map: mean("map"),
  };
}

function queryScores({ ranked, relevance }: RankedQuery, cut: number): RetrievalScores {
  const gains = ranked.slice(0, cut).map((id) => (Object.hasOwn(relevance, id) ? (relevance[id] ?? 0) : 0));
  const ideal = Object.values(relevance)
    .filter((gain) => gain > 0)
    .sort((a, b) => b - a);
  const first = gains.findIndex((gain) => gain > 0);
  let [found, precisions] = [0, 0];
  for (const [at, gain] of gains.entries()) {
    if (gain > 0) precisions += ++found / (at + 1);
  }
  const normalized = (gainOf: (relevance: number) => number): number =>
    ratio(discounted(gains.map(gainOf)), discounted(ideal.slice(0, cut).map(gainOf)));
  return {
    mrr: first < 0 ? 0 : 1 / (first + 1),
    recall: ratio(found, ideal.length),
    precision: found / cut,
    hitRate: Number(found > 0),
    ndcg: normalized((gain) => gain),
    ndcgExponential: normalized((gain) => 2 ** gain - 1),
    map: ratio(precisions, Math.min(ideal.length, cut)),
  };
}

/** Gains over the binary logarithm of their rank + 1. */
function discounted(gains: readonly number[]): number {
  return gains.reduce((sum, gain, at) => sum + gain / Math.log2(at + 2), 0);
}

export interface NdcgOptions {
  /** How many places count; all when left out. */
  readonly cut?: number | undefined;
  /** Of equal scores the later one comes first; when false, their gain is the mean over all orders (McSherry and Najork 2008). */
  readonly ignoreTies?: boolean | undefined;
}

/** nDCG of documents by their scores, the mean over queries; a query without a relevant document counts 0. */
export function ndcgOfScores(
  relevance: readonly (readonly number[])[],
  scores: readonly (readonly number[])[],
  { cut = Number.POSITIVE_INFINITY, ignoreTies = false }: NdcgOptions = {},
): number {
  checkSameLength(relevance, scores, "lists of scores");
  const each = relevance.map((gains, query) => {
    const own = scores[query] ?? [];
    checkSameLength(gains, own, "scores");
    const order = Array.from(gains.keys()).sort((a, b) => (own[b] ?? 0) - (own[a] ?? 0) || b - a);
    const ordered = ignoreTies ? order.map((at) => gains[at] ?? 0) : tieAveraged(order, gains, own);
    const ideal = [...gains].sort((a, b) => b - a);
    return ratio(discounted(ordered.slice(0, cut)), discounted(ideal.slice(0, cut)));
  });
  return ratio(
    each.reduce((sum, value) => sum + value, 0),
    each.length,
  );
}

/** Gains in order, those of equal scores replaced by their mean. */
function tieAveraged(order: readonly number[], gains: readonly number[], scores: readonly number[]): number[] {
  const result: number[] = [];
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && scores[order[end] as number] === scores[order[start] as number]) end++;
    const group = order.slice(start, end);
    const mean = group.reduce((sum, at) => sum + (gains[at] ?? 0), 0) / group.length;
    for (const _ of group) result.push(mean);
    start = end;
  }
  return result;
}
