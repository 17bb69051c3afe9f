/** Tokenizers learned from a corpus, by the names of their kinds. */
import { type CorpusSource, utf8Length } from "../data/index.ts";
import { DataError } from "../errors.ts";
import {
  type ByteLevelBpeTrainingOptions,
  type CharacterBpeTrainingOptions,
  type Lines,
  type OnTrainingProgress,
  type Tokenizer,
  trainByteLevelBpe,
  trainCharacterBpe,
  trainUnigram,
  trainWordPiece,
  type UnigramTrainingOptions,
  type WordPieceTrainingOptions,
} from "../tokenizers/index.ts";
import type { StageReport } from "./stages.ts";

/** The options of all trainers together; what a kind does not know, it must not be given. */
type EveryTrainingOption = WordPieceTrainingOptions &
  ByteLevelBpeTrainingOptions &
  CharacterBpeTrainingOptions &
  UnigramTrainingOptions;

export type TokenizerTrainingOptions = Readonly<Omit<EveryTrainingOption, "vocabSize" | "style" | "onProgress">> & {
  /** Tokens at most, special ones included. */
  readonly vocabSize: number;
  /**
   * What it is for: `masked` puts tokens around texts and has one that hides others, as far as the kind was published so;
   * `causal` has one that ends texts.
   */
  readonly use?: "masked" | "causal" | undefined;
};

type Train = (
  lines: Lines,
  options: TokenizerTrainingOptions & { onProgress: OnTrainingProgress<"words" | "merges" | "pieces"> },
) => Promise<Tokenizer>;

const trainers = {
  wordpiece: (lines, { use: _use, ...options }) =>
    trainWordPiece(lines, { ...options, limitAlphabet: options.limitAlphabet ?? alphabetLimit(options.vocabSize) }),
  bpe: (lines, { use, ...options }) =>
    trainByteLevelBpe(lines, { ...options, style: use === "masked" ? "roberta" : "gpt2" }),
  "character-bpe": (lines, { use, ...options }) =>
    trainCharacterBpe(lines, { ...(use === undefined ? {} : { endToken: "</s>" }), ...options }),
  unigram: (lines, { use, ...options }) =>
    trainUnigram(lines, { ...options, style: use === "masked" ? "albert" : "plain" }),
} satisfies Record<string, Train>;

/** Chinese has thousands of characters that are worth a token; the reference's limit of 1,000 is for alphabets. */
function alphabetLimit(vocabSize: number): number {
  return Math.max(1000, Math.floor(vocabSize * 0.75));
}

export type TokenizerKind = keyof typeof trainers;

/** Kinds of tokenizers that can be trained, by the names of the command line. */
export const tokenizerKinds = Object.keys(trainers) as readonly TokenizerKind[];

/** Trains a tokenizer of `kind`. Throws a DataError when the corpus holds no text. */
export async function trainTokenizer(
  source: CorpusSource,
  kind: TokenizerKind,
  options: TokenizerTrainingOptions,
  report: StageReport,
): Promise<Tokenizer> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const read = { bytes: 0 };
  const onProgress: Parameters<Train>[1]["onProgress"] = ({ stage, done, total }) => {
    if (stage !== "words") report({ stage: "learning the vocabulary", done, total, unit: "tokens" });
    // The size of the files is known beforehand, the number of their lines is not.
    else report({ stage: "counting words", done: read.bytes, total: source.sizeBytes, unit: "bytes" });
  };
  const settings = { ...(Object.fromEntries(given) as unknown as TokenizerTrainingOptions), onProgress };
  try {
    return await (trainers[kind] as Train)(linesOf(source, read), settings);
  } catch (error) {
    if (!(error instanceof DataError) || error.file !== undefined) throw error;
    // The trainers see lines and not where these come from.
    const { message, field, expected, received, hint, cause } = error;
    throw new DataError(message, { file: source.name, field, expected, received, hint, cause });
  }
}

/** All lines, whose bytes are added to `read`, each with a line end. */
async function* linesOf(source: CorpusSource, read: { bytes: number }): AsyncGenerator<string> {
  for await (const document of source.documents()) {
    for (const line of document) {
      read.bytes += utf8Length(line) + 1;
      yield line;
    }
  }
}
