/**
 * How probable whole words are in a blank, when some are several tokens.
 *
 * A masked model sees as many [MASK]s as the word has tokens; the first is filled, then the second given the first, and
 * so on (chain rule). A causal model sees what stands before the blank, and the tokens' log-probabilities are summed.
 *
 * Both are given as shares of the words asked for. A masked model is told by the number of [MASK]s how long the word is:
 * its shares are P(word | context) where short and long words are as likely as each other, as in the weather corpus.
 */
import type { AnyModel } from "../models/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";

export interface Blank {
  readonly before: string;
  readonly after: string;
}

/** Reads both sides. `output` names the model's logits [1, T, V]. */
export async function maskedWordProbabilities(
  model: AnyModel,
  tokenizer: Tokenizer,
  { before, after }: Blank,
  words: readonly string[],
  output: "logits" | "predictionLogits" = "logits",
): Promise<number[]> {
  const scores: number[] = [];
  for (const word of words) {
    const pieces = tokenizer.encodeIds(word);
    const text = before + `${tokenizer.maskToken}`.repeat(pieces.length) + after;
    const row = [...(tokenizer(text, { returnTensors: false }) as EncodedArrays).inputIds];
    let score = 0;
    for (const piece of pieces) {
      const place = row.indexOf(tokenizer.maskTokenId as number);
      const outputs = (await model({ inputIds: [row] })) as Record<string, Tensor>;
      score += logProbability(outputs[output] as Tensor, place, piece);
      row[place] = piece;
    }
    scores.push(score);
  }
  return shares(scores);
}

/** Reads the left side alone. The model gives logits [1, T, V] of the next tokens; `start` is the token before a text. */
export async function causalWordProbabilities(
  model: AnyModel,
  tokenizer: Tokenizer,
  { before, start }: { readonly before: string; readonly start: number },
  words: readonly string[],
): Promise<number[]> {
  const context = [start, ...tokenizer.encodeIds(before)];
  const scores: number[] = [];
  for (const word of words) {
    const pieces = [...tokenizer.encodeIds(word)];
    const { logits } = (await model({ inputIds: [[...context, ...pieces]] })) as { logits: Tensor };
    const terms = pieces.map((piece, i) => logProbability(logits, context.length - 1 + i, piece));
    scores.push(terms.reduce((sum, term) => sum + term, 0));
  }
  return shares(scores);
}

/** The natural logarithm of the softmax of logits [1, T, V] at one place. */
function logProbability({ data, dims }: Tensor, place: number, id: number): number {
  const vocabulary = dims[2] as number;
  const row = (data as Float32Array).subarray(place * vocabulary, (place + 1) * vocabulary);
  const largest = row.reduce((best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY);
  const total = row.reduce((sum, value) => sum + Math.exp(value - largest), 0);
  return (row[id] as number) - largest - Math.log(total);
}

/** Probabilities, from their logarithms, as shares of their sum. */
function shares(scores: readonly number[]): number[] {
  const largest = Math.max(...scores);
  const parts = scores.map((score) => Math.exp(score - largest));
  const total = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / total);
}
