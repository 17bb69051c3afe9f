/** How near sentences are to one in meaning: the cosine of the angle between their vectors. */

import type { PoolingMode } from "../tasks/pooling.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { loadFeatureExtraction } from "./feature-extraction.ts";
import { type Told, told, type WithStates } from "./inner-states.ts";
import { type CallOptions, checkCallOptions, checkFields, checkSeveral, checkText } from "./pipeline-inputs.ts";
import { rowsOfEach } from "./text-batches.ts";
import type { PipelineOptions } from "./text-model.ts";

export interface SentenceSimilarityOptions extends CallOptions {
  /** As of feature-extraction; the mean where the folder does not say. */
  readonly pooling?: PoolingMode | readonly PoolingMode[] | undefined;
}

export interface SentenceSimilarityInput {
  readonly sourceSentence: string;
  readonly sentences: readonly string[];
}

/** Gives a score for each sentence, in their order, from −1 to 1. `compare(source, sentences)`, or objects that hold both. */
export interface SentenceSimilarityPipeline {
  <const O extends SentenceSimilarityOptions>(
    sourceSentence: string,
    sentences: readonly string[],
    options?: O,
  ): Promise<Told<O, number[]>>;
  <const O extends SentenceSimilarityOptions>(input: SentenceSimilarityInput, options?: O): Promise<Told<O, number[]>>;
  <const O extends SentenceSimilarityOptions>(
    inputs: readonly SentenceSimilarityInput[],
    options?: O,
  ): Promise<Told<O, number[]>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadSentenceSimilarity(
  source: string,
  options: PipelineOptions,
): Promise<SentenceSimilarityPipeline> {
  const extract = await loadFeatureExtraction(source, options);
  const usual = extract.modules?.pooling ?? "mean";

  async function compare(given: unknown, ...rest: readonly unknown[]) {
    const isSource = typeof given === "string";
    const callOptions = ((isSource ? rest[1] : rest[0]) ?? {}) as SentenceSimilarityOptions;
    checkCallOptions(callOptions, ["pooling"], "sentence-similarity");
    const inputs = isSource ? { sourceSentence: given, sentences: rest[0] } : given;
    const groups = (Array.isArray(inputs) ? inputs : [inputs]).map(checkInput);
    const texts = groups.flatMap(({ sourceSentence, sentences }) => [sourceSentence, ...sentences]);
    const extracted = await extract.each(texts, { pooling: usual, ...callOptions, normalize: true });
    const vectors = extracted as unknown as readonly (Tensor | WithStates<Tensor>)[];
    const counts = groups.map(({ sentences }) => sentences.length + 1);
    const results = rowsOfEach(vectors, counts).map((own) => {
      const rows = own.map((vector) => ("states" in vector ? vector : { result: vector, states: [] }));
      const [first, ...others] = rows.map(({ result }) => result.data) as [Float32Array, ...Float32Array[]];
      const states = rows.flatMap((row) => row.states);
      return told({ result: others.map((vector) => dot(first, vector)), states }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(compare, {
    tokenizer: extract.tokenizer,
    release: () => extract.release(),
  }) as SentenceSimilarityPipeline;
}

function checkInput(input: unknown): SentenceSimilarityInput {
  const example = '{ sourceSentence: "It rains.", sentences: ["It is wet.", "He sleeps."] }';
  const { sourceSentence, sentences } = checkFields(input, ["sourceSentence", "sentences"], example);
  return {
    sourceSentence: checkText(sourceSentence, "sourceSentence"),
    sentences: checkSeveral(sentences, "sentences"),
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);
}
