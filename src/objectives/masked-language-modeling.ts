/**
 * Masked language modeling: tokens are hidden and told from what stands on both sides.
 *
 * Paper: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, §3.1 and A.1: 15% of the tokens are selected; 80% of
 * those become [MASK], 10% a random token, 10% stay. As there, a random token is any of the vocabulary, special ones too.
 * Selected are never special tokens, [UNK] included. Dynamic masking (other draws each epoch) is RoBERTa's; static
 * masking draws once, or so many times as there are copies: BERT's prepared data held ten of each row.
 */
import {
  contiguousPacking,
  fullSentencePacking,
  int64Array,
  type Packing,
  type SpecialTokens,
  type TokenBatch,
} from "../data/index.ts";
import { requireToken, specialTokenFlags } from "../data/special-tokens.ts";
import { ConfigurationError } from "../errors.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import { crossEntropy } from "../nn/index.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import type { Random } from "../random.ts";
import { IGNORED_LABEL } from "./classification-tally.ts";
import { type Objective, objectiveInputs, type PreparedBatch, type SymbolicInputs } from "./objective.ts";
import { checkSelection, selectTokens } from "./token-selection.ts";
import { tallyVocabulary, vocabularyScores } from "./vocabulary-scores.ts";

export interface MaskingOptions {
  /** Share of the tokens that are selected; 0.15. */
  share?: number;
  /** Share of the selected that become [MASK]; 0.8. */
  maskShare?: number;
  /** Share of the selected that become a random token; 0.1. The rest stays. */
  randomShare?: number;
  /** Whether other tokens are selected each time that an example comes, or always the same ones; `dynamic`. */
  draws?: "dynamic" | "static";
  /** Of static draws: the differently masked copies of a row that take turns, epoch by epoch; 1. BERT's data: 10. */
  copies?: number;
  /** What is selected together: single tokens (default), whole words, or runs of 1 to `maxNgram` words, p(n) ∝ 1/n. */
  unit?: "token" | "word" | "n-gram";
  /** [V]: 1 for ids that begin a word (see `wordStarts`). Needed for whole words. */
  wordStarts?: Uint8Array;
  /** 3, as in ALBERT. */
  maxNgram?: number;
  /** No more than this many of a row; BERT: 20 of 128. Default: no limit. */
  maxPredictionsPerSequence?: number;
  /** How rows are cut: running text (default), or whole sentences as in RoBERTa; lines are then cut into sentences. */
  rows?: "contiguous" | "full-sentences";
}

/**
 * What evaluation does otherwise: every selected token becomes [MASK], the same ones are selected every time, and they are
 * the published 15%, token by token, whatever training selects, so that the figures of different runs compare.
 */
export const evaluationMasking = {
  ...({ share: 0.15, maskShare: 1, randomShare: 0, draws: "static", copies: 1, unit: "token" } as const),
  maxPredictionsPerSequence: Number.POSITIVE_INFINITY,
};

const MASKING_OPTIONS: readonly (keyof MaskingOptions)[] = [
  "share",
  "maskShare",
  "randomShare",
  "draws",
  "copies",
  "unit",
  "wordStarts",
  "maxNgram",
  "maxPredictionsPerSequence",
  "rows",
];

/** A masked language model: logits [S, V] of the positions asked for. */
export interface MaskedLanguageModel {
  forward(inputs: SymbolicInputs & { inputIds: SymbolicTensor }): { readonly logits: SymbolicTensor };
}

/** What was hidden in a batch, S tokens in all. */
export interface MaskedTokens {
  /** [B, T] */
  readonly inputIds: Int32Array;
  /** [S]: places in the flattened [B·T] tokens, ascending. */
  readonly positions: Int32Array;
  /** [S]: the tokens that stood there. */
  readonly labels: Int32Array;
}

/** Hides tokens of a batch. Pure given the generator, which is not moved; the batch is left as it was. */
export type TokenMasker = (batch: TokenBatch, random: Random) => MaskedTokens;

