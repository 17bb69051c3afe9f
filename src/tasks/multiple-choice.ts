/**
 * Multiple choice: each choice is read beside the context and the question, and the best one is told.
 *
 * Paper: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, §4.4: a score for each choice, and a softmax over
 * the choices.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import { accuracy } from "../metrics/index.ts";
import { indexOfLargest, rowsOf } from "./classified-rows.ts";
import { forwardWithLabels } from "./labelled-forward.ts";
import type { Features, PreparedTask, Task } from "./task.ts";
import { inputsOfChoices, textWindows, tokenRow } from "./token-rows.ts";

type Example = ReadExample<"multiple-choice">;

interface ChoiceFeatures extends Features {
  /** The index of the right choice. */
  readonly label: number;
}

export const multipleChoice: Task<"multiple-choice", ChoiceFeatures, number> = {
  name: "multiple-choice",
  modelTask: "multipleChoice",
  configuration: () => ({}),

  prepare({ tokenizer }, { sequenceLength }): PreparedTask<Example, ChoiceFeatures, number> {
    return {
      mainMetric: "accuracy",

      features: (examples) =>
        examples.map(({ choices, label, ...about }, example) => ({
          example,
          rows: choices.map((choice) => {
            const [text, textPair] = choicePair(about, choice);
            return tokenRow(textWindows(tokenizer, text, textPair, { sequenceLength })[0] as never);
          }),
          label,
        })),

      batch: (features) => ({
        ...inputsOfChoices(features, tokenizer),
        labels: int64Array(
          Int32Array.from(features, ({ label }) => label),
          [features.length],
        ),
      }),

      loss: (model, inputs) => forwardWithLabels(model, inputs).loss,
      outputs: (model, inputs) => forwardWithLabels(model, inputs),
      results: (outputs, _batch, features) => rowsOf(outputs, features.length).map(indexOfLargest),

      evaluate(examples, _features, results) {
        const gold = examples.map(({ label }) => label);
        return { metrics: { accuracy: accuracy(gold, results) } };
      },
    };
  },
};

/** A choice beside what it is about: [context, question and choice], or [question, choice] where there is no context. */
export function choicePair(
  { context, question }: Pick<Example, "context" | "question">,
  choice: string,
): [text: string, textPair: string] {
  if (context === undefined) return [question ?? "", choice];
  return [context, question === undefined ? choice : `${question} ${choice}`];
}
