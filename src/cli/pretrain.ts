/** `cloze pretrain`: from text to a model folder. */
import { ConfigurationError } from "../errors.ts";
import { type PretrainRun, type PretrainSettings, pretrain } from "../training/index.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { dryRun } from "./dry-run.ts";
import { metricsText } from "./metrics-text.ts";
import { toggle } from "./options.ts";
import { pretrainSettingOptions } from "./pretrain-options.ts";
import { profiled, profileFile, profileOption, refuseProfileOfDryRun } from "./profile.ts";
import { countText } from "./quantities.ts";
import { refuseResumeAndOverwrite, resumedRunFile, runFolderOptions } from "./run-folder.ts";
import { givenSettings } from "./setting-options.ts";
import { TrainingWatch } from "./training-watch.ts";

export const pretrainCommand = defineCommand({
  options: {
    ...pretrainSettingOptions,
    ...runFolderOptions,
    profile: profileOption("Show where the time of ten early steps goes", "OUTPUT/profile.json"),
    dryRun: toggle("Write nothing: show shapes, parameters, memory, time and the first batch"),
  },
  examples: [
    "cloze pretrain --corpus my.txt --output my-bert",
    "cloze pretrain --architecture gpt2 --preset mini --corpus my.txt --minutes 30 --output my-gpt",
    "cloze pretrain --model ./my-bert --corpus more.txt --steps 500 --output my-bert-2",
    "cloze pretrain --config-file my-bert/run.json --output again",
  ],
  furtherConfigFile: resumedRunFile,
  async run({ values }, context) {
    const settings = givenSettings(pretrainSettingOptions, values) as Partial<PretrainSettings>;
    const { resume, overwrite } = values;
    refuseResumeAndOverwrite({ resume, overwrite });
    refuseProfileOfDryRun(values);
    if (values.dryRun) return dryRun(settings, context);
    if (settings.output === undefined) {
      throw new ConfigurationError("--output DIR must be given.", {
        field: "--output",
        expected: "a folder for the model and the run",
        received: "nothing",
        hint: "Add --output my-model, or --dry-run to write nothing.",
      });
    }
    const folder = settings.output ?? "";
    const file = profileFile(values.profile, folder);
    await profiled(file, "step", context, () => train(settings, folder, { resume, overwrite }, context));
  },
});

async function train(
  settings: Partial<PretrainSettings>,
  folder: string,
  options: { readonly resume: boolean; readonly overwrite: boolean },
  context: CommandContext,
): Promise<void> {
  const watch = new TrainingWatch("cloze pretrain", folder, "held-out text", context);
  const running = pretrain(settings, options, {
    ...watch.hooks,
    onReady: (run, totalSteps) => watch.ready(totalSteps, introduction(run, totalSteps)),
    afterStep(_run, _step, totalSteps) {
      watch.totalSteps = totalSteps;
      return false;
    },
  });
  const { done, metrics } = await watch.finish(running);
  await watch.conclude(done, () => (metrics === undefined ? "" : `; held-out text: ${metricsText(metrics)}`));
}

function introduction(run: PretrainRun, totalSteps: number): string[] {
  const { model, training, heldOut, heldOutRule, objective, tokenizer, sequenceLength } = run;
  const count = (counted: readonly { readonly size: number }[]): number =>
    counted.reduce((sum, { size }) => sum + size, 0);
  const parameters = count(model.store.parameters);
  const trained = count(model.store.parameters.filter(({ trainable }) => trainable));
  const part = trained === parameters ? "" : `, of which ${countText(trained)} are trained`;
  return [
    `${model.constructor.name} of ${countText(parameters)} parameters${part}; ${countText(tokenizer.length)} tokens in its vocabulary`,
    `${countText(training.counts.tokens)} tokens to train on; held out: ${heldOut === undefined ? "nothing" : heldOutRule}`,
    `${objective.name}: ${countText(totalSteps)} steps of ${run.settings.batchSize} rows of ${sequenceLength} tokens`,
  ];
}