/** The corruption alone, for objectives that are built on it. */
export function tokenMasker(tokens: SpecialTokens, options: MaskingOptions = {}): TokenMasker {
  refuseUnknownNames(options, MASKING_OPTIONS, "the options of masked language modeling");
  const { share = 0.15, maskShare = 0.8, randomShare = 0.1, unit = "token" } = options;
  if (!(maskShare >= 0 && randomShare >= 0 && maskShare + randomShare <= 1 + 1e-9)) {
    throw new ConfigurationError("The shares of masked and random tokens must be parts of one.", {
      field: "maskShare, randomShare",
      expected: "non-negative, with a sum of at most 1",
      received: `${maskShare}, ${randomShare}`,
    });
  }
  const maskTokenId = requireToken(tokens, "maskTokenId", "masked-language-modeling");
  const drawOf = drawsOf(options);
  const isSpecial = specialTokenFlags(tokens);
  const { wordStarts, maxNgram = 3, maxPredictionsPerSequence: maxPerSequence = Number.POSITIVE_INFINITY } = options;
  const selection = { share, unit, wordStarts, maxNgram, maxPerSequence };
  checkSelection(selection, tokens.vocabSize);

  return (batch, random) => {
    const draw = drawOf(random.fork("masking", ...batch.key), batch.epoch);
    const inputIds = batch.inputIds.slice();
    const positions: number[] = [];
    const labels: number[] = [];
    for (let row = 0; row < batch.batchSize; row++) {
      const rowRandom = draw.fork(batch.examples[row] as number);
      for (const position of selectTokens(batch.inputIds, candidatesOf(batch, row, isSpecial), selection, rowRandom)) {
        positions.push(position);
        labels.push(batch.inputIds[position] as number);
        const role = rowRandom.uniform();
        if (role < maskShare) inputIds[position] = maskTokenId;
        else if (role < maskShare + randomShare) inputIds[position] = rowRandom.integer(tokens.vocabSize);
      }
    }
    if (positions.length === 0) {
      // Nothing but special tokens: one position that counts for nothing, so that no array is empty.
      positions.push(0);
      labels.push(IGNORED_LABEL);
    }
    return { inputIds, positions: Int32Array.from(positions), labels: Int32Array.from(labels) };
  };
}

/** Which of a row's draws an epoch takes. */
function drawsOf({ draws = "dynamic", copies = 1 }: MaskingOptions): (stream: Random, epoch: number) => Random {
  if (!Number.isInteger(copies) || copies < 1 || (copies > 1 && draws === "dynamic")) {
    throw new ConfigurationError("Rows cannot be masked in so many ways.", {
      field: "copies",
      expected: draws === "static" ? "a positive integer" : "none: dynamic masks are new in each epoch",
      received: String(copies),
    });
  }
  if (draws === "dynamic") return (stream, epoch) => stream.fork(epoch);
  return copies === 1 ? (stream) => stream : (stream, epoch) => stream.fork("copy", epoch % copies);
}

/** Positions of a row that hold text. */
function candidatesOf(batch: TokenBatch, row: number, isSpecial: Uint8Array): number[] {
  const candidates: number[] = [];
  const end = (row + 1) * batch.sequenceLength;
  for (let position = row * batch.sequenceLength; position < end; position++) {
    if (batch.attentionMask?.[position] === 0) break; // padding stands behind
    if (isSpecial[batch.inputIds[position] as number] === 0) candidates.push(position);
  }
  return candidates;
}

/** The arrays that a masked batch feeds. */
export function maskedInputs(batch: TokenBatch, masked: MaskedTokens): PreparedBatch {
  const perToken = [batch.batchSize, batch.sequenceLength];
  const selected = [masked.positions.length];
  const { attentionMask, tokenTypeIds } = batch;
  return {
    inputIds: int64Array(masked.inputIds, perToken),
    ...(attentionMask === undefined ? {} : { attentionMask: int64Array(attentionMask, perToken) }),
    ...(tokenTypeIds === undefined ? {} : { tokenTypeIds: int64Array(tokenTypeIds, perToken) }),
    positions: int64Array(masked.positions, selected),
    labels: int64Array(masked.labels, selected),
  };
}

export function maskedLanguageModeling(
  tokens: SpecialTokens,
  options: MaskingOptions = {},
): Objective<MaskedLanguageModel> {
  const mask = tokenMasker(tokens, options);
  const maskAll = tokenMasker(tokens, { ...options, ...evaluationMasking });
  const { inputIds, attentionMask, tokenTypeIds, positions, labels } = objectiveInputs;
  return {
    name: "masked-language-modeling",
    corpus: { sentences: options.rows === "full-sentences" ? "split" : "lines", lineEnd: "" },
    redraw: options.draws !== "static",
    inputSpecs: { inputIds, attentionMask, tokenTypeIds, positions, labels },
    packing: ({ sequenceLength, evaluation = false }): Packing =>
      options.rows === "full-sentences"
        ? fullSentencePacking(tokens, { sequenceLength, shift: !evaluation })
        : contiguousPacking(tokens, { sequenceLength, shift: !evaluation, tail: evaluation ? "pad" : "wrap" }),
    prepareBatch: (batch, random) => maskedInputs(batch, mask(batch, random)),
    prepareEvaluationBatch: (batch, random) => maskedInputs(batch, maskAll(batch, random)),
    loss: (model, { labels: expected, ...inputs }) =>
      crossEntropy(
        model.forward(inputs as SymbolicInputs & { inputIds: SymbolicTensor }).logits,
        expected as SymbolicTensor,
      ),
    evaluationOutputs(model, { labels, ...inputs }) {
      const { logits } = model.forward(inputs as SymbolicInputs & { inputIds: SymbolicTensor });
      return vocabularyScores(logits, labels as SymbolicTensor);
    },
    score(outputs, batch) {
      const { loss, accuracy } = tallyVocabulary(outputs, batch.labels);
      return { loss, maskedAccuracy: accuracy };
    },
  };
}
