/** From a corpus' name to token ids: the tokenizer, loaded or trained, and the corpus cut into training and held-out text. */
import { platform } from "#platform";
import {
  type CorpusSource,
  type SpecialTokens,
  splitHeldOut,
  type TokenizedCorpus,
  tokenizeCorpus,
} from "../data/index.ts";
import { AutoTokenizer, type Tokenizer, TokenizingPool, writeTokenizerJson } from "../tokenizers/index.ts";
import type { StageReport } from "./stages.ts";
import { type TokenizerKind, type TokenizerTrainingOptions, trainTokenizer } from "./tokenizer-training.ts";

export interface CorpusParts {
  readonly training: TokenizedCorpus;
  /** Undefined when nothing is held out. */
  readonly heldOut: TokenizedCorpus | undefined;
  /** How text was held out, for a person. */
  readonly heldOutRule: string;
}

/** The special tokens of a tokenizer, as packing and corruption need them. */
export function specialTokensOf(tokenizer: Tokenizer): SpecialTokens {
  const { padTokenId, unkTokenId, clsTokenId, sepTokenId, maskTokenId, bosTokenId, eosTokenId } = tokenizer;
  // BERT's tokenizers have no token for the end of a text but the one that separates segments.
  const ends = { eosTokenId: eosTokenId ?? sepTokenId };
  const named = { padTokenId, unkTokenId, clsTokenId, sepTokenId, maskTokenId, bosTokenId, ...ends };
  return { vocabSize: tokenizer.length, ...named, additionalSpecialTokenIds: tokenizer.allSpecialIds };
}

/** Loads the tokenizer of a folder, or trains one of `kind` on the corpus. */
export async function prepareTokenizer(
  source: CorpusSource,
  folder: string | null,
  { kind, ...options }: { readonly kind: TokenizerKind } & TokenizerTrainingOptions,
  report: StageReport,
): Promise<Tokenizer> {
  if (folder !== null) return AutoTokenizer.fromPretrained(folder);
  return trainTokenizer(source, kind, options, report);
}

/** From this size on, threads win more than it takes to start them. */
const LARGE_BYTES = 64e6;
/** One thread reads the corpus and stores the ids, which feeds about so many others. */
const MOST_THREADS = 6;

/** Threads for a large corpus. */
function startPool(source: CorpusSource, tokenizer: Tokenizer): TokenizingPool | undefined {
  const threads = Math.min(MOST_THREADS, platform.processorCount() - 1);
  const isLarge = source.sizeBytes !== undefined && source.sizeBytes >= LARGE_BYTES;
  return isLarge && threads > 0 ? TokenizingPool.start(tokenizer.pipeline, threads) : undefined;
}

/** What is held out stays in memory and is read at each evaluation, so it does not grow with the corpus beyond this. */
const MOST_HELD_OUT_TOKENS = 1e6;

/** One document in 20; of a large corpus fewer. */
export const usualHoldOut = (tokens: number): number => Math.max(20, Math.ceil(tokens / MOST_HELD_OUT_TOKENS));

/**
 * Tokenizes the corpus and holds out one document in `holdOutEvery`, or as `usualHoldOut` says; none when that is
 * below 2.
 */
export async function tokenizeAndSplit(
  source: CorpusSource,
  tokenizer: Tokenizer,
  holdOutEvery: number | null,
  layout: { readonly sentences: "lines" | "split"; readonly lineEnd: "" | "\n" },
  options: { readonly cacheFolder: string | undefined; readonly report: StageReport },
): Promise<CorpusParts> {
  const { cacheFolder, report } = options;
  const total = source.sizeBytes;
  const pool = startPool(source, tokenizer);
  const corpus = await tokenizeCorpus(source, {
    ...layout,
    encode: (text) => tokenizer.encodeIds(text),
    encodeTogether: pool && ((texts) => pool.encode(texts)),
    vocabSize: tokenizer.length,
    tokenizerFingerprint: await fingerprintOf(tokenizer),
    ...(cacheFolder === undefined ? {} : { cacheFolder }),
    onProgress: ({ bytes }) => report({ stage: "tokenizing", done: bytes, total, unit: "bytes" }),
  }).finally(() => pool?.close());
  const every = holdOutEvery ?? usualHoldOut(corpus.counts.tokens);
  if (every < 2) return { training: corpus, heldOut: undefined, heldOutRule: "nothing held out" };
  const { training, heldOut, rule } = await splitHeldOut(corpus, every);
  return { training, heldOut, heldOutRule: rule };
}

/** How often each token occurs. */
export async function countTokens(corpus: TokenizedCorpus): Promise<Float64Array> {
  const counts = new Float64Array(corpus.vocabSize);
  for (let index = 0; index < corpus.shardCount; index++) {
    for (const id of (await corpus.shard(index)).tokens) counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

/** Names a tokenizer by what it does. */
async function fingerprintOf(tokenizer: Tokenizer): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(writeTokenizerJson(tokenizer.pipeline)));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
