/**
 * A question with a context that may be too long for the model: rows that hold the question and overlapping stretches of
 * the context, as in the SQuAD experiments of Devlin et al. 2019, https://arxiv.org/abs/1810.04805 (§4.2).
 */
import { DataError, TokenizerError } from "../errors.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";

export interface QuestionAndContext {
  readonly question: string;
  readonly context: string;
}

export interface QuestionWindowOptions {
  /** Most tokens of a window, the question and special tokens included. */
  readonly maxSeqLen: number;
  /** Tokens of the context that a window shares with the one before. */
  readonly docStride: number;
}

/**
 * The windows of one question, the first of the context first. Offsets are those of the context for its tokens.
 *
 * @throws DataError for a question that leaves no room for the context, or for as much of it as windows share.
 */
export function questionWindows(
  { question, context }: QuestionAndContext,
  tokenizer: Tokenizer,
  { maxSeqLen, docStride }: QuestionWindowOptions,
): readonly EncodedArrays[] {
  try {
    const { overflowing = [], ...first } = tokenizer(question, {
      textPair: context,
      truncation: "only_second",
      maxLength: maxSeqLen,
      stride: docStride,
      returnOverflowingTokens: true,
      returnTensors: false,
    });
    return [first, ...overflowing];
  } catch (cause) {
    if (!(cause instanceof TokenizerError)) throw cause;
    throw new DataError("The question leaves no room for the context.", {
      field: "question",
      expected: `a question so short that more than ${docStride} of ${maxSeqLen} tokens are left for the context`,
      received: `${tokenizer.encodeIds(question).length} tokens`,
      hint: "Shorten the question, lower docStride, or raise maxSeqLen if the model allows it.",
      cause,
    });
  }
}

/** Which tokens of a window an answer can lie in: those of the context, and the first token of BERT and its kin. */
export function answerableTokens({ inputIds, sequenceIds }: EncodedArrays, clsTokenId: number | undefined): boolean[] {
  return inputIds.map((id, place) => sequenceIds[place] === 1 || id === clsTokenId);
}
