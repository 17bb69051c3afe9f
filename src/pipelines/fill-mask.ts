/** Fills the blanks of a text: what a masked language model holds likely at each mask token. */
import { ConfigurationError, DataError } from "../errors.ts";
import { largest, softmax } from "../generation/index.ts";
import { AutoModelForMaskedLM } from "../models/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { type StateOptions, type Told, told, type WithStates } from "./inner-states.ts";
import { beginning, type CallOptions, checkCallOptions, checkCount, checkText, checkTexts } from "./pipeline-inputs.ts";
import { acceptedInputs, readRows, type TextBatch, textBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions, type TextModel } from "./text-model.ts";

export interface FillMaskOptions extends CallOptions {
  /** How many answers for each mask; 5. */
  readonly topK?: number | undefined;
  /** Only these tokens are considered; scores stay shares among all tokens. */
  readonly targets?: string | readonly string[] | undefined;
}

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
  <const O extends FillMaskOptions>(text: string, options?: O): Promise<Told<O, FillMaskResult>>;
  <const O extends FillMaskOptions>(texts: readonly string[], options?: O): Promise<Told<O, FillMaskResult>[]>;
  <const O extends FillMaskOptions>(
    texts: string | readonly string[],
    options?: O,
  ): Promise<Told<O, FillMaskResult> | Told<O, FillMaskResult>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

type MaskedLM = Awaited<ReturnType<typeof AutoModelForMaskedLM.fromPretrained>>;

export async function loadFillMask(source: string, options: PipelineOptions): Promise<FillMaskPipeline> {
  const parts = await loadTextModel(source, options, { task: "fill-mask", auto: AutoModelForMaskedLM });
  const { model, tokenizer, folder } = parts;
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
  const filler = new MaskFiller(parts, { maskToken, maskTokenId });
  async function fillMask(given: string | readonly string[], callOptions: FillMaskOptions = {}) {
    const results = (await filler.fill(checkTexts(given), callOptions)).map((result) => told(result, callOptions));
    return typeof given === "string" ? results[0] : results;
  }
  return Object.assign(fillMask, { tokenizer, release: () => model.release() }) as FillMaskPipeline;
}

/** A batch with the places of its masks, counted over all rows. */
interface MaskedBatch extends TextBatch {
  readonly positions: readonly number[];
}

class MaskFiller {
  readonly #parts: TextModel<MaskedLM>;
  readonly #mask: { readonly maskToken: string; readonly maskTokenId: number };
  /** A head over the whole vocabulary is large: where the model can, only the masks go through it. */
  readonly #selects: boolean;

  constructor(parts: TextModel<MaskedLM>, mask: { readonly maskToken: string; readonly maskTokenId: number }) {
    this.#parts = parts;
    this.#mask = mask;
    this.#selects = "positions" in parts.model.inputSpecs(new Set());
  }

  async fill(texts: readonly string[], options: FillMaskOptions): Promise<WithStates<FillMaskResult>[]> {
    checkCallOptions(options, ["topK", "targets"], "fill-mask");
    const { topK = 5, batchSize = 16, targets } = options;
    checkCount("topK", topK);
    const candidates = targets === undefined ? undefined : this.#targetIds([targets].flat());
    for (const text of texts) if (!text.includes(this.#mask.maskToken)) throw this.#noMask(text);
    const pairs = texts.map((text) => ({ text }));
    return readRows(
      this.#maskedBatches(textBatches(pairs, this.#parts, { batchSize }), texts),
      texts.length,
      this.#parts,
      options,
      ({ logits }, row, batch) => this.#fillRow(logits as Tensor, row, batch as MaskedBatch, topK, candidates),
      (batch, asked) => this.#run(batch as MaskedBatch, asked),
    );
  }

  *#maskedBatches(batches: Iterable<TextBatch>, texts: readonly string[]): Generator<MaskedBatch> {
    for (const batch of batches) {
      const { inputIds } = batch.inputs;
      const length = inputIds.dims[1] as number;
      const mask = BigInt(this.#mask.maskTokenId);
      const positions = Array.from(inputIds.data).flatMap((id, place) => (id === mask ? [place] : []));
      const rows = new Set(positions.map((place) => Math.floor(place / length)));
      const without = batch.indices.find((_, row) => !rows.has(row));
      if (without !== undefined) throw this.#noMask(texts[without] as string);
      yield { ...batch, positions };
    }
  }

  async #run({ inputs, positions }: MaskedBatch, asked: StateOptions): Promise<Record<string, Tensor>> {
    const { model } = this.#parts;
    const accepted = acceptedInputs(inputs, model);
    const outputs = await model({ ...accepted, ...(this.#selects && { positions }) }, asked);
    return outputs as unknown as Record<string, Tensor>;
  }

  #fillRow(
    logits: Tensor,
    row: number,
    { inputs, positions }: MaskedBatch,
    topK: number,
    candidates: readonly number[] | undefined,
  ): FillMaskResult {
    const length = inputs.inputIds.dims[1] as number;
    const vocabSize = logits.dims.at(-1) as number;
    const sequence = Array.from(inputs.inputIds.data.subarray(row * length, (row + 1) * length), Number);
    const masks = positions.filter((place) => Math.floor(place / length) === row);
    const answers = masks.map((place) => {
      const start = (this.#selects ? positions.indexOf(place) : place) * vocabSize;
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
        this.#parts.onWarning(`The target ${target} is not a token of this vocabulary; ${piece} is taken instead.`);
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
