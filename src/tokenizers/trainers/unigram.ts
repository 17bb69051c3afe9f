/** Trains SentencePiece's kind of tokenizer: Unigram over words that begin with a visible space. */
import { ConfigurationError } from "../../errors.ts";
import { refuseUnknownNames } from "../../platform/option-names.ts";
import { specialToken } from "../added-vocabulary.ts";
import { MetaspaceDecoder } from "../decoders/index.ts";
import { UnigramModel } from "../models/index.ts";
import { sentencePieceNormalizer } from "../normalizers/index.ts";
import { MetaspacePreTokenizer } from "../pre-tokenizers/index.ts";
import { Tokenizer } from "../tokenizer.ts";
import type { SpecialTokenMap } from "../tokenizer-classes.ts";
import { TokenizerPipeline } from "../tokenizer-pipeline.ts";
import { Vocabulary } from "../vocabulary.ts";
import { trainedConfig } from "./trained-config.ts";
import { checkCounts, requireWords } from "./training-options.ts";
import { type OnTrainingProgress, ProgressReporter } from "./training-progress.ts";
import { UnigramLearner } from "./unigram-learner.ts";
import { countWords, type Lines } from "./word-counts.ts";

export interface UnigramTrainingOptions {
  /** Tokens, special ones included; 8,000. */
  vocabSize?: number | undefined;
  /** First tokens, in this order; `<unk>`, `<s>`, `</s>`, `<pad>`. It must hold `<unk>`. */
  specialTokens?: readonly string[] | undefined;
  /** Characters of a piece at most; 16. */
  maxPieceLength?: number | undefined;
  /** Pieces to begin with, at most; 1,000,000. */
  seedSize?: number | undefined;
  /** Share of the pieces that a pruning leaves; 0.75. */
  shrinkingFactor?: number | undefined;
  /** Rounds of expectation maximization between two prunings; 2. */
  subIterations?: number | undefined;
  /** false. */
  lowercase?: boolean | undefined;
  /** What `truncation: true` cuts to; 512. */
  modelMaxLength?: number | undefined;
  onProgress?: OnTrainingProgress<"words" | "pieces"> | undefined;
}

const NAMES = [
  ...["vocabSize", "specialTokens", "maxPieceLength", "seedSize", "shrinkingFactor", "subIterations", "lowercase"],
  ...["modelMaxLength", "onProgress"],
];
const ROLES = { unk_token: "<unk>", bos_token: "<s>", eos_token: "</s>", pad_token: "<pad>" } as const;

/**
 * Trains a Unigram tokenizer on lines of text, which are read once and not kept.
 *
 * @throws DataError if there is no text.
 */
export async function trainUnigram(lines: Lines, options: UnigramTrainingOptions = {}): Promise<Tokenizer> {
  refuseUnknownNames(options, NAMES, "the options of trainUnigram");
  const { vocabSize = 8000, maxPieceLength = 16, seedSize = 1_000_000, subIterations = 2 } = options;
  const { shrinkingFactor = 0.75, modelMaxLength = 512, lowercase = false, onProgress } = options;
  const counts = { vocabSize, maxPieceLength, seedSize, subIterations, modelMaxLength };
  checkCounts(counts, Object.keys(counts));
  const specialTokens: readonly string[] = options.specialTokens ?? Object.values(ROLES);
  checkTraining(specialTokens, shrinkingFactor, vocabSize);

  const normalizer = sentencePieceNormalizer(lowercase);
  const preTokenizer = new MetaspacePreTokenizer();
  const wordCounts = await countWords(lines, { normalizer, preTokenizer }, onProgress);
  requireWords(wordCounts);
  const learner = new UnigramLearner(wordCounts, {
    ...{ vocabSize: vocabSize - specialTokens.length, maxPieceLength, seedSize, shrinkingFactor, subIterations },
  });
  const reporter = new ProgressReporter(onProgress);
  const firstSize = learner.size;
  do await reporter.report({ stage: "pieces", done: firstSize - learner.size, total: firstSize - vocabSize });
  while (learner.step());

  const pieces = learner.result();
  const vocabulary = new Vocabulary([...specialTokens, ...pieces.map(({ text }) => text)]);
  const scores = [...specialTokens.map(() => 0), ...pieces.map(({ score }) => score)];
  const model = new UnigramModel(vocabulary, scores, { unknownId: vocabulary.idOf("<unk>"), byteFallback: false });
  const decoder = new MetaspaceDecoder(preTokenizer.options);
  const pipeline = new TokenizerPipeline({ normalizer, preTokenizer, model, decoder });
  pipeline.addTokens(specialTokens.map((token) => specialToken(token)));
  const named: SpecialTokenMap = Object.fromEntries(
    Object.entries(ROLES).filter(([, token]) => specialTokens.includes(token)),
  );
  const taken = new Set(Object.values(named));
  const config = trainedConfig("PreTrainedTokenizerFast", {
    specialTokens: named,
    additionalSpecialTokens: specialTokens.filter((token) => !taken.has(token)),
    modelMaxLength,
    cleanUpTokenizationSpaces: false,
    modelInputNames: ["input_ids", "token_type_ids", "attention_mask"],
    rest: {},
  });
  return new Tokenizer(pipeline, config);
}

function checkTraining(specialTokens: readonly string[], shrinkingFactor: number, vocabSize: number): void {
  const problem = !specialTokens.includes("<unk>")
    ? { field: "specialTokens", expected: "a list with <unk>", received: specialTokens.join(", ") }
    : !(shrinkingFactor > 0 && shrinkingFactor < 1)
      ? { field: "shrinkingFactor", expected: "a number between 0 and 1", received: String(shrinkingFactor) }
      : vocabSize <= specialTokens.length
        ? { field: "vocabSize", expected: `more than ${specialTokens.length}`, received: String(vocabSize) }
        : undefined;
  if (!problem) return;
  const hint = "Correct the option.";
  throw new ConfigurationError(`${problem.field} should be ${problem.expected}.`, { ...problem, hint });
}
