/** Tokenizers from before tokenizer.json: a vocabulary in files of its own, and a pipeline that the class implies. */
import { TokenizerError } from "../errors.ts";
import { type BpeModel, readBpeFiles, readWordPieceFile } from "./models/index.ts";
import { bertPipeline, debertaPipeline, gpt2Pipeline, gptPipeline, robertaPipeline } from "./published-pipelines.ts";
import { sentencePiecePipeline } from "./sentencepiece/index.ts";
import { tokenizerClass } from "./tokenizer-classes.ts";
import { booleanOf, type TokenizerConfig } from "./tokenizer-config.ts";
import type { TokenizerPipeline } from "./tokenizer-pipeline.ts";

/** Gives a file of the folder by its name, as text or as bytes; undefined if there is none. */
export type ReadTokenizerFile = (name: string) => Promise<string | Uint8Array | undefined>;

/** Gives the text of a file by its name, undefined if there is none. */
export type ReadText = (name: string) => Promise<string | undefined>;

/** Names that published models give to SentencePiece's model file. */
const SENTENCEPIECE_FILES = [
  ...["spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "spm.model", "sentencepiece.model", "source.spm"],
];

/** Builds the pipeline from the vocabulary files of old tokenizers, as the settings say. */
export async function readVocabularyFiles(
  folder: string,
  read: ReadText,
  readFile: ReadTokenizerFile,
  config: TokenizerConfig,
): Promise<TokenizerPipeline> {
  const expected = tokenizerClass(config.tokenizerClass).vocabularyFiles;
  if (expected === "sentencepiece" || expected === undefined) {
    for (const name of SENTENCEPIECE_FILES) {
      const bytes = await readFile(name);
      if (typeof bytes === "object") return sentencePiecePipeline(bytes, `${folder}/${name}`, config);
    }
  }
  const text = expected === "wordpiece" ? await read("vocab.txt") : undefined;
  if (text !== undefined) return pipelineOfVocabTxt(text, `${folder}/vocab.txt`, config);
  const vocab = await readFile("vocab.json");
  const merges = await read("merges.txt");
  if (vocab !== undefined && merges !== undefined) {
    if (expected === "character-bpe") {
      const unknownToken = config.specialTokens.get("unk_token")?.content;
      return gptPipeline(readBpeFiles(vocab, merges, folder, { unknownToken, endOfWordSuffix: "</w>" }));
    }
    if (expected === "xlm-bpe") return await xlmPipelineOf(vocab, merges, folder, config);
    if (expected === "byte-level-bpe") return pipelineOfMerges(readBpeFiles(vocab, merges, folder), config);
  }
  throw new TokenizerError(
    `${folder} holds no files from which a tokenizer of the class ${config.tokenizerClass} can be read.`,
    {
      file: folder,
      expected:
        "tokenizer.json, or vocab.txt (BERT), or vocab.json with merges.txt (GPT, GPT-2, RoBERTa, XLM), or a SentencePiece model such as spiece.model (ALBERT, XLNet, T5)",
      received: "none of these",
      hint: "Check the path; a model folder from elsewhere may keep its tokenizer in another folder.",
    },
  );
}

/** Loaded on demand: its tables are as large as all other tokenizers together. */
async function xlmPipelineOf(
  vocab: string | Uint8Array,
  merges: string,
  folder: string,
  config: TokenizerConfig,
): Promise<TokenizerPipeline> {
  const { readXlmFiles, xlmPipeline } = await import("./moses/index.ts");
  const token = (name: "unk_token" | "bos_token" | "sep_token", usual: string): string =>
    config.specialTokens.get(name)?.content ?? usual;
  const model = readXlmFiles(vocab, merges, folder, token("unk_token", "<unk>"));
  return xlmPipeline(model, booleanOf(config, "do_lowercase_and_remove_accent") ?? true, {
    bos: token("bos_token", "<s>"),
    sep: token("sep_token", "</s>"),
  });
}

function pipelineOfVocabTxt(text: string, file: string, config: TokenizerConfig): TokenizerPipeline {
  const token = (name: "unk_token" | "cls_token" | "sep_token", usual: string): string =>
    config.specialTokens.get(name)?.content ?? usual;
  const unk = token("unk_token", "[UNK]");
  const model = readWordPieceFile(text, file, unk);
  const options = {
    lowercase: booleanOf(config, "do_lower_case") ?? true,
    stripAccents: booleanOf(config, "strip_accents"),
    handleChineseCharacters: booleanOf(config, "tokenize_chinese_chars"),
  };
  return bertPipeline(model, options, { unk, cls: token("cls_token", "[CLS]"), sep: token("sep_token", "[SEP]") });
}

function pipelineOfMerges(model: BpeModel, config: TokenizerConfig): TokenizerPipeline {
  const cls = config.specialTokens.get("cls_token")?.content;
  const sep = config.specialTokens.get("sep_token")?.content;
  const addPrefixSpace = booleanOf(config, "add_prefix_space") ?? false;
  if (cls === undefined || sep === undefined) return gpt2Pipeline(model, addPrefixSpace);
  const isDeberta = tokenizerClass(config.tokenizerClass).name === "DebertaTokenizer";
  return (isDeberta ? debertaPipeline : robertaPipeline)(model, addPrefixSpace, { cls, sep });
}
