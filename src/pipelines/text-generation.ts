/** Goes on from a text: greedily, by drawing, or with beams, as the options say. */
import { platform } from "#platform";
import { ConfigurationError, DataError } from "../errors.ts";
import type { GenerationOptions } from "../generation/index.ts";
import { AutoModelForCausalLM, loadArchitecture } from "../models/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { EncodedTensors, Tokenizer } from "../tokenizers/index.ts";
import {
  asksForStates,
  type RowStates,
  type StateOptions,
  statesOfRow,
  type Told,
  told,
  type WithStates,
} from "./inner-states.ts";
import { checkCount, checkSwitch, checkTexts } from "./pipeline-inputs.ts";
import { loadTextModel, type PipelineOptions, type TextModel } from "./text-model.ts";

/** The states are those of each whole text, prompt and all, from one more run over it. */
export interface TextGenerationOptions extends Omit<GenerationOptions, "onToken">, StateOptions {
  /** Whether the prompt stands before what was generated; true. */
  readonly returnFullText?: boolean | undefined;
  /**
   * Is told new text as it comes, in whole characters, with the number of its prompt; for prompts that are continued once
   * each, without beams.
   */
  readonly onText?: ((text: string, prompt: number) => void) | undefined;
  /** Texts that are never said, at the beginning of a word or within one. */
  readonly badWords?: readonly string[] | undefined;
  /** Texts that are to be said somewhere; with `numBeams`. */
  readonly forceWords?: readonly string[] | undefined;
  /** Prompts that go through the model together; 8. What is drawn for a prompt depends on it. */
  readonly batchSize?: number | undefined;
}

export interface GeneratedText {
  generatedText: string;
}

/**
 * Gives `numReturnSequences` texts for each prompt. Throws a ConfigurationError for an unknown option, a ShapeError for a
 * prompt that leaves no room.
 */
