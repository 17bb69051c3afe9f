/** The weather corpus as tokens, and the small models that learn from it. */
import {
  causalPacking,
  corpusFromDocuments,
  fullSentencePacking,
  type SpecialTokens,
  type TokenizedCorpus,
  tokenizeCorpus,
} from "../data/index.ts";
import { type AnyModel, classFor, loadArchitecture, type ModelTask, type NarrowStartParts } from "../models/index.ts";
import {
  causalLanguageModeling,
  type MaskedLanguageModel,
  maskedLanguageModeling,
  maskedLanguageModelingWith,
  nextSentencePrediction,
  type Objective,
  type PreTrainingModel,
  type SymbolicInputs,
} from "../objectives/index.ts";
import type { Random } from "../random.ts";
import { type Tokenizer, trainWordPiece } from "../tokenizers/index.ts";
import { specialTokensOf } from "../training/index.ts";
import { startNarrow } from "../training/narrow-start.ts";
import { countTokens } from "../training/pretraining-corpus.ts";
import { trainShortly } from "./short-training.ts";
import { assertProbesAreNew, generatePairDocuments, generateWeatherSentences } from "./weather-corpus.ts";

/** How long each model learns; all with rows of one sentence or a little more. */
export interface WeatherRecipe {
  readonly bertSteps: number;
  /** Sentences of a step. */
  readonly bertRows: number;
  readonly gptSteps: number;
  /** Steps of BERT with next-sentence prediction, after the others. */
  readonly pairSteps: number;
}

const rows = 32;
const learningRate = 2e-3;
/** Of the tokens of a sentence; all of them become [MASK]. */
const masking = { share: 0.3, maskShare: 1, randomShare: 0 } as const;

/** BERT and GPT alike. The longest row is one of two sentences. */
export const weatherModelSize = { layers: 2, width: 64, heads: 4, innerWidth: 128, longestRow: 32 } as const;

export interface WeatherText {
  readonly tokenizer: Tokenizer;
  /** [SEP] ends a text for GPT too. */
  readonly tokens: SpecialTokens & { readonly eosTokenId: number };
  /** A sentence a document. */
  readonly sentences: TokenizedCorpus;
  /** Documents of two sentences. */
  readonly pairs: TokenizedCorpus;
  readonly distinctSentences: number;
}

export interface WeatherTraining {
  readonly random: Random;
  readonly threads: number;
  readonly signal: AbortSignal | undefined;
  readonly onStep: (model: string, loss: number) => void;
}

/** Draws the text, makes sure that it does not hold what the demo asks for, and learns its characters. */
export async function prepareWeatherText(recipe: WeatherRecipe, random: Random): Promise<WeatherText> {
  const sentences = generateWeatherSentences(recipe.bertSteps * recipe.bertRows, random.fork("sentences"));
  const documents = generatePairDocuments(recipe.pairSteps * rows, random.fork("documents"));
  assertProbesAreNew(sentences, documents);
  const distinct = new Set(sentences);
  const tokenizer = await trainWordPiece([...distinct, ...new Set(documents.flat())], { vocabSize: 1000 });
  const tokens = specialTokensOf(tokenizer);
  const tokenized = (documents: readonly (readonly string[])[]): Promise<TokenizedCorpus> =>
    tokenizeCorpus(corpusFromDocuments(documents), {
      encode: (text) => tokenizer.encodeIds(text),
      vocabSize: tokenizer.length,
    });
  return {
    tokenizer,
    tokens: { ...tokens, eosTokenId: tokens.sepTokenId as number },
    sentences: await tokenized(sentences.map((sentence) => [sentence])),
    pairs: await tokenized(documents),
    distinctSentences: distinct.size,
  };
}

/** A BERT with both heads, and values of its own. */
export async function newWeatherBert(text: WeatherText, { random, threads }: WeatherTraining): Promise<AnyModel> {
  const { layers, width, heads, innerWidth, longestRow } = weatherModelSize;
  const settings = {
    vocabSize: text.tokens.vocabSize,
    padTokenId: text.tokens.padTokenId,
    numHiddenLayers: layers,
    hiddenSize: width,
    numAttentionHeads: heads,
    intermediateSize: innerWidth,
    maxPositionEmbeddings: longestRow,
    hiddenDropoutProb: 0,
    attentionProbsDropoutProb: 0,
  };
  const { model, narrowStart } = await newModel("bert", "preTraining", settings, random.fork("bert"), threads);
  const parts = narrowStart as NarrowStartParts;
  startNarrow(model, parts, await countTokens(text.sentences), random.fork("bert"));
  return model;
}

