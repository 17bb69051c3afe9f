/** `cloze finetune`: from a model and labelled examples to a model for a task. */
import { ConfigurationError } from "../errors.ts";
import { taskNames } from "../tasks/index.ts";
import { type FinetuneSettings, finetune, type PreparedFinetuning } from "../training/index.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { evaluationText } from "./evaluation-text.ts";
import { finetuneSettingOptions } from "./finetune-options.ts";
import { chosen } from "./options.ts";
import { countText } from "./quantities.ts";
import { refuseResumeAndOverwrite, resumedRunFile, runFolderOptions } from "./run-folder.ts";
import { givenSettings } from "./setting-options.ts";
import { TrainingWatch } from "./training-watch.ts";

export const finetuneCommand = defineCommand({
  arguments: [{ name: "[task]", about: taskNames.join(", ") }],
  options: {
    ...finetuneSettingOptions,
    ...runFolderOptions,
  },
  examples: [
    "cloze finetune text-classification --model ./my-bert --train reviews.tsv --output my-classifier",
    "cloze finetune text-classification --model ./my-bert --train pairs.csv --column text=first --column textPair=second --output pairs",
    "cloze finetune token-classification --model ./my-bert --train names.conll --epochs 5 --output my-tagger",
    "cloze finetune retrieval --model ./my-encoder --train questions.jsonl --output my-retriever",
    "cloze evaluate text-classification --model ./my-classifier --data test.tsv",
  ],
  furtherConfigFile: resumedRunFile,
  async run({ arguments: [argument], values }, context) {
    const { resume, overwrite } = values;
    refuseResumeAndOverwrite({ resume, overwrite });
    const given = givenSettings(finetuneSettingOptions, values) as Partial<FinetuneSettings>;
    const task = chosen(argument ?? given.task ?? "", taskNames, "task");
    const settings = { ...given, task };
    for (const name of ["model", "train", "output"] as const) requireSetting(settings, name);
    await train(settings, { resume, overwrite }, context);
  },
});

function requireSetting(settings: Partial<FinetuneSettings>, name: "model" | "train" | "output"): void {
  if (settings[name] !== undefined) return;
  const what = { model: "the model to begin with", train: "a file of examples", output: "a folder for the result" };
  throw new ConfigurationError(`--${name} must be given.`, {
    field: `--${name}`,
    expected: what[name],
    received: "nothing",
    hint: `Add --${name}.`,
  });
}

async function train(
  settings: Partial<FinetuneSettings>,
  options: { readonly resume: boolean; readonly overwrite: boolean },
  context: CommandContext,
): Promise<void> {
  const watch = new TrainingWatch(
    `cloze finetune ${settings.task}`,
    settings.output ?? "",
    "held-out examples",
    context,
  );
  const running = finetune(settings, options, {
    ...watch.hooks,
    onReady: (run, totalSteps) => watch.ready(totalSteps, introduction(run, totalSteps)),
    afterStep(_step, totalSteps) {
      watch.totalSteps = totalSteps;
      return false;
    },
  });
  const { done, evaluation } = await watch.finish(running);
  await watch.conclude(done, () => (evaluation === undefined ? "" : `\n\n${evaluationText(evaluation).trimEnd()}`));
}

function introduction(run: PreparedFinetuning, totalSteps: number): string[] {
  const { model, settings, features, trainingExamples, heldOutRule } = run;
  const { parameters } = model.store;
  const all = parameters.reduce((sum, { size }) => sum + size, 0);
  const trained = parameters.reduce((sum, { size, trainable }) => sum + (trainable ? size : 0), 0);
  const frozen = trained === all ? "" : `, ${countText(trained)} of them trained`;
  const rows = features.length === trainingExamples ? "" : ` in ${countText(features.length)} windows`;
  return [
    `${model.constructor.name} of ${countText(all)} parameters${frozen}`,
    `${countText(trainingExamples)} examples to train on${rows}; held out: ${heldOutRule}`,
    `${countText(totalSteps)} steps of ${settings.batchSize} examples`,
  ];
}
