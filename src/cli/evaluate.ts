/** `cloze evaluate`: a model's figures on a text. */
import { evaluateModel, evaluationObjectives } from "../training/index.ts";
import { defineCommand } from "./command.ts";
import { engineOptions } from "./engine-options.ts";
import { metricsText } from "./metrics-text.ts";
import { chosen, optionalWholeNumber, requiredModel, requiredText } from "./options.ts";

export const evaluate = defineCommand({
  arguments: [{ name: "<task>", about: evaluationObjectives.join(" or ") }],
  options: {
    model: requiredModel("A model folder"),
    data: requiredText("FILE", "Text: a file, a folder, brown or song-ci"),
    sequenceLength: optionalWholeNumber("Tokens of a row", "what the model takes, 512 at most"),
    history: optionalWholeNumber(
      "causal-language-modeling: tokens before it that a prediction may read",
      "all of the row",
    ),
    ...engineOptions,
  },
  examples: [
    "cloze evaluate masked-language-modeling --model ./my-bert --data held-out.txt",
    "cloze evaluate causal-language-modeling --model ./my-gpt2 --data held-out.txt --json",
  ],
  async run({ arguments: [task = ""], values }, { output, progress }) {
    const { model, data, ...options } = values;
    const evaluation = await evaluateModel(chosen(task, evaluationObjectives, "task"), model, data, {
      ...options,
      report: (stage) => progress.report(stage),
      onWarning: (text) => output.warn(text),
    });
    progress.finish();
    await output.result(evaluation, () => `${metricsText(evaluation.metrics)}; ${evaluation.examples} documents\n`);
  },
});
