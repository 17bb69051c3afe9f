/**
 * Trains byte-pair encoding over characters, with a mark at the end of words, as OpenAI's GPT has it.
 *
 * Sennrich et al. 2016, https://arxiv.org/abs/1508.07909; Radford et al. 2018, "Improving Language Understanding by
 * Generative Pre-Training".
 */
import { ConfigurationError } from "../../errors.ts";
import { refuseUnknownNames } from "../../platform/option-names.ts";
import { specialToken } from "../added-vocabulary.ts";
import { BpeDecoder } from "../decoders/index.ts";
import { BpeModel } from "../models/index.ts";
import {
  LowercaseNormalizer,
  type Normalizer,
  SequenceNormalizer,
  UnicodeFormNormalizer,
} from "../normalizers/index.ts";
import { BertPreTokenizer } from "../pre-tokenizers/index.ts";
import { bertNormalizer } from "../published-pipelines.ts";
import { Tokenizer } from "../tokenizer.ts";
import { TokenizerPipeline } from "../tokenizer-pipeline.ts";
import { Vocabulary } from "../vocabulary.ts";
import { learnMerges } from "./learn-merges.ts";
import { TEXT_OPTION_NAMES, type TextOptions, textParts } from "./text-options.ts";
import { trainedConfig } from "./trained-config.ts";
import { checkCounts, requireWords } from "./training-options.ts";
import type { OnTrainingProgress } from "./training-progress.ts";
import { countWords, type Lines } from "./word-counts.ts";

export interface CharacterBpeTrainingOptions extends TextOptions {
  /** Tokens at most, special ones and characters included; 30,000. */
  vocabSize?: number | undefined;
  /** Pairs that occur less often are not merged; 2. */
  minFrequency?: number | undefined;
  /** Characters at most, the most frequent ones; no limit. */
  limitAlphabet?: number | undefined;
  /** Characters that are tokens even if the corpus lacks them. */
  initialAlphabet?: readonly string[] | undefined;
  /** Tokens that would reach so many characters, affixes not counted, are not made, but for pairs; no limit. */
  maxTokenLength?: number | undefined;
  /** First tokens, in this order; `<unk>`, which it must hold. */
  specialTokens?: readonly string[] | undefined;
  /** Which of the special tokens ends a text; none. */
  endToken?: string | undefined;
  /** What stands before pieces that continue a word; nothing. */
  continuingSubwordPrefix?: string | undefined;
  /** What ends the last character of a word; "</w>". */
  endOfWordSuffix?: string | undefined;
  /** "bert" cleans and sets ideographs apart, as GPT does; "nfkc" unifies what Unicode holds for compatible; "bert". */
  normalization?: "bert" | "nfkc" | undefined;
  /** true. */
  lowercase?: boolean | undefined;
  /** What `truncation: true` cuts to; 512. */
  modelMaxLength?: number | undefined;
  onProgress?: OnTrainingProgress | undefined;
}

const UNKNOWN = "<unk>";
const NAMES = [
  ...["vocabSize", "minFrequency", "limitAlphabet", "specialTokens", "endOfWordSuffix", "normalization", "lowercase"],
  ...["initialAlphabet", "maxTokenLength", "continuingSubwordPrefix", "modelMaxLength", "onProgress"],
  ...["endToken", ...TEXT_OPTION_NAMES],
];

/**
 * Trains GPT's kind of tokenizer on lines of text, which are read once and not kept.
 *
 * @throws DataError if there is no text.
 */
export async function trainCharacterBpe(lines: Lines, options: CharacterBpeTrainingOptions = {}): Promise<Tokenizer> {
  refuseUnknownNames(options, NAMES, "the options of trainCharacterBpe");
  const { vocabSize = 30_000, minFrequency = 2, limitAlphabet, modelMaxLength = 512, onProgress } = options;
  const { initialAlphabet, maxTokenLength, continuingSubwordPrefix } = options;
  checkCounts({ vocabSize, minFrequency, limitAlphabet, maxTokenLength, modelMaxLength });
  const { endToken, endOfWordSuffix = "</w>" } = options;
  const { specialTokens = endToken === undefined ? [UNKNOWN] : [UNKNOWN, endToken] } = options;
  requireUnknown(specialTokens);

  const { normalization = "bert", lowercase = true } = options;
  const own = { normalizer: normalizerOf(normalization, lowercase), preTokenizer: new BertPreTokenizer() };
  const { normalizer, preTokenizer, isOwn } = textParts(options, own);
  const wordCounts = await countWords(lines, { normalizer, preTokenizer }, onProgress);
  requireWords(wordCounts);
  const { tokens, merges } = await learnMerges(
    wordCounts,
    {
      ...{ vocabSize, minFrequency, limitAlphabet, initialAlphabet, maxTokenLength, specialTokens },
      ...{ continuingSubwordPrefix, endOfWordSuffix },
    },
    onProgress,
  );

  const model = new BpeModel(new Vocabulary(tokens), merges, {
    ...{ unknownToken: UNKNOWN, continuingSubwordPrefix, endOfWordSuffix },
  });
  const decoder = new BpeDecoder(endOfWordSuffix);
  const pipeline = new TokenizerPipeline({ normalizer, preTokenizer, model, decoder });
  pipeline.addTokens(specialTokens.map((token) => specialToken(token)));
  const isPlain = continuingSubwordPrefix === undefined && endOfWordSuffix === "</w>";
  const isPublished = isOwn && normalization === "bert" && lowercase && isPlain;
  const config = trainedConfig(isPublished ? "OpenAIGPTTokenizer" : "PreTrainedTokenizerFast", {
    specialTokens: { unk_token: UNKNOWN, ...(endToken === undefined ? {} : { eos_token: endToken }) },
    additionalSpecialTokens: specialTokens.filter((token) => token !== UNKNOWN && token !== endToken),
    modelMaxLength,
    cleanUpTokenizationSpaces: false,
    modelInputNames: ["input_ids", "attention_mask"],
    rest: {},
  });
  return new Tokenizer(pipeline, config);
}

function normalizerOf(normalization: "bert" | "nfkc", lowercase: boolean): Normalizer {
  if (normalization === "bert") return bertNormalizer({ lowercase });
  const nfkc = new UnicodeFormNormalizer("NFKC");
  return lowercase ? new SequenceNormalizer([nfkc, new LowercaseNormalizer()]) : nfkc;
}

function requireUnknown(specialTokens: readonly string[]): void {
  if (specialTokens.includes(UNKNOWN)) return;
  throw new ConfigurationError(`The special tokens lack ${UNKNOWN}.`, {
    field: "specialTokens",
    expected: UNKNOWN,
    received: specialTokens.join(", "),
    hint: "Add it: it stands for characters that the vocabulary lacks.",
  });
}
