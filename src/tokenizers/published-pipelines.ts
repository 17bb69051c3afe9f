/** The pipelines of published tokenizers, as they are built from a vocabulary alone. */
import { BpeDecoder, ByteLevelDecoder, WordPieceDecoder } from "./decoders/index.ts";
import type { BpeModel, Model, WordPieceModel } from "./models/index.ts";
import { BertNormalizer } from "./normalizers/index.ts";
import {
  ByteLevelPostProcessor,
  type PostProcessor,
  RobertaPostProcessor,
  templatePostProcessor,
} from "./post-processors/index.ts";
import { BertPreTokenizer, ByteLevelPreTokenizer } from "./pre-tokenizers/index.ts";
import { TokenizerPipeline } from "./tokenizer-pipeline.ts";

export interface BertTextOptions {
  readonly lowercase: boolean;
  /** Undefined: as `lowercase` says. */
  readonly stripAccents?: boolean | undefined;
  /** Make each CJK ideograph a word; true. */
  readonly handleChineseCharacters?: boolean | undefined;
}

/** BERT's normalizer with its usual settings. */
export function bertNormalizer(options: BertTextOptions): BertNormalizer {
  return new BertNormalizer({
    cleanText: true,
    handleChineseCharacters: options.handleChineseCharacters ?? true,
    stripAccents: options.stripAccents,
    lowercase: options.lowercase,
  });
}

export interface BertTokens {
  readonly unk: string;
  readonly cls: string;
  readonly sep: string;
}

/** BERT: WordPiece, `[CLS] A [SEP] B [SEP]`. */
export function bertPipeline(model: WordPieceModel, text: BertTextOptions, tokens: BertTokens): TokenizerPipeline {
  const idOf = (token: string): number => model.vocabulary.require(token, "which stands around texts");
  const { cls, sep } = tokens;
  return new TokenizerPipeline({
    normalizer: bertNormalizer(text),
    preTokenizer: new BertPreTokenizer(),
    model,
    postProcessor: templatePostProcessor(`${cls}:0 $A:0 ${sep}:0`, `${cls}:0 $A:0 ${sep}:0 $B:1 ${sep}:1`, idOf),
    decoder: new WordPieceDecoder(model.options.continuingSubwordPrefix),
  });
}

/** OpenAI's GPT: BERT's text, pairs of characters with a mark at the end of words, no special token around texts. */
export function gptPipeline(model: BpeModel): TokenizerPipeline {
  return new TokenizerPipeline({
    normalizer: bertNormalizer({ lowercase: true }),
    preTokenizer: new BertPreTokenizer(),
    model,
    decoder: new BpeDecoder(model.options.endOfWordSuffix),
  });
}

/** GPT-2: byte-level pairs, no special token around texts. */
export function gpt2Pipeline(model: BpeModel, addPrefixSpace: boolean): TokenizerPipeline {
  const trimOffsets = new ByteLevelPostProcessor({ addPrefixSpace: true, trimOffsets: false, useRegex: true });
  return byteLevelPipeline(model, addPrefixSpace, trimOffsets);
}

/** RoBERTa: byte-level pairs, `<s> A </s></s> B </s>`. */
export function robertaPipeline(
  model: BpeModel,
  addPrefixSpace: boolean,
  tokens: { readonly cls: string; readonly sep: string },
): TokenizerPipeline {
  const named = (token: string): { token: string; id: number } => ({
    token,
    id: model.vocabulary.require(token, "which stands around texts"),
  });
  const options = { trimOffsets: true, addPrefixSpace };
  return byteLevelPipeline(
    model,
    addPrefixSpace,
    new RobertaPostProcessor(named(tokens.sep), named(tokens.cls), options),
  );
}

/** DeBERTa: byte-level pairs, `[CLS] A [SEP] [SEP] B [SEP]`; tokens keep the space before them in their offsets. */
export function debertaPipeline(
  model: BpeModel,
  addPrefixSpace: boolean,
  { cls, sep }: { readonly cls: string; readonly sep: string },
): TokenizerPipeline {
  const idOf = (token: string): number => model.vocabulary.require(token, "which stands around texts");
  const template = templatePostProcessor(`${cls} $A ${sep}`, `${cls} $A ${sep} ${sep} $B ${sep}`, idOf);
  return byteLevelPipeline(model, addPrefixSpace, template);
}

function byteLevelPipeline(model: Model, addPrefixSpace: boolean, postProcessor: PostProcessor): TokenizerPipeline {
  return new TokenizerPipeline({
    preTokenizer: new ByteLevelPreTokenizer({ addPrefixSpace }),
    model,
    postProcessor,
    decoder: new ByteLevelDecoder(),
  });
}
