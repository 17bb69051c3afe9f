/**
 * The demo's first part, *One side or two?*: a BERT and a GPT of one size learn a made-up language whose probabilities are
 * known, and fill the same blank. What decides it stands to the right, where only BERT looks.
 */
import type { AnyModel } from "../models/index.ts";
import { Random } from "../random.ts";
import type { Tensor } from "../tensor/index.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import type { DemoScreen } from "./demo-screen.ts";
import type { Target } from "./one-side-or-two-report.ts";
import {
  introduction,
  type ModelAnswers,
  type NextSentenceAnswers,
  nextSentenceLines,
  targetLines,
  targetsOf,
  wordTable,
} from "./one-side-or-two-report.ts";
import { type EndingKind, pairProbe, type WordProbabilities, weatherProbe, weatherWords } from "./weather-corpus.ts";
import {
  newWeatherBert,
  newWeatherGpt,
  prepareWeatherText,
  trainBertOnPairs,
  trainBertOnSentences,
  trainGpt,
  type WeatherRecipe,
  type WeatherText,
  type WeatherTraining,
} from "./weather-models.ts";
import { causalWordProbabilities, maskedWordProbabilities } from "./whole-word-scores.ts";

/** Many rows a step: how likely each word is swings with the last few batches, the more the fewer they hold. */
const weatherRecipes = {
  full: { bertSteps: 2400, bertRows: 96, gptSteps: 1500, pairSteps: 800 },
  quick: { bertSteps: 1400, bertRows: 96, gptSteps: 600, pairSteps: 300 },
} as const satisfies Record<string, WeatherRecipe>;

export interface OneSideOrTwoOptions {
  readonly quick?: boolean | undefined;
  /** 1 when left out: the models are too small for a second one to pay. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What is drawn; 1 when left out. */
  readonly seed?: number | undefined;
  /** Instead of the full or the quick one. */
  readonly recipe?: WeatherRecipe | undefined;
}

export interface OneSideOrTwoResult {
  /** A model a row, in the order in which they are shown. */
  readonly models: readonly ModelAnswers[];
  readonly targets: readonly Target[];
  readonly nextSentence: NextSentenceAnswers;
}

/** Runs the part and says what comes out. Returns undefined when the signal ended it. */
export async function runOneSideOrTwo(
  options: OneSideOrTwoOptions,
  screen: DemoScreen,
): Promise<OneSideOrTwoResult | undefined> {
  const recipe = options.recipe ?? weatherRecipes[options.quick ? "quick" : "full"];
  const random = new Random(options.seed ?? 1).fork("one side or two");
  const text = await prepareWeatherText(recipe, random.fork("text"));
  const say = (lines: readonly string[]): void => {
    for (const line of lines) screen.line(line);
  };
  say(introduction(text));
  const training: WeatherTraining = {
    random: random.fork("models"),
    threads: options.threads ?? 1,
    signal: options.signal,
    onStep: progressOf(recipe, screen),
  };

  const bert = await newWeatherBert(text, training);
  const gpt = await newWeatherGpt(text, training);
  try {
    // Each has a thread of its own.
    const trainings = [trainBertOnSentences(bert, text, recipe, training), trainGpt(gpt, text, recipe, training)];
    if (!(await Promise.all(trainings)).every((isWhole) => isWhole)) return undefined;
    const models = [await bertAnswers(bert, text), await gptAnswers(gpt, text)];
    const targets = targetsOf(models);
    say(["", ...wordTable(models), ...targetLines(targets)]);

    if (!(await trainBertOnPairs(bert, text, recipe, training))) return undefined;
    const nextSentence = await nextSentenceAnswers(bert, text);
    say(["", ...nextSentenceLines(nextSentence)]);
    return { models, targets, nextSentence };
  } finally {
    await Promise.all([bert.release(), gpt.release()]);
  }
}

/** One line for all three trainings. */
function progressOf(recipe: WeatherRecipe, screen: DemoScreen): WeatherTraining["onStep"] {
  const total = recipe.bertSteps + recipe.gptSteps + recipe.pairSteps;
  let done = 0;
  return (name, loss) =>
    screen.progress({
      stage: "training",
      done: ++done,
      total,
      unit: "steps",
      note: `${name}, loss ${loss.toFixed(2)}`,
    });
}

async function byEnding(
  answer: (ending: string) => Promise<WordProbabilities>,
): Promise<Record<EndingKind, WordProbabilities>> {
  const { bad, good, neutral } = weatherProbe.endings;
  return { bad: await answer(bad.text), good: await answer(good.text), neutral: await answer(neutral.text) };
}

const words = weatherWords.map(({ word }) => word);
const before = weatherProbe.beginning.text;

async function bertAnswers(model: AnyModel, { tokenizer }: WeatherText): Promise<ModelAnswers> {
  const answer = (ending: string) =>
    maskedWordProbabilities(model, tokenizer, { before, after: `，${ending}。` }, words, "predictionLogits");
  return { name: "BERT", reads: "both sides", words: await byEnding(answer) };
}

/** The ending is behind the blank, so that it cannot matter: the same answer three times. */
async function gptAnswers(model: AnyModel, { tokenizer, tokens }: WeatherText): Promise<ModelAnswers> {
  const context = { before, start: tokens.eosTokenId };
  const answer = () => causalWordProbabilities(model, tokenizer, context, words);
  return { name: "GPT", reads: "the left side", words: await byEnding(answer) };
}

async function nextSentenceAnswers(model: AnyModel, { tokenizer }: WeatherText): Promise<NextSentenceAnswers> {
  const { first, following, unrelated } = pairProbe;
  return {
    following: await nextProbability(model, tokenizer, first.text, following.text),
    unrelated: await nextProbability(model, tokenizer, first.text, unrelated.text),
  };
}

/** P(isNext) of two sentences; the first of the head's two logits is isNext. */
async function nextProbability(model: AnyModel, tokenizer: Tokenizer, first: string, second: string): Promise<number> {
  const { inputIds, tokenTypeIds } = tokenizer(first, { textPair: second, returnTensors: false }) as EncodedArrays;
  const outputs = (await model({ inputIds: [inputIds], tokenTypeIds: [tokenTypeIds] })) as Record<string, Tensor>;
  const [isNext, notNext] = (outputs.seqRelationshipLogits as Tensor).data as unknown as [number, number];
  return 1 / (1 + Math.exp(notNext - isNext));
}
