/** `cloze finetune`: from a model and labelled examples to a model for a task. */
import { ConfigurationError } from "../errors.ts";
import { taskNames } from "../tasks/index.ts";
import {
  asksForSeveralRuns,
  type FinetuneHooks,
  type FinetuneSettings,
  finetune,
  finetuneSeveral,
  type PreparedFinetuning,
  type RunsSummary,
} from "../training/index.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { dryFinetuning } from "./dry-run.ts";
import { evaluationText, layersText, runsText } from "./evaluation-text.ts";
import { finetuneSettingOptions } from "./finetune-options.ts";
import { chosen, toggle } from "./options.ts";
import { profiled, profileFile, profileOption, refuseProfileOfDryRun } from "./profile.ts";
import { countText } from "./quantities.ts";
import { refuseResumeAndOverwrite, resumedRunFile, runFolderOptions } from "./run-folder.ts";
import { givenSettings } from "./setting-options.ts";
import { TrainingWatch } from "./training-watch.ts";

export const finetuneCommand = defineCommand({
  arguments: [{ name: "[task]", about: taskNames.join(", ") }],
  options: {
    ...finetuneSettingOptions,
    ...runFolderOptions,
    profile: profileOption("Show where the time of ten early steps goes", "OUTPUT/profile.json"),
    dryRun: toggle("Write nothing: show shapes, parameters, memory, time and the first batch"),
  },
  examples: [
    "cloze finetune text-classification --model ./my-bert --train reviews.tsv --output my-classifier",
    "cloze finetune text-classification --model ./my-bert --train pairs.csv --column text=first --column textPair=second --output pairs",
    "cloze finetune text-classification --model ./my-bert --train reviews.tsv --seeds 3 --output three-seeds",
    "cloze finetune text-classification --model ./my-bert --train reviews.tsv --frozen --layers each --output probe",
    "cloze finetune token-classification --model ./my-bert --train names.conll --epochs 5 --output my-tagger",
    "cloze finetune spelling-correction --model ./my-bert --train corrections.jsonl --output my-corrector",
    "cloze finetune retrieval --model ./my-encoder --train questions.jsonl --output my-retriever",
    "cloze finetune text-ranking --model ./my-encoder --train questions.jsonl --output my-reranker",
    "cloze evaluate text-classification --model ./my-classifier --data test.tsv",
  ],
  furtherConfigFile: resumedRunFile,
  async run({ arguments: [argument], values }, context) {
    const { resume, overwrite } = values;
    refuseResumeAndOverwrite({ resume, overwrite });
    const given = givenSettings(finetuneSettingOptions, values) as Partial<FinetuneSettings>;
    const task = chosen(argument ?? given.task ?? "", taskNames, "task");
    const settings = { ...given, task };
    const required = values.dryRun ? (["model", "train"] as const) : (["model", "train", "output"] as const);
    for (const name of required) requireSetting(settings, name);
    refuseProfileOfDryRun(values);
    if (values.dryRun) return dryFinetuning({ ...settings, ...oneOfSeveral(settings) }, context);
    const file = profileFile(values.profile, settings.output ?? "");
    await profiled(file, "step", context, () => train(settings, { resume, overwrite }, context));
  },
});

/** A dry run of several is one of the first. */
function oneOfSeveral({ layers }: Partial<FinetuneSettings>): Partial<FinetuneSettings> {
  return { seeds: 1, ...(layers === "each" && { layers: "0" }) };
}

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
  const hooks: FinetuneHooks = {
    ...watch.hooks,
    onReady: (run, totalSteps) => watch.ready(totalSteps, introduction(run, totalSteps)),
    afterStep(_step, totalSteps) {
      watch.totalSteps = totalSteps;
      return false;
    },
  };
  if (asksForSeveralRuns(settings)) {
    const { done, summary } = await watch.finish(finetuneSeveral(settings, options, hooks));
    const text = settings.layers === "each" ? layersText : runsText;
    if (summary !== undefined) await showRuns(summary, text(summary), watch.folder, context);
    else if (done !== undefined) await watch.conclude(done, () => "");
    return;
  }
  const { done, evaluation, task } = await watch.finish(finetune(settings, options, hooks));
  const results = () => (evaluation === undefined ? "" : `\n\n${evaluationText(evaluation).trimEnd()}`);
  await watch.conclude(done, results, task.mainMetric);
}

async function showRuns(
  { best }: RunsSummary,
  table: string,
  folder: string,
  { output }: CommandContext,
): Promise<void> {
  if (output.isJson) return;
  await output.write(`${table.trimEnd()}\n\n${folder} holds the model of ${best}, each run its own below it.\n`);
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
