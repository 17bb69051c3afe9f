/**
 * What the published tokenizer classes take for granted, which therefore stands in no file: their special tokens, the
 * inputs of their models and how they pad.
 */

/** The names that published settings give to special tokens. */
export const SPECIAL_TOKEN_NAMES = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;

export type SpecialTokenName = (typeof SPECIAL_TOKEN_NAMES)[number];
export type SpecialTokenMap = Partial<Record<SpecialTokenName, string>>;

/** How a folder without a tokenizer.json is to be understood. */
export type VocabularyFiles = "wordpiece" | "byte-level-bpe" | "character-bpe" | "xlm-bpe" | "sentencepiece";

export interface TokenizerClass {
  /** As tokenizer_config.json writes it, without the ending `Fast`. */
  readonly name: string;
  readonly specialTokens: SpecialTokenMap;
  readonly additionalSpecialTokens?: readonly string[];
  readonly modelInputNames: readonly string[];
  readonly paddingSide: "left" | "right";
  readonly padTokenTypeId: number;
  readonly vocabularyFiles?: VocabularyFiles;
}

const WITH_TYPES = ["input_ids", "token_type_ids", "attention_mask"];
const WITHOUT_TYPES = ["input_ids", "attention_mask"];

const BERT_TOKENS: SpecialTokenMap = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
};
const ROBERTA_TOKENS: SpecialTokenMap = {
  bos_token: "<s>",
  eos_token: "</s>",
  unk_token: "<unk>",
  sep_token: "</s>",
  pad_token: "<pad>",
  cls_token: "<s>",
  mask_token: "<mask>",
};
const GPT2_TOKENS: SpecialTokenMap = {
  bos_token: "<|endoftext|>",
  eos_token: "<|endoftext|>",
  unk_token: "<|endoftext|>",
};

const plain = { modelInputNames: WITHOUT_TYPES, paddingSide: "right", padTokenTypeId: 0 } as const;
const typed = { modelInputNames: WITH_TYPES, paddingSide: "right", padTokenTypeId: 0 } as const;
const wordPiece = { specialTokens: BERT_TOKENS, vocabularyFiles: "wordpiece" } as const;
const roberta = { specialTokens: ROBERTA_TOKENS, vocabularyFiles: "byte-level-bpe" } as const;

const CLASSES: readonly TokenizerClass[] = [
  { name: "BertTokenizer", ...typed, ...wordPiece },
  { name: "ElectraTokenizer", ...typed, ...wordPiece },
  { name: "DistilBertTokenizer", ...plain, ...wordPiece },
  { name: "RobertaTokenizer", ...plain, ...roberta },
  { name: "BartTokenizer", ...plain, ...roberta },
  { name: "GPT2Tokenizer", ...plain, specialTokens: GPT2_TOKENS, vocabularyFiles: "byte-level-bpe" },
  { name: "OpenAIGPTTokenizer", ...plain, specialTokens: { unk_token: "<unk>" }, vocabularyFiles: "character-bpe" },
  {
    name: "AlbertTokenizer",
    ...typed,
    vocabularyFiles: "sentencepiece",
    specialTokens: {
      ...{ bos_token: "[CLS]", eos_token: "[SEP]", unk_token: "<unk>", sep_token: "[SEP]" },
      ...{ pad_token: "<pad>", cls_token: "[CLS]", mask_token: "[MASK]" },
    },
  },
  {
    name: "XLNetTokenizer",
    modelInputNames: WITH_TYPES,
    paddingSide: "left",
    padTokenTypeId: 3,
    vocabularyFiles: "sentencepiece",
    specialTokens: {
      ...{ bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>", sep_token: "<sep>" },
      ...{ pad_token: "<pad>", cls_token: "<cls>", mask_token: "<mask>" },
    },
  },
  {
    name: "XLMTokenizer",
    ...plain,
    specialTokens: {
      ...{ bos_token: "<s>", unk_token: "<unk>", sep_token: "</s>", pad_token: "<pad>", cls_token: "</s>" },
      mask_token: "<special1>",
    },
    additionalSpecialTokens: Array.from({ length: 10 }, (_, index) => `<special${index}>`),
    vocabularyFiles: "xlm-bpe",
  },
  {
    name: "T5Tokenizer",
    ...plain,
    vocabularyFiles: "sentencepiece",
    specialTokens: { eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>" },
  },
  { name: "XLMRobertaTokenizer", ...plain, specialTokens: ROBERTA_TOKENS, vocabularyFiles: "sentencepiece" },
  { name: "CamembertTokenizer", ...plain, specialTokens: ROBERTA_TOKENS, vocabularyFiles: "sentencepiece" },
  {
    name: "DebertaV2Tokenizer",
    ...typed,
    specialTokens: { ...BERT_TOKENS, bos_token: "[CLS]", eos_token: "[SEP]" },
    vocabularyFiles: "sentencepiece",
  },
  {
    name: "DebertaTokenizer",
    ...typed,
    specialTokens: { ...BERT_TOKENS, bos_token: "[CLS]", eos_token: "[SEP]" },
    vocabularyFiles: "byte-level-bpe",
  },
];

const CLASS_OF_MODEL_TYPE: Readonly<Record<string, string>> = {
  bert: "BertTokenizer",
  electra: "ElectraTokenizer",
  distilbert: "DistilBertTokenizer",
  roberta: "RobertaTokenizer",
  bart: "BartTokenizer",
  gpt2: "GPT2Tokenizer",
  "openai-gpt": "OpenAIGPTTokenizer",
  albert: "AlbertTokenizer",
  xlnet: "XLNetTokenizer",
  t5: "T5Tokenizer",
  xlm: "XLMTokenizer",
  "xlm-roberta": "XLMRobertaTokenizer",
  camembert: "CamembertTokenizer",
  deberta: "DebertaTokenizer",
  "deberta-v2": "DebertaV2Tokenizer",
};

/** What a tokenizer of no known class has: all inputs, and only the special tokens that its files name. */
const UNKNOWN_CLASS: TokenizerClass = { name: "PreTrainedTokenizer", ...typed, specialTokens: {} };

/** The class of this name, with or without `Fast`; if it is not known, one without special tokens. */
export function tokenizerClass(name: string | undefined): TokenizerClass {
  const bare = name?.replace(/Fast$/, "");
  return CLASSES.find((known) => known.name === bare) ?? { ...UNKNOWN_CLASS, name: bare ?? UNKNOWN_CLASS.name };
}

/** The class that models of this `model_type` (of a config.json) use. */
export function tokenizerClassOfModel(modelType: string | undefined): string | undefined {
  return modelType === undefined ? undefined : CLASS_OF_MODEL_TYPE[modelType];
}
