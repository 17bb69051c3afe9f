/** What the trained model says to blanks in sentences. */
import type { TokenizedCorpus } from "../data/index.ts";
import type { AnyModel } from "../models/index.ts";
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import type { DemoLanguage } from "./languages.ts";

export interface Fill {
  readonly token: string;
  readonly probability: number;
}

export interface FilledSentence {
  /** With the blank as the mask token. */
  readonly text: string;
  /** What stood there; undefined for a sentence that was made up. */
  readonly answer: string | undefined;
  /** The most probable first. */
  readonly fills: readonly Fill[];
}

const shortest = 8;
const longest = 18;

/** `count` held-out sentences with one whole word each hidden, drawn by `random` and not chosen by what comes out. */
export async function drawBlanks(
  heldOut: TokenizedCorpus,
  tokenizer: Tokenizer,
  { isWord, printed }: Pick<DemoLanguage, "isWord" | "printed">,
  count: number,
  random: Random,
): Promise<{ text: string; answer: string }[]> {
  const shard = await heldOut.shard(0);
  const sentences = shard.sentenceStarts.length - 1;
  const blanks: { text: string; answer: string }[] = [];
  for (let tries = 0; blanks.length < count && tries < 1000; tries++) {
    const sentence = random.integer(sentences);
    const ids = [...shard.tokens.subarray(shard.sentenceStarts[sentence], shard.sentenceStarts[sentence + 1])];
    const words = tokenizer.convertIdsToTokens(ids);
    if (words.length < shortest || words.length > longest) continue;
    const place = random.integer(words.length);
    if (!isWord(words[place] ?? "", words[place + 1])) continue;
    const hidden = ids.with(place, tokenizer.maskTokenId as number);
    blanks.push({ text: printed(tokenizer.decode(hidden)), answer: words[place] as string });
  }
  return blanks;
}

/** The `count` most probable tokens for the blank of each text, by a model for pretraining. */
export async function fillBlanks(
  model: AnyModel,
  tokenizer: Tokenizer,
  texts: readonly { text: string; answer?: string }[],
  count = 5,
): Promise<FilledSentence[]> {
  const filled: FilledSentence[] = [];
  for (const { text, answer } of texts) {
    const { inputIds } = tokenizer(text, { returnTensors: false }) as unknown as { inputIds: number[] };
    const { predictionLogits: logits } = (await model({ inputIds: [inputIds] })) as { predictionLogits: Tensor };
    const vocabulary = logits.dims[2] as number;
    const place = inputIds.indexOf(tokenizer.maskTokenId as number);
    const row = (logits.data as Float32Array).subarray(place * vocabulary, (place + 1) * vocabulary);
    filled.push({ text, answer, fills: likeliest(row, count, tokenizer) });
  }
  return filled;
}

function likeliest(logits: Float32Array, count: number, tokenizer: Tokenizer): Fill[] {
  const largest = logits.reduce((best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY);
  const total = logits.reduce((sum, value) => sum + Math.exp(value - largest), 0);
  const order = [...logits.keys()].sort((a, b) => (logits[b] as number) - (logits[a] as number)).slice(0, count);
  return order.map((id) => ({
    token: tokenizer.convertIdsToTokens([id])[0] as string,
    probability: Math.exp((logits[id] as number) - largest) / total,
  }));
}
