/**
 * Trains GPT-2's kind of tokenizer: byte-pair encoding over the bytes of UTF-8, so that nothing is ever unknown.
 *
 * Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", §2.2.
 */
import { refuseUnknownNames } from "../../platform/option-names.ts";
import { specialToken } from "../added-vocabulary.ts";
import { BYTE_CHARACTERS } from "../byte-characters.ts";
import { BpeModel } from "../models/index.ts";
import { ByteLevelPreTokenizer } from "../pre-tokenizers/index.ts";
import { gpt2Pipeline, robertaPipeline } from "../published-pipelines.ts";
import { Tokenizer } from "../tokenizer.ts";
import type { SpecialTokenMap } from "../tokenizer-classes.ts";
import { tokenizerClass } from "../tokenizer-classes.ts";
import { Vocabulary } from "../vocabulary.ts";
import { learnMerges } from "./learn-merges.ts";
import { TEXT_OPTION_NAMES, type TextOptions, textParts } from "./text-options.ts";
import { trainedConfig } from "./trained-config.ts";
import { checkCounts, requireWords } from "./training-options.ts";
import type { OnTrainingProgress } from "./training-progress.ts";
import { countWords, type Lines } from "./word-counts.ts";

export interface ByteLevelBpeTrainingOptions extends TextOptions {
  /** Tokens at most, special ones and the 256 bytes included; 30,000. */
  vocabSize?: number | undefined;
  /** Pairs that occur less often are not merged; 2. */
  minFrequency?: number | undefined;
  /** First tokens, in this order; `<|endoftext|>`, or RoBERTa's if `style` says so. */
  specialTokens?: readonly string[] | undefined;
  /** Tokens that would reach so many bytes are not made, but for pairs; no limit. */
  maxTokenLength?: number | undefined;
  /** Which model's special tokens and post-processing the tokenizer gets; "gpt2". */
  style?: "gpt2" | "roberta" | undefined;
  /** Put a space before texts that begin without one; false. */
  addPrefixSpace?: boolean | undefined;
  /** What `truncation: true` cuts to; 1,024, or 512 for RoBERTa. */
  modelMaxLength?: number | undefined;
  onProgress?: OnTrainingProgress | undefined;
}

const NAMES = [
  ...["vocabSize", "minFrequency", "specialTokens", "maxTokenLength", "style", "addPrefixSpace", "modelMaxLength"],
  ...["onProgress", ...TEXT_OPTION_NAMES],
];

/**
 * Trains a byte-level tokenizer on lines of text, which are read once and not kept.
 *
 * @throws DataError if there is no text.
 */
export async function trainByteLevelBpe(lines: Lines, options: ByteLevelBpeTrainingOptions = {}): Promise<Tokenizer> {
  refuseUnknownNames(options, NAMES, "the options of trainByteLevelBpe");
  const { vocabSize = 30_000, minFrequency = 2, style = "gpt2", addPrefixSpace = false, onProgress } = options;
  const modelMaxLength = options.modelMaxLength ?? (style === "gpt2" ? 1024 : 512);
  const { maxTokenLength } = options;
  checkCounts({ vocabSize, minFrequency, maxTokenLength, modelMaxLength });
  const kind = tokenizerClass(style === "gpt2" ? "GPT2Tokenizer" : "RobertaTokenizer");
  const specialTokens = options.specialTokens ?? defaultSpecialTokens(style);

  const text = textParts(options, {
    normalizer: undefined,
    preTokenizer: new ByteLevelPreTokenizer({ addPrefixSpace }),
  });
  const wordCounts = await countWords(lines, text, onProgress);
  requireWords(wordCounts);
  const { tokens, merges } = await learnMerges(
    wordCounts,
    { vocabSize, minFrequency, specialTokens, maxTokenLength, initialAlphabet: BYTE_CHARACTERS },
    onProgress,
  );

  const model = new BpeModel(new Vocabulary(tokens), merges);
  const named = presentTokens(kind.specialTokens, specialTokens);
  const { cls_token: cls, sep_token: sep } = named;
  const published =
    style === "roberta" && cls !== undefined && sep !== undefined
      ? robertaPipeline(model, addPrefixSpace, { cls, sep })
      : gpt2Pipeline(model, addPrefixSpace);
  const pipeline = published.with({ normalizer: text.normalizer, preTokenizer: text.preTokenizer });
  pipeline.addTokens(specialTokens.map((token) => specialToken(token, { lstrip: token === named.mask_token })));
  // A published class takes its special tokens for granted, and would add those that are missing.
  const isPublished = text.isOwn && Object.keys(named).length === Object.keys(kind.specialTokens).length;
  const config = trainedConfig(isPublished ? kind.name : "PreTrainedTokenizerFast", {
    specialTokens: named,
    additionalSpecialTokens: specialTokens.filter((token) => !Object.values(named).includes(token)),
    modelMaxLength,
    cleanUpTokenizationSpaces: false,
    modelInputNames: kind.modelInputNames,
    rest: { add_prefix_space: addPrefixSpace },
  });
  return new Tokenizer(pipeline, config);
}

function defaultSpecialTokens(style: "gpt2" | "roberta"): readonly string[] {
  return style === "gpt2" ? ["<|endoftext|>"] : ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];
}

/** The published special tokens among those that were asked for. */
function presentTokens(published: SpecialTokenMap, asked: readonly string[]): SpecialTokenMap {
  return Object.fromEntries(Object.entries(published).filter(([, token]) => asked.includes(token)));
}