/** A GPT-2 of the same size. */
export async function newWeatherGpt(text: WeatherText, { random, threads }: WeatherTraining): Promise<AnyModel> {
  const { layers, width, heads, innerWidth, longestRow } = weatherModelSize;
  const settings = {
    vocabSize: text.tokens.vocabSize,
    bosTokenId: text.tokens.eosTokenId,
    eosTokenId: text.tokens.eosTokenId,
    nLayer: layers,
    nEmbd: width,
    nHead: heads,
    nInner: innerWidth,
    nPositions: longestRow,
    residPdrop: 0,
    embdPdrop: 0,
    attnPdrop: 0,
  };
  return (await newModel("gpt2", "causalLM", settings, random.fork("gpt"), threads)).model;
}

async function newModel(type: string, task: ModelTask, settings: object, random: Random, threads: number) {
  const architecture = await loadArchitecture(type);
  const initializerRange = 1 / Math.sqrt(weatherModelSize.width);
  const config = architecture.configuration.create({ ...settings, initializerRange } as object);
  const model: AnyModel = new (classFor(architecture, task))(config as never).initialize(random, { threads });
  return { model, narrowStart: architecture.pretraining.narrowStart };
}

/** Trains on single sentences by masked language modeling. Returns false when the signal ended it. */
export async function trainBertOnSentences(
  model: AnyModel,
  { tokens, sentences: corpus }: WeatherText,
  { bertSteps: steps, bertRows: batchSize }: WeatherRecipe,
  training: WeatherTraining,
): Promise<boolean> {
  const objective = maskedLanguageModeling(tokens, masking);
  const head: MaskedLanguageModel = {
    forward: (inputs) => ({ logits: (model as unknown as PreTrainingModel).forward(inputs).predictionLogits }),
  };
  const packing = fullSentencePacking(tokens, { sequenceLength: weatherModelSize.longestRow, join: "none" });
  const loss = (inputs: SymbolicInputs) => objective.loss(head, inputs);
  return trainShortly({ ...partOf(training, "BERT"), model, objective, loss, corpus, packing, batchSize, steps });
}

/** Goes on with documents of two sentences: masked language modeling and next-sentence prediction. */
export async function trainBertOnPairs(
  model: AnyModel,
  { tokens, pairs: corpus }: WeatherText,
  { pairSteps: steps }: WeatherRecipe,
  training: WeatherTraining,
): Promise<boolean> {
  const nextSentences = nextSentencePrediction(tokens, { shortSequenceProbability: 0 });
  const objective = maskedLanguageModelingWith(nextSentences, tokens, masking);
  const packing = objective.packing({ sequenceLength: weatherModelSize.longestRow });
  const loss = (inputs: SymbolicInputs) => objective.loss(model as unknown as PreTrainingModel, inputs);
  const part = partOf(training, "BERT on pairs");
  return trainShortly({ ...part, model, objective, loss, corpus, packing, batchSize: rows, steps });
}

/** Trains on running text, each token told from those before it. */
export async function trainGpt(
  model: AnyModel,
  { tokens, sentences: corpus }: WeatherText,
  { gptSteps: steps }: WeatherRecipe,
  training: WeatherTraining,
): Promise<boolean> {
  const objective = causalLanguageModeling(tokens) as Objective<AnyModel>;
  const packing = causalPacking(tokens, { sequenceLength: 16 });
  const loss = (inputs: SymbolicInputs) => objective.loss(model, inputs);
  const part = partOf(training, "GPT");
  return trainShortly({ ...part, model, objective, loss, corpus, packing, batchSize: rows, steps });
}

/** What the trainings share, with draws and a name of its own for each. */
function partOf({ random, threads, signal, onStep }: WeatherTraining, name: string) {
  return {
    learningRate,
    random: random.fork(name),
    threads,
    signal,
    onStep: (loss: number): void => onStep(name, loss),
  };
}
