/** Vectors of texts: one for each token, or one for the whole text as the folder's own files say. */
import { ConfigurationError } from "../errors.ts";
import { type AnyModel, AutoModel } from "../models/index.ts";
import { normalized, type PoolingMode, pooled, poolingModes } from "../tasks/pooling.ts";
import { readSentenceModules, type SentenceModules } from "../tasks/sentence-modules.ts";
import { Tensor } from "../tensor/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { type AskingForStates, asksForStates, type Told, told, type WithStates } from "./inner-states.ts";
import {
  type CallOptions,
  checkCallOptions,
  checkChoice,
  checkSwitch,
  checkTexts,
  optionError,
} from "./pipeline-inputs.ts";
import { readRows, rowOf, type TextBatch, textBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions, type TextModel } from "./text-model.ts";

export interface FeatureExtractionOptions extends CallOptions {
  /**
   * How the vectors of the tokens become one of the text; several ways stand one after another. `none`: each token keeps its
   * own. When left out, as the folder's `modules.json` and `1_Pooling/config.json` say, and `none` without them.
   */
  readonly pooling?: "none" | PoolingMode | readonly PoolingMode[] | undefined;
  /** Whether every vector is given the length 1; as the folder's `modules.json` says, and false for vectors of tokens. */
  readonly normalize?: boolean | undefined;
  /**
   * The layers whose outputs are taken, one after another, in place of the last: 0 is the embeddings, −1 the last layer.
   * `[-4, -3, -2, -1]` is the best of those that Devlin et al. 2019 tried (§5.3).
   */
  readonly layers?: number | readonly number[] | undefined;
}

/**
 * Gives the vectors of tokens as [1, T, D], special tokens included, or with pooling the vector of the text as [1, D]. Of N texts
 * [N, D] or [N, T, D], where shorter texts end in zeros.
 */
