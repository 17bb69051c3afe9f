/** Trains SentencePiece's kind of tokenizer: Unigram over words that begin with a visible space. */
import { ConfigurationError } from "../../errors.ts";
import { refuseUnknownNames } from "../../platform/option-names.ts";
import { specialToken } from "../added-vocabulary.ts";
import {
  ByteFallbackDecoder,
  type Decoder,
  MetaspaceDecoder,
  ReplaceDecoder,
  SequenceDecoder,
} from "../decoders/index.ts";
import { BYTE_TOKENS, UnigramModel } from "../models/index.ts";
import { sentencePieceNormalizer } from "../normalizers/index.ts";
import { textPattern } from "../patterns.ts";
import { type PostProcessor, templatePostProcessor } from "../post-processors/index.ts";
import { MetaspacePreTokenizer } from "../pre-tokenizers/index.ts";
import { Tokenizer } from "../tokenizer.ts";
import type { SpecialTokenMap } from "../tokenizer-classes.ts";
import { TokenizerPipeline } from "../tokenizer-pipeline.ts";
import { Vocabulary } from "../vocabulary.ts";
import { coverCharacters } from "./character-coverage.ts";
import { TEXT_OPTION_NAMES, type TextOptions, textParts } from "./text-options.ts";
import { trainedConfig } from "./trained-config.ts";
import { checkCounts, requireWords } from "./training-options.ts";
import { type OnTrainingProgress, ProgressReporter } from "./training-progress.ts";
import { UnigramLearner } from "./unigram-learner.ts";
import { countWords, type Lines } from "./word-counts.ts";

export interface UnigramTrainingOptions extends TextOptions {
  /** Tokens, special ones included; 8,000. */
  vocabSize?: number | undefined;
  /** First tokens, in this order; `unkToken`, `<s>`, `</s>`, `<pad>`, or ALBERT's if `style` says so. */
  specialTokens?: readonly string[] | undefined;
  /** Stands for characters that no piece writes; the special tokens must hold it; `<unk>`. */
  unkToken?: string | undefined;
  /** What `unkToken` is decoded to, such as SentencePiece's " ⁇ "; the token itself. */
  unkSurface?: string | undefined;
  /** Write characters that no piece writes as their UTF-8 bytes, whose 256 tokens follow the special ones; false. */
  byteFallback?: boolean | undefined;
  /** "albert" puts `[CLS]` and `[SEP]` around texts and has `[MASK]`; "plain" has nothing around them; "plain". */
  style?: "plain" | "albert" | undefined;
  /** Characters that are pieces even if the corpus lacks them. */
  initialAlphabet?: readonly string[] | undefined;
  /** Share of the text whose characters must be pieces; the rarest ones beyond it become unknown; 1. */
  characterCoverage?: number | undefined;
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
  ...["initialAlphabet", "characterCoverage", "modelMaxLength", "onProgress", "style", ...TEXT_OPTION_NAMES],
  ...["unkToken", "unkSurface", "byteFallback"],
];

/** The special tokens of each style, in their order. */
const STYLES = {
  plain: { unk_token: "<unk>", bos_token: "<s>", eos_token: "</s>", pad_token: "<pad>" },
  albert: {
    ...{ pad_token: "<pad>", unk_token: "<unk>", cls_token: "[CLS]", sep_token: "[SEP]", mask_token: "[MASK]" },
    ...{ bos_token: "[CLS]", eos_token: "[SEP]" },
  },
} as const satisfies Record<string, SpecialTokenMap>;

/**
 * Trains a Unigram tokenizer on lines of text, which are read once and not kept.
 *
 * @throws DataError if there is no text.
 */
