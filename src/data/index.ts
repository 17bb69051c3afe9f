export type {
  BatchPosition,
  BatchStream,
  CorpusPosition,
  MixturePosition,
  NamedArray,
  PositionedBatch,
  TokenBatch,
} from "./batch.ts";
export { int64Array } from "./batch.ts";
export { brownCorpus } from "./brown.ts";
export { type CausalPackingOptions, causalPacking } from "./causal-packing.ts";
export { type ContiguousPackingOptions, contiguousPacking } from "./contiguous-packing.ts";
export { CorpusBatches, type CorpusBatchesOptions } from "./corpus-batches.ts";
export { type CorpusSourceOptions, corpusFromDocuments, openCorpus } from "./corpus-source.ts";
export type { CorpusSource, Document } from "./documents.ts";
export * from "./examples/index.ts";
export { type FeatureBatch, FeatureBatches, type FeatureBatchesOptions } from "./feature-batches.ts";
export { textFingerprint } from "./fingerprint.ts";
export { type FullSentencePackingOptions, fullSentencePacking } from "./full-sentence-packing.ts";
export { type HeldOutSplit, splitHeldOut } from "./held-out-split.ts";
export { BatchMixture, type MixtureMember, mixtureShares } from "./mixture.ts";
export type { BatchRows, ExamplePlan, Packing, PackingField } from "./packing.ts";
export { prefetch } from "./prefetch.ts";
export { splitSentences } from "./sentence-boundaries.ts";
export { type PairClasses, type SentencePairPackingOptions, sentencePairPacking } from "./sentence-pair-packing.ts";
export type { SpecialTokens } from "./special-tokens.ts";
export { documentTokenStart, type ShardCounts, type TokenShard } from "./token-shard.ts";
export { type TokenizeOptions, type TokenizeProgress, tokenizeCorpus, utf8Length } from "./tokenize-corpus.ts";
export type { TokenizedCorpus } from "./tokenized-corpus.ts";
