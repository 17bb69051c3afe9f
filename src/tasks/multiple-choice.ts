/**
 * Multiple choice: each choice is read beside the context and the question, and the best one is told.
 *
 * Paper: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, §4.4: a score for each choice, and a softmax over
 * the choices. Radford et al. 2018 (GPT), §3.3: a model without a head for choices scores each as a text.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import { accuracy } from "../metrics/index.ts";
import type { AnyModel, ModelTask } from "../models/index.ts";
import { crossEntropy } from "../nn/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import type { EncodedArrays } from "../tokenizers/index.ts";
import { indexOfLargest, rowsOf } from "./classified-rows.ts";
import { forwardRows, scoresOfChoices, withLanguageModeling } from "./labelled-forward.ts";
import type { Features, PreparedTask, Task } from "./task.ts";
import { inputsOfChoices, textWindows, tokenRow } from "./token-rows.ts";

type Example = ReadExample<"multiple-choice">;

interface ChoiceFeatures extends Features {
  /** The index of the right choice. */
  readonly label: number;
  /** How many choices the example has; the rows after these are empty ones. */
  readonly choices: number;
}

export const multipleChoice: Task<"multiple-choice", ChoiceFeatures, number> = {
  name: "multiple-choice",
  modelTasks: ["multipleChoice", "sequenceClassification"],
  configuration: (_examples, _options, _config, modelTask) => (modelTask === "multipleChoice" ? {} : { numLabels: 1 }),

  prepare(
    { tokenizer, modelTask },
    { sequenceLength, languageModeling },
  ): PreparedTask<Example, ChoiceFeatures, number> {
    return {
      mainMetric: "accuracy",

      features(examples) {
        const most = Math.max(...examples.map(({ choices }) => choices.length));
        return examples.map(({ choices, label, ...about }, example) => {
          // Where examples have more or fewer choices, as in C3, empty ones are added, which are never told as the best.
          const rows = Array.from({ length: most }, (_, at) => {
            const [text, textPair] = choicePair(about, choices[at] ?? "");
            const [window] = textWindows(tokenizer, text, textPair, { sequenceLength });
            return tokenRow(window as EncodedArrays);
          });
          return { example, rows, label, choices: choices.length };
        });
      },

      batch: (features) => ({
        ...inputsOfChoices(features, tokenizer),
        labels: int64Array(
          Int32Array.from(features, ({ label }) => label),
          [features.length],
        ),
      }),

      loss(model, inputs) {
        const { logits, rows } = forwardChoices(model, inputs, modelTask);
        const loss = crossEntropy(logits, inputs.labels as SymbolicTensor);
        return rows === undefined ? loss : withLanguageModeling(loss, model, rows, languageModeling);
      },

      outputs(model, inputs) {
        const { logits } = forwardChoices(model, inputs, modelTask);
        return { logits, loss: crossEntropy(logits, inputs.labels as SymbolicTensor) };
      },

      results: (outputs, _batch, features) =>
        rowsOf(outputs, features.length).map((scores, at) => indexOfLargest(scores.slice(0, features[at]?.choices))),

      evaluate(examples, _features, results) {
        const gold = examples.map(({ label }) => label);
        return { metrics: { accuracy: accuracy(gold, results) } };
      },
    };
  },
};

/** logits [B, C] of inputs [B, C, T]; a classifier of rows reads each choice as a row of its own, and scores it. */
function forwardChoices(model: AnyModel, inputs: SymbolicInputs, modelTask: ModelTask) {
  if (modelTask === "multipleChoice") {
    const { labels: _, ...texts } = inputs;
    return { logits: model.forward(texts).logits as SymbolicTensor, rows: undefined };
  }
  const rows = forwardRows(model, inputs);
  return { logits: scoresOfChoices(rows.logits, inputs.inputIds as SymbolicTensor), rows };
}

/** A choice beside what it is about: [context, question and choice], or [question, choice] where there is no context. */
export function choicePair(
  { context, question }: Pick<Example, "context" | "question">,
  choice: string,
): [text: string, textPair: string] {
  if (context === undefined) return [question ?? "", choice];
  return [context, question === undefined ? choice : `${question} ${choice}`];
}