export interface FeatureExtractionPipeline {
  <const O extends FeatureExtractionOptions>(text: string, options?: O): Promise<Told<O, Tensor>>;
  <const O extends FeatureExtractionOptions>(
    texts: readonly string[],
    options?: O,
  ): Promise<O extends AskingForStates ? WithStates<Tensor>[] : Tensor>;
  /** The same as one tensor [1, T, D] or [1, D] for each text, without padding. */
  each<const O extends FeatureExtractionOptions>(texts: readonly string[], options?: O): Promise<Told<O, Tensor>[]>;
  readonly tokenizer: Tokenizer;
  /** What the folder itself says; undefined without `modules.json`. */
  readonly modules: SentenceModules | undefined;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadFeatureExtraction(
  source: string,
  options: PipelineOptions,
): Promise<FeatureExtractionPipeline> {
  const task = "feature-extraction";
  // The pooler of BERT was trained for the next sentence, and is no part of the vectors.
  const parts = await loadTextModel(source, options, { task, auto: AutoModel, unread: ["pooler."] });
  const { model, tokenizer, folder } = parts;
  const modules = await readSentenceModules(folder);

  async function each(texts: readonly string[], callOptions: FeatureExtractionOptions = {}) {
    checkCallOptions(callOptions, ["pooling", "normalize", "layers"], task);
    const recipe = recipeOf(callOptions, modules);
    const vectors = await vectorsOf(checkTexts(texts), parts, recipe, callOptions);
    return vectors.map((vector) => told(vector, callOptions));
  }

  async function extract(given: string | readonly string[], callOptions: FeatureExtractionOptions = {}) {
    const vectors = await each(checkTexts(given), callOptions);
    if (!Array.isArray(given)) return vectors[0];
    return asksForStates(callOptions) ? vectors : joinedRows(vectors as Tensor[]);
  }
  const rest = { each, tokenizer, modules, release: () => model.release() };
  return Object.assign(extract, rest) as FeatureExtractionPipeline;
}

/** What is done with the hidden states of a text. */
interface Recipe {
  /** Empty: nothing, tokens keep their vectors. */
  readonly pooling: readonly PoolingMode[];
  readonly dense: SentenceModules["dense"];
  readonly normalize: boolean;
  /** Undefined: the last. */
  readonly layers: readonly number[] | undefined;
}

function recipeOf(options: FeatureExtractionOptions, modules: SentenceModules | undefined): Recipe {
  const { pooling = modules?.pooling ?? "none", layers } = options;
  const modes = pooling === "none" ? [] : [pooling].flat();
  for (const mode of modes) checkChoice("pooling", mode, ["none", ...poolingModes]);
  const isOfText = modes.length > 0;
  const { normalize = isOfText && modules?.normalize === true } = options;
  checkSwitch("normalize", normalize);
  const chosen = layers === undefined ? undefined : [layers].flat();
  if (chosen?.length === 0 || chosen?.some((layer) => !Number.isSafeInteger(layer))) {
    throw optionError("layers", "the number of a layer, or several", JSON.stringify(layers));
  }
  return { pooling: modes, dense: isOfText ? (modules?.dense ?? []) : [], normalize, layers: chosen };
}

/** Of each text its vectors, [1, T, D] or [1, D]. */
async function vectorsOf(
  texts: readonly string[],
  parts: TextModel<AnyModel>,
  recipe: Recipe,
  callOptions: FeatureExtractionOptions,
): Promise<WithStates<Tensor>[]> {
  const { batchSize = 16, outputHiddenStates } = callOptions;
  const { layers } = recipe;
  const pairs = texts.map((text) => ({ text }));
  const asked = { ...callOptions, outputHiddenStates: outputHiddenStates === true || layers !== undefined };
  const rows = await readRows(
    textBatches(pairs, parts, { batchSize }),
    texts.length,
    parts,
    asked,
    (outputs, row, batch) => {
      const { lastHiddenState, hiddenStates } = outputs as unknown as BaseOutputs;
      const sources = layers === undefined ? [lastHiddenState] : layers.map((layer) => layerAt(hiddenStates, layer));
      return cooked(textVectors(sources, row, batch), recipe);
    },
  );
  if (asked.outputHiddenStates === outputHiddenStates) return rows;
  // Hidden states that only the layers needed.
  return rows.map(({ result, states }) => ({
    result,
    states: states.map(({ hiddenStates: _, ...rest }) => rest),
  }));
}

interface BaseOutputs {
  readonly lastHiddenState: Tensor;
  readonly hiddenStates: readonly Tensor[];
}

function layerAt(hiddenStates: readonly Tensor[], layer: number): Tensor {
  const found = hiddenStates.at(layer);
  if (found !== undefined) return found;
  const last = hiddenStates.length - 1;
  throw new ConfigurationError(`There is no layer ${layer}.`, {
    field: "layers",
    expected: `0 (the embeddings) to ${last}, or -1 (the last) to -${last + 1}`,
    received: String(layer),
    hint: "Correct the option.",
  });
}

/** The vectors of a row's own tokens, [T, D], those of several layers side by side. */
function textVectors(layers: readonly Tensor[], row: number, { inputs }: TextBatch): Tensor {
  const length = inputs.inputIds.dims[1] as number;
  const mask = inputs.attentionMask?.data.subarray(row * length, (row + 1) * length);
  const places = Array.from({ length }, (_, place) => place).filter(
    (place) => mask === undefined || mask[place] === 1n,
  );
  const width = layers[0]?.dims[2] ?? 0;
  const values = new Float32Array(places.length * layers.length * width);
  const rows = layers.map((layer) => rowOf(layer, row));
  places.forEach((place, index) => {
    rows.forEach((source, part) => {
      const vector = source.subarray(place * width, (place + 1) * width);
      values.set(vector, (index * layers.length + part) * width);
    });
  });
  return new Tensor("float32", values, [places.length, layers.length * width]);
}

/** tokens [T, D] → [1, T, D], or [1, D] where they are pooled. */
function cooked({ data, dims }: Tensor, { pooling, dense, normalize }: Recipe): Tensor {
  const [length = 0, width = 0] = dims;
  const vectors = data as Float32Array;
  if (pooling.length === 0) {
    const tokens = new Tensor("float32", vectors, [1, length, width]);
    return normalize ? normalized(tokens) : tokens;
  }
  const vector = dense.reduce((input, layer) => layer(input), pooled(vectors, width, pooling));
  const text = new Tensor("float32", vector, [1, vector.length]);
  return normalize ? normalized(text) : text;
}

/** Tensors [1, …] of rows → one [N, …], where shorter rows end in zeros. */
function joinedRows(rows: readonly Tensor[]): Tensor {
  const longest = rows.reduce<readonly number[]>((dims, row) => (row.size > size(dims) ? row.dims : dims), []);
  const [, ...rest] = longest.length === 0 ? [0, 0] : longest;
  const each = size(rest);
  const values = new Float32Array(rows.length * each);
  rows.forEach(({ data }, index) => {
    values.set(data as Float32Array, index * each);
  });
  return new Tensor("float32", values, [rows.length, ...rest]);
}

function size(dims: readonly number[]): number {
  return dims.length === 0 ? -1 : dims.reduce((product, dim) => product * dim, 1);
}
