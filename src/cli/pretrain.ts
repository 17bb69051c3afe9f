/** `cloze pretrain`: from text to a model folder. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import {
  type PretrainResult,
  type PretrainRun,
  type PretrainSettings,
  pretrain,
  type StepEvent,
  type TrainingEvent,
} from "../training/index.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { dryRun } from "./dry-run.ts";
import { metricsText } from "./metrics-text.ts";
import { toggle } from "./options.ts";
import { givenSettings, pretrainSettingOptions } from "./pretrain-options.ts";
import { profiled, profileOption } from "./profile.ts";
import { countText, durationText } from "./quantities.ts";

/** Steps over which the shown loss is averaged. */
const shownSteps = 20;

export const pretrainCommand = defineCommand({
  options: {
    ...pretrainSettingOptions,
    resume: toggle("Go on with the run in --output; its run.json stands behind the flags"),
    overwrite: toggle("Replace what is in --output"),
    profile: profileOption("Show where the time of ten early steps goes", "OUTPUT/profile.json"),
    dryRun: toggle("Write nothing: show shapes, parameters, memory, time and the first batch"),
  },
  examples: [
    "cloze pretrain --corpus my.txt --output my-bert",
    "cloze pretrain --architecture gpt2 --preset mini --corpus my.txt --minutes 30 --output my-gpt",
    "cloze pretrain --model ./my-bert --corpus more.txt --steps 500 --output my-bert-2",
    "cloze pretrain --config-file my-bert/run.json --output again",
  ],
  async furtherConfigFile(given) {
    const output = given("output");
    if (given("resume") !== "true" || output === undefined) return undefined;
    const file = platform.join(platform.resolve(output), "run.json");
    return (await platform.stat(file, "configuration")) === undefined ? undefined : file;
  },
  async run({ values }, context) {
    const settings = givenSettings(values);
    const { resume, overwrite } = values;
    if (resume && overwrite) {
      throw new ConfigurationError("--resume and --overwrite contradict each other.", {
        field: "--resume",
        expected: "one of them",
        hint: "Leave one out.",
      });
    }
    if (values.dryRun && values.profile !== undefined) {
      throw new ConfigurationError("--profile has no effect beside --dry-run.", {
        field: "--profile",
        hint: "Leave one out.",
      });
    }
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
    const command = new PretrainCommand(settings, folder, context);
    const file = values.profile === "" ? platform.join(folder, "profile.json") : values.profile;
    await profiled(file, "step", context, () => command.run({ resume, overwrite }));
  },
});

class PretrainCommand {
  readonly #settings: Partial<PretrainSettings>;
  readonly #folder: string;
  readonly #context: CommandContext;
  readonly #losses: number[] = [];
  #firstLoss: number | undefined;
  #isReady = false;
  #totalSteps = 0;
  #resumedAt: number | undefined;

  constructor(settings: Partial<PretrainSettings>, folder: string, context: CommandContext) {
    this.#settings = settings;
    this.#folder = folder;
    this.#context = context;
  }

  async run(options: { readonly resume: boolean; readonly overwrite: boolean }): Promise<void> {
    const { output, progress } = this.#context;
    const signal = this.#context.stopGently(() =>
      this.#isReady
        ? "Stopping after this step. Press Ctrl-C again to end at once."
        : `Stopped before the first step. Begin again with: ${this.#resumeCommand()}`,
    );
    // Before the first step there is nothing to save, so there is nothing to wait for.
    const stoppedEarly = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => {
        if (!this.#isReady) reject(new DOMException("stopped before the first step", "AbortError"));
      });
    });
    const running = pretrain(this.#settings, options, {
      onEvent: (event) => this.#tell(event),
      onStage: (stage) => progress.report(stage),
      onWarning: (text) => output.warn(text),
      onReady: (run, totalSteps) => {
        this.#isReady = true;
        progress.finish();
        this.#totalSteps = totalSteps;
        this.#introduce(run);
      },
      afterStep: (_run, _step, totalSteps) => {
        this.#totalSteps = totalSteps;
        return false;
      },
      signal,
    });
    const result = await Promise.race([running, stoppedEarly]);
    progress.finish();
    await this.#conclude(result);
  }

  /** As it must be typed. */
  #shellFolder(): string {
    return /^[\w./~-]+$/.test(this.#folder) ? this.#folder : `'${this.#folder.replaceAll("'", `'\\''`)}'`;
  }

  #resumeCommand(): string {
    return `cloze pretrain --output ${this.#shellFolder()} --resume`;
  }

  #introduce(run: PretrainRun): void {
    const { output } = this.#context;
    const { model, training, heldOut, heldOutRule, objective, tokenizer, sequenceLength } = run;
    const parameters = model.store.parameters.reduce((sum, { size }) => sum + size, 0);
    output.note(
      [
        `${model.constructor.name} of ${countText(parameters)} parameters, ${countText(tokenizer.length)} tokens in its vocabulary`,
        `${countText(training.counts.tokens)} tokens to train on; held out: ${heldOut === undefined ? "nothing" : heldOutRule}`,
        `${objective.name}: ${countText(this.#totalSteps)} steps of ${run.settings.batchSize} rows of ${sequenceLength} tokens`,
      ].join("\n"),
    );
  }

  #tell(event: TrainingEvent): void {
    const { output } = this.#context;
    if (output.isJson) void output.write(`${JSON.stringify(event)}\n`);
    if (event.event === "step") this.#showStep(event);
    else if (event.event === "resumed") {
      this.#resumedAt = event.step;
      const from = event.step === 0 ? "no checkpoint was found, so the run begins at step 0" : `at step ${event.step}`;
      output.note(`Resumed: ${from}.`);
    } else if (event.event === "evaluation") {
      if (!output.isJson) output.note(`step ${event.step}, held-out text: ${metricsText(event.metrics)}`);
    } else if (event.event === "checkpoint" && !output.isJson) {
      output.note(`step ${event.step}: checkpoint in ${event.path}`);
    }
  }

  #showStep({ step, loss, tokensPerSecond }: StepEvent): void {
    this.#firstLoss ??= loss;
    this.#losses.push(loss);
    if (this.#losses.length > shownSteps) this.#losses.shift();
    this.#context.progress.report({
      stage: "training",
      done: step,
      total: this.#totalSteps,
      unit: "steps",
      note: `loss ${this.#meanLoss().toFixed(3)}, ${countText(tokensPerSecond)} tokens/s`,
    });
  }

  #meanLoss(): number {
    return this.#losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, this.#losses.length);
  }

  async #conclude({ done, metrics }: PretrainResult): Promise<void> {
    const { output } = this.#context;
    const steps = `${countText(done.step)} ${done.step === 1 ? "step" : "steps"}`;
    if (done.reason === "interrupted") {
      output.announce(`Stopped after ${steps}; a checkpoint is saved. Go on with: ${this.#resumeCommand()}`);
      return;
    }
    if (this.#resumedAt === done.step) {
      output.note(`The run is finished: all ${steps} are done, and nothing was changed.`);
      output.note(`To train on: cloze pretrain --model ${this.#shellFolder()} --output another-folder`);
      return;
    }
    if (output.isJson) return;
    const loss = `loss ${(this.#firstLoss ?? 0).toFixed(2)} → ${this.#meanLoss().toFixed(2)}`;
    const held = metrics === undefined ? "" : `; held-out text: ${metricsText(metrics)}`;
    await output.write(`${this.#folder}: ${steps} in ${durationText(done.elapsedMs)}, ${loss}${held}\n`);
  }
}
