/**
 * Trains a WordPiece vocabulary: pairs are merged by frequency, as the reference library does it (the likelihood score
 * of Wu et al. 2016, https://arxiv.org/abs/1609.08144, was never published as code).
 */
import { ConfigurationError } from "../../errors.ts";
import { refuseUnknownNames } from "../../platform/option-names.ts";
import { specialToken } from "../added-vocabulary.ts";
import { WordPieceModel } from "../models/index.ts";
import { BertPreTokenizer } from "../pre-tokenizers/index.ts";
import { bertNormalizer, bertPipeline } from "../published-pipelines.ts";
import { Tokenizer } from "../tokenizer.ts";
import { Vocabulary } from "../vocabulary.ts";
import { learnMerges } from "./learn-merges.ts";
import { TEXT_OPTION_NAMES, type TextOptions, textParts } from "./text-options.ts";
import { trainedConfig } from "./trained-config.ts";
import { checkCounts, requireWords } from "./training-options.ts";
import type { OnTrainingProgress } from "./training-progress.ts";
import { countWords, type Lines } from "./word-counts.ts";

export interface WordPieceTrainingOptions extends TextOptions {
  /** Tokens at most, special ones and characters included; 30,000. */
  vocabSize?: number | undefined;
  /** Pairs that occur less often are not merged; 2. */
  minFrequency?: number | undefined;
  /** Characters at most, the most frequent ones; 1,000. Chinese wants about 6,000. */
  limitAlphabet?: number | undefined;
  /** Characters that are tokens even if the corpus lacks them. */
  initialAlphabet?: readonly string[] | undefined;
  /** First tokens, in this order; [PAD], [UNK], [CLS], [SEP], [MASK], all of which it must hold. */
  specialTokens?: readonly string[] | undefined;
  /** What stands before pieces that continue a word; "##". */
  continuingSubwordPrefix?: string | undefined;
  /** Words of more characters become [UNK] when encoding; 100. */
  maxInputCharactersPerWord?: number | undefined;
  /** true. */
  lowercase?: boolean | undefined;
  /** As `lowercase` if absent. */
  stripAccents?: boolean | undefined;
  /** Make each CJK ideograph a word; true. */
  handleChineseCharacters?: boolean | undefined;
  /** What `truncation: true` cuts to; 512. */
  modelMaxLength?: number | undefined;
  onProgress?: OnTrainingProgress | undefined;
}

const BERT_SPECIAL_TOKENS: readonly string[] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

const NAMES = [
  ...["vocabSize", "minFrequency", "limitAlphabet", "initialAlphabet", "specialTokens", "continuingSubwordPrefix"],
  ...["maxInputCharactersPerWord", "lowercase", "stripAccents", "handleChineseCharacters", "modelMaxLength"],
  ...["onProgress", ...TEXT_OPTION_NAMES],
];

/**
 * Trains BERT's kind of tokenizer on lines of text, which are read once and not kept.
 *
 * @throws DataError if there is no text.
 */
export async function trainWordPiece(lines: Lines, options: WordPieceTrainingOptions = {}): Promise<Tokenizer> {
  refuseUnknownNames(options, NAMES, "the options of trainWordPiece");
  const { vocabSize = 30_000, minFrequency = 2, limitAlphabet = 1000, modelMaxLength = 512 } = options;
  const { continuingSubwordPrefix = "##", maxInputCharactersPerWord = 100, initialAlphabet, onProgress } = options;
  const counts = { vocabSize, minFrequency, limitAlphabet, modelMaxLength, maxInputCharactersPerWord };
  checkCounts(counts);
  const specialTokens = options.specialTokens ?? BERT_SPECIAL_TOKENS;
  requireBertTokens(specialTokens);

  const text = {
    lowercase: options.lowercase ?? true,
    stripAccents: options.stripAccents,
    handleChineseCharacters: options.handleChineseCharacters ?? true,
  };
  const own = { normalizer: bertNormalizer(text), preTokenizer: new BertPreTokenizer() };
  const { normalizer, preTokenizer, isOwn } = textParts(options, own);
  const wordCounts = await countWords(lines, { normalizer, preTokenizer }, onProgress);
  requireWords(wordCounts);
  const { tokens } = await learnMerges(
    wordCounts,
    { vocabSize, minFrequency, limitAlphabet, initialAlphabet, specialTokens, continuingSubwordPrefix },
    onProgress,
  );

  const model = new WordPieceModel(new Vocabulary(tokens), { continuingSubwordPrefix, maxInputCharactersPerWord });
  const published = bertPipeline(model, text, { unk: "[UNK]", cls: "[CLS]", sep: "[SEP]" });
  const pipeline = published.with({ normalizer, preTokenizer });
  pipeline.addTokens(specialTokens.map((token) => specialToken(token)));
  const isPlainBert = isOwn && continuingSubwordPrefix === "##" && maxInputCharactersPerWord === 100;
  const config = trainedConfig(isPlainBert ? "BertTokenizer" : "PreTrainedTokenizerFast", {
    specialTokens: {
      unk_token: "[UNK]",
      sep_token: "[SEP]",
      pad_token: "[PAD]",
      cls_token: "[CLS]",
      mask_token: "[MASK]",
    },
    additionalSpecialTokens: specialTokens.filter((token) => !BERT_SPECIAL_TOKENS.includes(token)),
    modelMaxLength,
    cleanUpTokenizationSpaces: true,
    modelInputNames: ["input_ids", "token_type_ids", "attention_mask"],
    rest: {
      do_lower_case: text.lowercase,
      strip_accents: text.stripAccents ?? null,
      tokenize_chinese_chars: text.handleChineseCharacters,
    },
  });
  return new Tokenizer(pipeline, config);
}

function requireBertTokens(specialTokens: readonly string[]): void {
  const missing = BERT_SPECIAL_TOKENS.filter((token) => !specialTokens.includes(token));
  if (missing.length === 0) return;
  throw new ConfigurationError(`The special tokens lack ${missing.join(", ")}.`, {
    field: "specialTokens",
    expected: BERT_SPECIAL_TOKENS.join(", "),
    received: specialTokens.join(", "),
    hint: "Add them; others may stand beside them, in any order.",
  });
}