export async function trainUnigram(lines: Lines, options: UnigramTrainingOptions = {}): Promise<Tokenizer> {
  refuseUnknownNames(options, NAMES, "the options of trainUnigram");
  const { vocabSize = 8000, maxPieceLength = 16, seedSize = 1_000_000, subIterations = 2 } = options;
  const { shrinkingFactor = 0.75, modelMaxLength = 512, lowercase = false, onProgress } = options;
  const { initialAlphabet = [], characterCoverage = 1, unkToken = "<unk>", byteFallback = false } = options;
  checkCounts({ vocabSize, maxPieceLength, seedSize, subIterations, modelMaxLength });
  const roles: SpecialTokenMap = { ...STYLES[options.style ?? "plain"], unk_token: unkToken };
  const specialTokens: readonly string[] = options.specialTokens ?? [...new Set(Object.values(roles))];
  const firstTokens = byteFallback ? [...specialTokens, ...BYTE_TOKENS] : specialTokens;
  checkTraining(specialTokens, { shrinkingFactor, characterCoverage, vocabSize, unkToken, first: firstTokens.length });

  const metaspace = new MetaspacePreTokenizer();
  const own = { normalizer: sentencePieceNormalizer(lowercase), preTokenizer: metaspace };
  const { normalizer, preTokenizer } = textParts(options, own);
  const wordCounts = await countWords(lines, { normalizer, preTokenizer }, onProgress);
  requireWords(wordCounts);
  const learner = new UnigramLearner(coverCharacters(wordCounts, characterCoverage), {
    ...{ vocabSize: vocabSize - firstTokens.length, initialAlphabet, maxPieceLength, seedSize, shrinkingFactor },
    subIterations,
  });
  const reporter = new ProgressReporter(onProgress);
  const firstSize = learner.size;
  do await reporter.report({ stage: "pieces", done: firstSize - learner.size, total: firstSize - vocabSize });
  while (learner.step());

  const pieces = learner.result();
  const vocabulary = new Vocabulary([...firstTokens, ...pieces.map(({ text }) => text)]);
  const scores = [...firstTokens.map(() => 0), ...pieces.map(({ score }) => score)];
  const model = new UnigramModel(vocabulary, scores, { unknownId: vocabulary.idOf(unkToken), byteFallback });
  const decoder = decoderOf(metaspace, byteFallback, unkToken, options.unkSurface);
  const { cls_token: cls, sep_token: sep } = roles;
  const isFramed = cls !== undefined && sep !== undefined;
  const postProcessor = isFramed ? framed(cls, sep, vocabulary) : undefined;
  const pipeline = new TokenizerPipeline({ normalizer, preTokenizer, model, postProcessor, decoder });
  pipeline.addTokens(specialTokens.map((token) => specialToken(token, { lstrip: token === roles.mask_token })));
  const named: SpecialTokenMap = Object.fromEntries(
    Object.entries(roles).filter(([, token]) => specialTokens.includes(token)),
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

function decoderOf(
  metaspace: MetaspacePreTokenizer,
  byteFallback: boolean,
  unkToken: string,
  unkSurface: string | undefined,
): Decoder {
  const decoders: Decoder[] = [new MetaspaceDecoder(metaspace.options)];
  // Bytes become characters while they are tokens of their own; the mark at the beginning goes with its token.
  if (byteFallback) decoders.push(new ByteFallbackDecoder());
  if (unkSurface !== undefined) decoders.unshift(new ReplaceDecoder(textPattern(unkToken), unkSurface));
  return decoders.length === 1 ? decoders[0]! : new SequenceDecoder(decoders);
}

/** `[CLS] A [SEP] B [SEP]`, the second text and what ends it being of type 1. */
function framed(cls: string, sep: string, vocabulary: Vocabulary): PostProcessor {
  const idOf = (token: string): number => vocabulary.require(token, "which stands around texts");
  return templatePostProcessor(`${cls}:0 $A:0 ${sep}:0`, `${cls}:0 $A:0 ${sep}:0 $B:1 ${sep}:1`, idOf);
}

function checkTraining(
  specialTokens: readonly string[],
  options: Readonly<Record<"shrinkingFactor" | "characterCoverage" | "vocabSize" | "first", number>> & {
    readonly unkToken: string;
  },
): void {
  const { shrinkingFactor, characterCoverage, vocabSize, unkToken, first } = options;
  const problem = !specialTokens.includes(unkToken)
    ? { field: "specialTokens", expected: `a list with ${unkToken}`, received: specialTokens.join(", ") }
    : !(shrinkingFactor > 0 && shrinkingFactor < 1)
      ? { field: "shrinkingFactor", expected: "a number between 0 and 1", received: String(shrinkingFactor) }
      : !(characterCoverage > 0 && characterCoverage <= 1)
        ? { field: "characterCoverage", expected: "a number above 0, at most 1", received: String(characterCoverage) }
        : vocabSize <= first
          ? { field: "vocabSize", expected: `more than ${first}`, received: String(vocabSize) }
          : undefined;
  if (!problem) return;
  const hint = "Correct the option.";
  throw new ConfigurationError(`${problem.field} should be ${problem.expected}.`, { ...problem, hint });
}
