/** What a person sees of a run while it trains, and how they stop it: the same for `pretrain` and `finetune`. */
import {
  type DoneEvent,
  readRunLog,
  type StageProgress,
  type StepEvent,
  type TrainingEvent,
} from "../training/index.ts";
import type { CommandContext } from "./command.ts";
import { learningCurves } from "./learning-curves.ts";
import { metricsText } from "./metrics-text.ts";
import { colorsOf } from "./output.ts";
import { countText, durationText } from "./quantities.ts";

/** Steps over which the shown loss is averaged. */
const shownSteps = 20;

export class TrainingWatch {
  /** As it must be typed. */
  readonly folder: string;
  /** Ends the run gently. */
  readonly signal: AbortSignal;
  /** Of the run; may change as it goes on. */
  totalSteps = 0;
  readonly #command: string;
  readonly #heldOut: string;
  readonly #context: CommandContext;
  readonly #losses: number[] = [];
  readonly #stoppedEarly: Promise<never>;
  readonly #path: string;
  #firstLoss: number | undefined;
  #isReady = false;
  #resumedAt: number | undefined;

  /** `command` is that which began the run, such as `cloze pretrain`; `heldOut` names what it is evaluated on. */
  constructor(command: string, folder: string, heldOut: string, context: CommandContext) {
    this.#command = command;
    this.#heldOut = heldOut;
    this.#context = context;
    this.#path = folder;
    this.folder = /^[\w./~-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", `'\\''`)}'`;
    this.signal = context.stopGently(() =>
      this.#isReady
        ? "Stopping after this step. Press Ctrl-C again to end at once."
        : `Stopped before the first step. Begin again with: ${this.#resumeCommand()}`,
    );
    // Before the first step there is nothing to save, so there is nothing to wait for.
    this.#stoppedEarly = new Promise<never>((_, reject) => {
      this.signal.addEventListener("abort", () => {
        if (!this.#isReady) reject(new DOMException("stopped before the first step", "AbortError"));
      });
    });
  }

  /** What the run is told to call. */
  get hooks() {
    const { output, progress } = this.#context;
    return {
      onEvent: (event: TrainingEvent): void => this.#tell(event),
      onStage: (stage: StageProgress): void => progress.report(stage),
      onWarning: (text: string): void => output.warn(text),
      signal: this.signal,
    };
  }

  /** Waits for the run, or for the signal as long as nothing has been trained. */
  async finish<T>(running: Promise<T>): Promise<T> {
    const result = await Promise.race([running, this.#stoppedEarly]);
    this.#context.progress.finish();
    return result;
  }

  /** Called when everything is ready for the first step. */
  ready(totalSteps: number, introduction: readonly string[]): void {
    this.#isReady = true;
    this.#context.progress.finish();
    this.totalSteps = totalSteps;
    this.#context.output.note(introduction.join("\n"));
  }

  /**
   * Says how the run ended; `results` gives what a person wants to see of one that was trained to its end, and `metric` is
   * what its curves show beside the losses.
   */
  async conclude(done: DoneEvent, results: () => string, metric?: string): Promise<void> {
    const { output } = this.#context;
    const steps = `${countText(done.step)} ${done.step === 1 ? "step" : "steps"}`;
    if (done.reason === "interrupted") {
      output.announce(`Stopped after ${steps}; a checkpoint is saved. Go on with: ${this.#resumeCommand()}`);
      return;
    }
    if (this.#resumedAt === done.step) {
      output.note(`The run is finished: all ${steps} are done, and nothing was changed.`);
      output.note(`To train on: ${this.#command} --model ${this.folder} --output another-folder`);
      return;
    }
    if (output.isJson) return;
    await this.#showCurves(metric);
    const loss = `loss ${(this.#firstLoss ?? 0).toFixed(2)} → ${this.#meanLoss().toFixed(2)}`;
    await output.write(`${this.folder}: ${steps} in ${durationText(done.elapsedMs)}, ${loss}${results()}\n`);
  }

  /** From the run's own log, which holds what was trained before an interruption as well. */
  async #showCurves(metric: string | undefined): Promise<void> {
    const { output, terminal } = this.#context;
    const curves = learningCurves(await readRunLog(this.#path), metric, colorsOf(terminal.errorOutput, terminal));
    if (curves !== "") output.note(curves);
  }

  #resumeCommand(): string {
    return `${this.#command} --output ${this.folder} --resume`;
  }

  #tell(event: TrainingEvent): void {
    const { output } = this.#context;
    if (output.isJson) void output.write(`${JSON.stringify(event)}\n`);
    if (event.event === "step") this.#showStep(event);
    else if (event.event === "resumed") {
      this.#resumedAt = event.step;
      const from = event.step === 0 ? "no checkpoint was found, so the run begins at step 0" : `at step ${event.step}`;
      output.note(`Resumed: ${from}.`);
    } else if (event.event === "run") {
      this.#losses.length = 0;
      this.#firstLoss = undefined;
      this.#context.progress.finish();
      if (!output.isJson) output.note(`${event.name}: run ${event.number} of ${event.of}`);
    } else if (event.event === "evaluation") {
      if (!output.isJson) output.note(`step ${event.step}, ${this.#heldOut}: ${metricsText(event.metrics)}`);
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
      total: this.totalSteps,
      unit: "steps",
      note: `loss ${this.#meanLoss().toFixed(3)}, ${countText(tokensPerSecond)} tokens/s`,
    });
  }

  #meanLoss(): number {
    return this.#losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, this.#losses.length);
  }
}