export interface TextGenerationPipeline {
  <const O extends TextGenerationOptions>(text: string, options?: O): Promise<Told<O, GeneratedText[]>>;
  <const O extends TextGenerationOptions>(texts: readonly string[], options?: O): Promise<Told<O, GeneratedText[]>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

type CausalLM = Awaited<ReturnType<typeof AutoModelForCausalLM.fromPretrained>>;

export async function loadTextGeneration(source: string, options: PipelineOptions): Promise<TextGenerationPipeline> {
  const parts = await loadTextModel(source, options, {
    task: "text-generation",
    auto: AutoModelForCausalLM,
    paddingSide: "left",
  });
  const { model, tokenizer } = parts;
  await requireCausal(parts);

  async function generate(given: string | readonly string[], callOptions: TextGenerationOptions = {}) {
    const results = await generateAll(parts, checkTexts(given), callOptions);
    return typeof given === "string" ? results[0] : results;
  }
  return Object.assign(generate, { tokenizer, release: () => model.release() }) as TextGenerationPipeline;
}

/** An encoder has never been asked what comes next. */
async function requireCausal({ model, folder }: TextModel<CausalLM>): Promise<void> {
  const { isCausal = () => true } = await loadArchitecture(model.config.modelType);
  if (isCausal(model.config)) return;
  await model.release();
  throw new ConfigurationError(`The model of ${folder} does not go on from a text: a token sees those after it.`, {
    file: platform.join(folder, "config.json"),
    field: "is_decoder",
    expected: "true, or another kind of model such as gpt2",
    received: "false",
    hint: "Fill blanks with it (fill-mask), or take a model that was trained on causal language modeling.",
  });
}

async function generateAll(
  parts: TextModel<CausalLM>,
  texts: readonly string[],
  { batchSize = 8, outputHiddenStates, outputAttentions, badWords, forceWords, ...others }: TextGenerationOptions,
): Promise<(GeneratedText[] | WithStates<GeneratedText[]>)[]> {
  checkCount("batchSize", batchSize);
  checkSwitch("outputHiddenStates", outputHiddenStates);
  checkSwitch("outputAttentions", outputAttentions);
  const empty = texts.indexOf("");
  if (empty >= 0) {
    throw new DataError("There is nothing to go on from.", {
      field: "text",
      expected: "a text of at least one character",
      received: '""',
      hint: "Begin with a word.",
    });
  }
  const options = {
    ...others,
    ...(badWords && {
      badWordsIds: [
        ...(others.badWordsIds ?? []),
        ...badWords.flatMap((text) => writtenAs(parts.tokenizer, text, "badWords")),
      ],
    }),
    ...(forceWords && {
      forceWordsIds: [
        ...(others.forceWordsIds ?? []),
        ...forceWords.map((text) => writtenAs(parts.tokenizer, text, "forceWords")),
      ],
    }),
  };
  const asked = { outputHiddenStates, outputAttentions };
  const results: WithStates<GeneratedText[]>[] = [];
  for (let start = 0; start < texts.length; start += batchSize) {
    results.push(...(await generateBatch(parts, texts.slice(start, start + batchSize), start, options, asked)));
    parts.onBatch(results.length, texts.length);
  }
  return results.map((result) => told(result, asked));
}

/**
 * The ways in which tokens write a text: after a space, where a tokenizer counts that to the word, and without one. One
 * that begins with another is left out.
 */
function writtenAs(tokenizer: Tokenizer, text: string, field: string): readonly (readonly number[])[] {
  const ways = [text, ` ${text}`].map((form) =>
    Array.from(tokenizer(form, { addSpecialTokens: false }).inputIds.data, Number),
  );
  const own = ways.filter((ids, index) => {
    const begins = (other: readonly number[]): boolean => other.every((id, at) => ids[at] === id);
    return !ways.some(
      (other, place) => place !== index && begins(other) && (other.length < ids.length || place < index),
    );
  });
  if (own.every((ids) => ids.length > 0)) return own;
  throw new DataError("There are no tokens in this text.", { field, received: JSON.stringify(text) });
}

/** @param first number of the batch's first prompt. */
async function generateBatch(
  parts: TextModel<CausalLM>,
  texts: readonly string[],
  first: number,
  { returnFullText = true, onText, ...options }: Omit<TextGenerationOptions, "batchSize" | keyof StateOptions>,
  asked: StateOptions,
): Promise<WithStates<GeneratedText[]>[]> {
  const { model, tokenizer } = parts;
  const inputs = tokenizer(texts, { addSpecialTokens: false, padding: texts.length > 1 });
  const { inputIds } = inputs;
  const length = inputIds.dims[1] as number;
  const attentionMask = attentionMaskOf(inputs);
  const streams = texts.map((_, row) => new TextStream(tokenizer, (text) => onText?.(text, first + row)));
  const sequences = await model.generate(
    { inputIds, ...(texts.length > 1 && { attentionMask }) },
    { ...options, ...(onText && { onToken: (token: number, row: number) => streams[row]?.add(token) }) },
  );
  for (const stream of streams) stream.end();
  const width = sequences.dims[1] as number;
  const rows = (sequences.dims[0] as number) / texts.length;
  const text = (ids: Iterable<number | bigint>): string => tokenizer.decode(ids, { skipSpecialTokens: true });
  const results: WithStates<GeneratedText[]>[] = [];
  for (const [index, prompt] of texts.entries()) {
    const ids = inputIds.data.subarray(index * length, (index + 1) * length);
    // What a tokenizer makes of the prompt may differ from the prompt, in its spaces for example.
    const promptLength = text(ids).length;
    const padding = attentionMask.data.subarray(index * length, (index + 1) * length).indexOf(1n);
    const result: GeneratedText[] = [];
    const states: RowStates[] = [];
    for (let copy = 0; copy < rows; copy++) {
      const start = (index * rows + copy) * width;
      const whole = sequences.data.subarray(start, start + width) as BigInt64Array;
      result.push({ generatedText: (returnFullText ? prompt : "") + text(whole).slice(promptLength) });
      if (asksForStates(asked))
        states.push(await statesOfSequence(parts, whole.slice(padding), length - padding, asked));
    }
    results.push({ result, states });
  }
  return results;
}

/** The states of one sequence, by a run over all of it. What follows the end of what was generated is padding, and left out. */
async function statesOfSequence(
  { model, tokenizer }: TextModel<CausalLM>,
  ids: BigInt64Array,
  promptTokens: number,
  asked: StateOptions,
): Promise<RowStates> {
  const { eosTokenId } = model.config;
  const ends = [eosTokenId ?? []].flat().map(BigInt);
  const end = ids.findIndex((id, place) => place >= promptTokens && ends.includes(id));
  const shown = end < 0 ? ids : ids.slice(0, end + 1);
  const inputIds = { type: "int64" as const, data: shown, dims: [1, shown.length] };
  const outputs = await model({ inputIds }, asked);
  return statesOfRow({ inputIds }, outputs as unknown as Record<string, Tensor[]>, 0, tokenizer);
}

/** Padding by place, because the padding token may be one that texts hold. */
function attentionMaskOf({ attentionMask, inputIds }: EncodedTensors) {
  return attentionMask ?? { ...inputIds, data: inputIds.data.map(() => 1n) };
}

/** Tokens to text as they come. A character can be spread over several tokens: it is told when it is whole. */
class TextStream {
  readonly #tokenizer: Tokenizer;
  readonly #tell: (text: string) => void;
  readonly #tokens: number[] = [];
  #told = 0;

  constructor(tokenizer: Tokenizer, tell: (text: string) => void) {
    this.#tokenizer = tokenizer;
    this.#tell = tell;
  }

  add(token: number): void {
    this.#tokens.push(token);
    const text = this.#tokenizer.decode(this.#tokens, { skipSpecialTokens: true });
    if (!text.endsWith("\uFFFD")) this.#tellUpTo(text);
  }

  end(): void {
    this.#tellUpTo(this.#tokenizer.decode(this.#tokens, { skipSpecialTokens: true }));
  }

  #tellUpTo(text: string): void {
    if (text.length > this.#told) this.#tell(text.slice(this.#told));
    this.#told = Math.max(this.#told, text.length);
  }
}
