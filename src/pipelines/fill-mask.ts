/** Fills the blanks of a text: what a masked language model holds likely at each mask token. */
import { ConfigurationError, DataError } from "../errors.ts";
import { largest, softmax } from "../generation/index.ts";
import { AutoModelForMaskedLM, modelFolder } from "../models/index.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import { AutoTokenizer, type Tokenizer } from "../tokenizers/index.ts";
import { beginning, checkCount, checkText, checkTexts, type TextBatch, textBatches } from "./text-batches.ts";
import { type PipelineOptions, type TextModel, textModel, withoutUnusedHeads } from "./text-model.ts";

export interface FillMaskOptions {
  /** How many answers for each mask; 5. */
  readonly topK?: number | undefined;
  /** Only these tokens are considered; scores stay shares among all tokens. */
  readonly targets?: string | readonly string[] | undefined;
  /** Texts that go through the model together; 16. */
  readonly batchSize?: number | undefined;
}

const optionNames = ["topK", "targets", "batchSize"];

/** One answer for one mask. */
export interface FillMaskPrediction {
  /** Probability of the token, from 0 to 1. */
  score: number;
  /** Its id. */
  token: number;
  tokenStr: string;
  /** The text with the token in place of the mask; with several masks, special tokens and the other masks are shown. */
  sequence: string;
}

/** The answers for a text with one mask, or a list of them for each of several masks. */
export type FillMaskResult = FillMaskPrediction[] | FillMaskPrediction[][];

/**
 * Answers are sorted, the likeliest first. Throws a DataError for a text without a mask, a ConfigurationError for an
 * unknown option.
 */
