/** What causal language models share beside being models: they continue text. */
import { DataError } from "../errors.ts";
import {
  type GenerationOptions,
  type GenerationSettings,
  generateTokens,
  type Prompts,
  readGenerationConfig,
} from "../generation/index.ts";
import { Tensor, type TensorLike } from "../tensor/index.ts";
import { CausalDecoder, type PromptContext } from "./causal-decoding.ts";
import { type AnyModel, PreTrainedModel } from "./pretrained-model.ts";

export interface GenerationInputs {
  /** [B, T]: prompts, padded on the left. */
  readonly inputIds: TensorLike;
  /** [B, T]: 1 on text, 0 on padding. When left out, what equals the padding token is padding. */
  readonly attentionMask?: TensorLike | undefined;
  /** [B, T]: the prompts' positions, from which those of new tokens go on; 0, 1, … over text when left out. */
  readonly positionIds?: TensorLike | undefined;
  /** [B, E, D]: an encoder's states, for a decoder with cross-attention. */
  readonly encoderHiddenStates?: TensorLike | undefined;
  /** [B, E]: 1 on what the encoder read, 0 on its padding. All is read when left out. */
  readonly encoderAttentionMask?: TensorLike | undefined;
}

/** What `generate` gives with `returnDictInGenerate`. */
export interface GenerationOutputs {
  /** [B · numReturnSequences, prompt and continuation] of int64, padded on the right. */
  readonly sequences: Tensor;
  /** [B · numReturnSequences]; with beams only. */
  readonly sequencesScores: Tensor | undefined;
}

type WithScores = GenerationOptions & { readonly returnDictInGenerate: true };

export abstract class CausalLanguageModel<
  Config extends GenerationTokens,
  Inputs extends object,
  Outputs extends object,
> extends PreTrainedModel<Config, Inputs, Outputs> {
  /** Tokens of the longest row. */
  abstract get maximumLength(): number;

  /**
   * Continues prompts: [B · numReturnSequences, prompt and continuation] of int64. Options come before the folder's
   * generation_config.json.
   */
  generate(inputs: GenerationInputs, options: WithScores): Promise<GenerationOutputs>;
  generate(inputs: GenerationInputs, options?: GenerationOptions): Promise<Tensor>;
  async generate(
    inputs: GenerationInputs,
    { returnDictInGenerate, ...options }: GenerationOptions & { readonly returnDictInGenerate?: boolean } = {},
  ): Promise<Tensor | GenerationOutputs> {
    const own = this.#settings();
    const prompts = promptsOf(inputs, { ...own, ...options });
    const decoder = new CausalDecoder(this as unknown as AnyModel, this.maximumLength, contextOf(inputs, prompts));
    const { sequences, scores } = await generateTokens(decoder, prompts, options, own);
    const ids = Tensor.from(sequences, "int64");
    if (returnDictInGenerate !== true) return ids;
    return { sequences: ids, sequencesScores: scores && Tensor.from(scores, "float32") };
  }

  /** What the folder says of generation, or what its config.json says of special tokens. */
  #settings(): GenerationSettings {
    if (this.generationConfig !== undefined) {
      return readGenerationConfig(this.generationConfig.text, this.generationConfig.file);
    }
    const { eosTokenId, padTokenId } = this.config;
    return { eosTokenId: eosTokenId ?? null, padTokenId: padTokenId ?? null };
  }
}

/** What a causal model's configuration says of special tokens. */
export interface GenerationTokens {
  readonly eosTokenId: number | readonly number[] | null;
  readonly padTokenId: number | null;
}

function promptsOf({ inputIds, attentionMask }: GenerationInputs, settings: GenerationSettings): Prompts {
  const tensor = Tensor.from(inputIds, "int64", "inputIds");
  const rows = rowsOf(tensor);
  const masks = attentionMask === undefined ? undefined : rowsOf(Tensor.from(attentionMask, "int64", "attentionMask"));
  const padding = rows.map((ids, row) => paddingOf(masks?.[row] ?? inferredMask(ids, settings)));
  return { ids: rows, padding };
}

function contextOf(inputs: GenerationInputs, { ids }: Prompts): PromptContext {
  const given = (name: keyof GenerationInputs, type: "int64" | "float32"): Tensor | undefined => {
    const value = inputs[name];
    if (value === undefined) return undefined;
    const tensor = Tensor.from(value, type, name);
    if (tensor.dims[0] === ids.length) return tensor;
    throw new DataError(`${name} has other rows than there are prompts`, {
      field: name,
      expected: String(ids.length),
      received: String(tensor.dims[0]),
    });
  };
  const positions = given("positionIds", "int64");
  const states = given("encoderHiddenStates", "float32");
  const mask = given("encoderAttentionMask", "int64");
  return { positions: positions && rowsOf(positions), source: states && { states, mask } };
}

function rowsOf({ data, dims }: Tensor): number[][] {
  if (dims.length !== 2) {
    throw new DataError("prompts are rows of tokens", { field: "inputIds", expected: "[B, T]", received: `[${dims}]` });
  }
  const [rows = 0, length = 0] = dims;
  return Array.from({ length: rows }, (_, row) => Array.from(data.slice(row * length, (row + 1) * length), Number));
}

/** As in the reference: the padding token is padding unless it also ends texts. */
function inferredMask(ids: readonly number[], { padTokenId, eosTokenId }: GenerationSettings): number[] {
  const ends = Array.isArray(eosTokenId) ? eosTokenId : [eosTokenId];
  if (padTokenId === undefined || padTokenId === null || ends.includes(padTokenId)) return ids.map(() => 1);
  return ids.map((id) => (id === padTokenId ? 0 : 1));
}

/** How many tokens on the left are padding. Throws a DataError if there is some elsewhere. */
function paddingOf(mask: readonly number[]): number {
  const first = mask.indexOf(1);
  if (first >= 0 && mask.slice(first).every((isText) => isText === 1)) return first;
  throw new DataError("prompts of different lengths must be padded on the left", {
    field: "attentionMask",
    expected: "zeros, then ones",
    received: mask.slice(0, 40).join(" "),
    hint: 'tokenize with { paddingSide: "left" }',
  });
}
