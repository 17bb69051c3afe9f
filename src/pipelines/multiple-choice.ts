/** Which of several choices goes best with a context, as in SWAG (Zellers et al. 2018, https://arxiv.org/abs/1808.05326). */
import { softmax } from "../generation/index.ts";
import { AutoModelForMultipleChoice } from "../models/index.ts";
import { choicePair } from "../tasks/multiple-choice.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import {
  type CallOptions,
  checkCallOptions,
  checkFields,
  checkFilled,
  checkSeveral,
  checkText,
} from "./pipeline-inputs.ts";
import { acceptedInputs, scoresOfEach } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions, type RowInputs } from "./text-model.ts";

/** Options of a call. */
export type MultipleChoiceOptions = CallOptions;

/** At least one of context and question. */
export interface ChoiceQuestion {
  readonly context?: string | undefined;
  /** Stands before each choice. */
  readonly question?: string | undefined;
  readonly choices: readonly string[];
}

export interface ChoiceScore {
  choice: string;
  /** Its place among the choices, from 0. */
  index: number;
  /** From 0 to 1; those of all choices sum to 1. */
  score: number;
}

/** Gives all choices, the best first. `choose(context, choices)`, or objects that can hold a question as well. */
export interface MultipleChoicePipeline {
  <const O extends MultipleChoiceOptions>(
    context: string,
    choices: readonly string[],
    options?: O,
  ): Promise<Told<O, ChoiceScore[]>>;
  <const O extends MultipleChoiceOptions>(input: ChoiceQuestion, options?: O): Promise<Told<O, ChoiceScore[]>>;
  <const O extends MultipleChoiceOptions>(
    inputs: readonly ChoiceQuestion[],
    options?: O,
  ): Promise<Told<O, ChoiceScore[]>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadMultipleChoice(source: string, options: PipelineOptions): Promise<MultipleChoicePipeline> {
  const task = "multiple-choice";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForMultipleChoice });
  const { model, tokenizer } = parts;

  async function choose(given: unknown, ...rest: readonly unknown[]) {
    const isContext = typeof given === "string";
    const callOptions = ((isContext ? rest[1] : rest[0]) ?? {}) as MultipleChoiceOptions;
    checkCallOptions(callOptions, [], task);
    const inputs = isContext ? { context: given, choices: rest[0] } : given;
    const questions = (Array.isArray(inputs) ? inputs : [inputs]).map(checkInput);
    const pairs = questions.map(({ choices, ...about }) =>
      choices.map((choice) => {
        const [text, textPair] = choicePair(about, choice);
        return { text, textPair };
      }),
    );
    const each = await scoresOfEach(
      pairs,
      parts,
      callOptions,
      ({ inputs }, asked) => model(oneChoiceARow(acceptedInputs(inputs, model)), asked) as never,
    );
    const results = each.map(({ scores: logits, states }, index) => {
      const { choices } = questions[index] as ChoiceQuestion;
      const scores = softmax(Float32Array.from(logits));
      const result = choices.map((choice, index) => ({ choice, index, score: scores[index] as number }));
      result.sort((a, b) => b.score - a.score);
      return told({ result, states }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(choose, { tokenizer, release: () => model.release() }) as MultipleChoicePipeline;
}

function checkInput(input: unknown): ChoiceQuestion {
  const example = '{ context: "It rains.", choices: ["She takes an umbrella.", "She takes a nap."] }';
  const { context, question, choices } = checkFields(input, ["choices"], example);
  return {
    ...(context === undefined && question !== undefined ? {} : { context: checkFilled(context, "context") }),
    ...(question !== undefined && { question: checkText(question, "question") }),
    choices: checkSeveral(choices, "choices"),
  };
}

/** Inputs [B, T] → [B, 1, T]: choices are scored each for itself, so questions with different numbers of them go together. */
function oneChoiceARow(inputs: RowInputs): RowInputs {
  const entries = Object.entries(inputs).map(([name, tensor]) => {
    const [rows, length] = tensor.dims;
    return [name, { ...tensor, dims: [rows, 1, length] }];
  });
  return Object.fromEntries(entries) as unknown as RowInputs;
}
