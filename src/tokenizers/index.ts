/** Tokenizers: train them, use them, read and write the published formats. */
export { type AddedToken, specialToken } from "./added-vocabulary.ts";
export { AutoTokenizer, type FromPretrainedOptions } from "./auto-tokenizer.ts";
export type { TokenizerCallOptions } from "./call-options.ts";
export type { ChatMessage, ChatTemplateOptions } from "./chat-template.ts";
export type { EncodedArrays, EncodedBatchArrays, EncodedTensors, Offsets } from "./encoded.ts";
export type { DecodeStream, EncodeStream } from "./streaming.ts";
export type { CutWord, TextCutting } from "./text-cutting.ts";
export { type DecodeOptions, Tokenizer } from "./tokenizer.ts";
export type { TokenizerConfig } from "./tokenizer-config.ts";
export { readTokenizerJson, writeTokenizerJson } from "./tokenizer-json.ts";
export { TokenizerPipeline } from "./tokenizer-pipeline.ts";
export type { CreateTensor, IdTensor } from "./tokenizer-tensor.ts";
export { TokenizingPool } from "./tokenizing-pool.ts";
export {
  type ByteLevelBpeTrainingOptions,
  type CharacterBpeTrainingOptions,
  type Lines,
  type OnTrainingProgress,
  type TokenizerPart,
  type TrainingProgress,
  trainByteLevelBpe,
  trainCharacterBpe,
  trainUnigram,
  trainWordPiece,
  type UnigramTrainingOptions,
  type WordPieceTrainingOptions,
} from "./trainers/index.ts";
export type { ReadTokenizerFile } from "./vocabulary-files.ts";
