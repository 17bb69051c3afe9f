/** Training of vocabularies. */
export { type ByteLevelBpeTrainingOptions, trainByteLevelBpe } from "./byte-level-bpe.ts";
export { type CharacterBpeTrainingOptions, trainCharacterBpe } from "./character-bpe.ts";
export type { TokenizerPart } from "./text-options.ts";
export type { OnTrainingProgress, TrainingProgress } from "./training-progress.ts";
export { trainUnigram, type UnigramTrainingOptions } from "./unigram.ts";
export type { Lines } from "./word-counts.ts";
export { trainWordPiece, type WordPieceTrainingOptions } from "./wordpiece.ts";