export interface FillMaskPipeline {
  (text: string, options?: FillMaskOptions): Promise<FillMaskResult>;
  (texts: readonly string[], options?: FillMaskOptions): Promise<FillMaskResult[]>;
  (texts: string | readonly string[], options?: FillMaskOptions): Promise<FillMaskResult | FillMaskResult[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

type MaskedLM = Awaited<ReturnType<typeof AutoModelForMaskedLM.fromPretrained>>;

export async function loadFillMask(source: string, options: PipelineOptions): Promise<FillMaskPipeline> {
  const { onWarning = console.warn, ...modelOptions } = options;
  const folder = await modelFolder(source);
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const { maskToken, maskTokenId } = tokenizer;
  if (maskToken === undefined || maskTokenId === undefined) {
    throw new ConfigurationError(`The tokenizer of ${source} has no mask token, so it cannot fill one.`, {
      file: folder,
      field: "mask_token",
      expected: "a special token such as [MASK]",
      received: "absent",
      hint: "Use a masked language model, such as BERT.",
    });
  }
  const model = await AutoModelForMaskedLM.fromPretrained(folder, {
    ...modelOptions,
    onWarning: withoutUnusedHeads(onWarning),
  });
  const filler = new MaskFiller(await textModel(model, tokenizer, folder), { maskToken, maskTokenId }, onWarning);
  async function fillMask(texts: string | readonly string[], given: FillMaskOptions = {}) {
    const results = await filler.fill(checkTexts(texts), given);
    return typeof texts === "string" ? (results[0] as FillMaskResult) : results;
  }
  return Object.assign(fillMask, { tokenizer, release: () => model.release() }) as FillMaskPipeline;
}

class MaskFiller {
  readonly #parts: TextModel<MaskedLM>;
  readonly #mask: { readonly maskToken: string; readonly maskTokenId: number };
  readonly #onWarning: (text: string) => void;

  constructor(
    parts: TextModel<MaskedLM>,
    mask: { readonly maskToken: string; readonly maskTokenId: number },
    onWarning: (text: string) => void,
  ) {
    this.#parts = parts;
    this.#mask = mask;
    this.#onWarning = onWarning;
  }

  async fill(texts: readonly string[], options: FillMaskOptions): Promise<FillMaskResult[]> {
    refuseUnknownNames(options, optionNames, "the options of fill-mask");
    const { topK = 5, batchSize = 16, targets } = options;
    checkCount("topK", topK);
    checkCount("batchSize", batchSize);
    const candidates = targets === undefined ? undefined : this.#targetIds([targets].flat());
    for (const text of texts) if (!text.includes(this.#mask.maskToken)) throw this.#noMask(text);
    const pairs = texts.map((text) => ({ text }));
    const results: FillMaskResult[] = [];
    for (const batch of textBatches(pairs, this.#parts, batchSize, this.#onWarning)) {
      const filled = await this.#fillBatch(batch, texts, topK, candidates);
      batch.indices.forEach((index, row) => {
        results[index] = filled[row] as FillMaskResult;
      });
    }
    return results;
  }

  async #fillBatch(
    { indices, inputs }: TextBatch,
    texts: readonly string[],
    topK: number,
    candidates: readonly number[] | undefined,
  ): Promise<FillMaskResult[]> {
    const { model } = this.#parts;
    const length = inputs.inputIds.dims[1] as number;
    const ids = Array.from(inputs.inputIds.data, Number);
    const positions = ids.flatMap((id, place) => (id === this.#mask.maskTokenId ? [place] : []));
    const masksOf = indices.map((_, row) => positions.filter((place) => Math.floor(place / length) === row));
    masksOf.forEach((masks, row) => {
      if (masks.length === 0) throw this.#noMask(texts[indices[row] as number] as string);
    });
    // A head over the whole vocabulary is large: where the model can, only the masks go through it.
    const selects = "positions" in model.inputSpecs(new Set());
    const { logits } = await model({ ...inputs, ...(selects && { positions }) });
    const vocabSize = logits.dims.at(-1) as number;
    const rowOf = (place: number): number => (selects ? positions.indexOf(place) : place);
    return masksOf.map((masks, row) => {
      const sequence = ids.slice(row * length, (row + 1) * length);
      const answers = masks.map((place) => {
        const start = rowOf(place) * vocabSize;
        const scores = softmax((logits.data as Float32Array).subarray(start, start + vocabSize));
        const best = candidates
          ? largest(
              candidates.map((id) => scores[id] as number),
              topK,
            ).map((index) => candidates[index] as number)
          : largest(scores, topK);
        return best.map((token) =>
          this.#prediction(token, scores[token] as number, sequence, place - row * length, masks.length === 1),
        );
      });
      return answers.length === 1 ? (answers[0] as FillMaskPrediction[]) : answers;
    });
  }

  #prediction(
    token: number,
    score: number,
    ids: readonly number[],
    place: number,
    isOnlyMask: boolean,
  ): FillMaskPrediction {
    const { tokenizer } = this.#parts;
    const filled = ids.with(place, token).filter((id) => id !== tokenizer.padTokenId);
    // With special tokens gone, the other masks would be gone as well.
    const sequence = tokenizer.decode(filled, { skipSpecialTokens: isOnlyMask });
    return { score, token, tokenStr: tokenizer.decode([token]), sequence };
  }

  /** Ids of the targets; one that is no token stands for its first piece, with a warning, as in the reference. */
  #targetIds(targets: readonly string[]): number[] {
    const { tokenizer } = this.#parts;
    const ids = new Set<number>();
    for (const target of targets) {
      const known = tokenizer.pipeline.idOf(checkText(target, "targets"));
      const [first] = known === undefined ? tokenizer.encodeIds(target) : [known];
      if (first === undefined) continue;
      if (known === undefined) {
        const piece = tokenizer.convertIdsToTokens(first);
        this.#onWarning(`The target ${target} is not a token of this vocabulary; ${piece} is taken instead.`);
      }
      ids.add(first);
    }
    if (ids.size > 0) return [...ids].sort((a, b) => a - b);
    throw new ConfigurationError("There is no target to choose from.", {
      field: "targets",
      expected: "at least one token",
      received: targets.length === 0 ? "none" : targets.map((target) => JSON.stringify(target)).join(", "),
      hint: "Name tokens of the vocabulary, or leave targets out.",
    });
  }

  #noMask(text: string): DataError {
    const { maskToken } = this.#mask;
    const isCut = text.includes(maskToken);
    return new DataError(
      isCut ? `The blank lies beyond the tokens that the model takes: ${beginning(text)}` : "The text has no blank.",
      {
        field: "text",
        expected: isCut
          ? `${maskToken} among the first ${this.#parts.maximumLength} tokens`
          : `at least one ${maskToken}`,
        received: beginning(text),
        hint: isCut
          ? "Shorten the text before the blank."
          : `Write ${maskToken} where the model should fill in a word.`,
      },
    );
  }
}
