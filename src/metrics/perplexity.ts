/** How surprised a language model is. */
import { ratio } from "./precision-recall.ts";

export interface PerplexityScores {
  /** Mean negative log-likelihood of a token, in nats. */
  readonly crossEntropy: number;
  /** exp of the cross-entropy. */
  readonly perplexity: number;
  readonly bitsPerToken: number;
  /** Comparable over tokenizers; absent, as is the next, where the documents' lengths are not given. */
  readonly bitsPerByte?: number;
  /** exp of the nats per byte. */
  readonly bytePerplexity?: number;
  /** Mean over the documents that have a token of each one's own perplexity. */
  readonly meanOfDocumentPerplexities: number;
}

/**
 * @param losses of each document the negative log-likelihoods of its tokens, in nats.
 * @param bytes of each document its length in UTF-8.
 */
export function perplexityScores(losses: readonly (readonly number[])[], bytes?: readonly number[]): PerplexityScores {
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  const total = sum(losses.map(sum));
  const tokens = sum(losses.map((document) => document.length));
  const crossEntropy = total / tokens;
  const own = losses.filter(({ length }) => length > 0).map((document) => Math.exp(sum(document) / document.length));
  const scores = {
    crossEntropy,
    perplexity: Math.exp(crossEntropy),
    bitsPerToken: crossEntropy / Math.LN2,
    meanOfDocumentPerplexities: ratio(sum(own), own.length),
  };
  if (bytes === undefined) return scores;
  const perByte = total / sum(bytes);
  return { ...scores, bitsPerByte: perByte / Math.LN2, bytePerplexity: Math.exp(perByte) };
}
