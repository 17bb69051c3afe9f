/**
 * The README's main job: a BERT learns English from the Brown corpus on this machine, from nothing, and fills blanks.
 * Its accuracy on held-out text is shown beside what counting alone can do.
 */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import { evaluationBatches, type PreparedBatch } from "../objectives/index.ts";
import { Random } from "../random.ts";
import {
  type PretrainResult,
  type PretrainRun,
  pretrain,
  type StageProgress,
  specialTokensOf,
  type TrainingEvent,
} from "../training/index.ts";
import { type BaselineAccuracies, baselineAccuracies, MaskedBaselines } from "./baselines.ts";
import { drawBlanks, fillBlanks } from "./fills.ts";
import { demoModel, lengths, recipes } from "./recipe.ts";
import {
  type AccuracyPoint,
  baselineNames,
  describeRun,
  lossChart,
  percent,
  resultTable,
  showFills,
} from "./report.ts";

export interface DemoOptions {
  /** A run of under a minute in all. */
  readonly quick?: boolean;
  /** The folder that is left; an earlier demo's is replaced. */
  readonly output?: string;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How commands are called, for the lines to try next. */
  readonly command?: string;
}

/** Where the demo's words go. */
export interface DemoScreen {
  /** A line that stays. */
  line(text: string): void;
  /** A line that changes: how far something is. */
  progress(state: StageProgress & { readonly note?: string }): void;
}

export interface DemoResult {
  /** Masked accuracy on the held-out text. */
  readonly accuracy: number;
  readonly baselines: BaselineAccuracies;
  readonly output: string;
}

/** Sentences made up for the demo, labelled as such where they are shown. */
const probes = [
  "the united [MASK] of america",
  "he did [MASK] know what to do.",
  "she looked at [MASK] husband.",
  "in new [MASK] city",
  "it was the first [MASK] that he had seen her.",
];

export async function runDemo(options: DemoOptions, screen: DemoScreen): Promise<DemoResult> {
  return new Demo(options, screen).run();
}

class Demo {
  readonly #options: DemoOptions;
  readonly #screen: DemoScreen;
  readonly #kind: keyof typeof lengths;
  readonly #output: string;
  readonly #startedMs = platform.now();
  readonly #losses: [step: number, loss: number][] = [];
  readonly #accuracies: AccuracyPoint[] = [];
  #baselines: BaselineAccuracies | undefined;
  #totalSteps = 0;
  #trainedMs = 0;
  #nextLookMs = 0;

  constructor(options: DemoOptions, screen: DemoScreen) {
    this.#options = options;
    this.#screen = screen;
    this.#kind = options.quick ? "quick" : "full";
    this.#output = options.output ?? "cloze-demo";
  }

  async run(): Promise<DemoResult> {
    await this.#refuseForeignFolder();
    const { minutes } = lengths[this.#kind];
    this.#say("A BERT learns English on this machine, from nothing: the Brown corpus (1961), no network, no Python.");
    this.#say(
      `In all about ${this.#kind === "quick" ? "50 seconds" : "4 minutes"} on two cores: text and vocabulary 5 s, ` +
        `counting 3 s, training ${minutes < 1 ? `${Math.round(minutes * 60)} s` : `${minutes} min`}.`,
    );
    this.#say("");
    this.#say("1 · Text and vocabulary");
    const configFile = await this.#writeConfig();
    const result = await pretrain(
      {
        ...recipes[this.#kind],
        config: configFile,
        minutes,
        output: this.#output,
        threads: this.#options.threads ?? null,
      },
      { overwrite: true },
      {
        onStage: (stage) => this.#screen.progress(stage),
        onReady: (run, totalSteps) => this.#ready(run, totalSteps),
        onEvent: (event) => this.#note(event),
        afterStep: (run, step, totalSteps) => this.#look(run, step, totalSteps),
        signal: this.#options.signal,
      },
    );
    return this.#finish(result);
  }

  #say(text: string): void {
    this.#screen.line(text);
  }

  /** A folder that is not a run's is somebody's own. */
  async #refuseForeignFolder(): Promise<void> {
    const stat = await platform.stat(this.#output, "configuration");
    if (stat === undefined) return;
    const isRun = (await platform.stat(platform.join(this.#output, "run.json"), "configuration")) !== undefined;
    const isEmpty = stat.kind === "folder" && (await platform.list(this.#output, "configuration")).length === 0;
    if (isRun || isEmpty) return;
    throw new ConfigurationError(`${this.#output} is there already and is not from an earlier demo`, {
      file: this.#output,
      field: "output",
      hint: "name another folder by --output",
    });
  }

  async #writeConfig(): Promise<string> {
    const file = `${this.#output}.config.json`;
    await platform.writeFileAtomically(file, JSON.stringify({ ...demoModel, max_position_embeddings: 64 }, null, 2));
    return file;
  }

  async #ready(run: PretrainRun, totalSteps: number): Promise<void> {
    await platform.remove(`${this.#output}.config.json`);
    this.#totalSteps = totalSteps;
    for (const line of describeRun(run)) this.#say(line);
    this.#say("");
    this.#say("2 · What counting alone can do");
    const batches: PreparedBatch[] = [];
    const { heldOut, sequenceLength, objective } = run;
    if (heldOut === undefined) throw new ConfigurationError("the demo needs held-out text");
    for await (const { prepared } of evaluationBatches(objective, heldOut, { sequenceLength, batchSize: 16 })) {
      batches.push(prepared);
    }
    const counts = await MaskedBaselines.count(run.training);
    const baselines = baselineAccuracies(counts, batches, specialTokensOf(run.tokenizer));
    this.#baselines = baselines;
    this.#say(
      `  Of ${baselines.positions.toLocaleString("en")} hidden words of the held-out text, each behind a [MASK], these are guessed right`,
    );
    this.#say("  from the same visible neighbours that the model will see:");
    for (const [key, name] of baselineNames) this.#say(`    ${name.padEnd(42)} ${percent(baselines[key]).padStart(6)}`);
    this.#say("");
    this.#say("3 · Training");
    this.#say(
      `  About ${totalSteps.toLocaleString("en")} steps. At first it only learns how often words occur; then it finds that neighbours matter.`,
    );
  }

  #note(event: TrainingEvent): void {
    if (event.event !== "step") return;
    this.#losses.push([event.step, event.loss]);
    this.#trainedMs = event.elapsedMs;
    const last = this.#accuracies.at(-1);
    this.#screen.progress({
      stage: "training",
      done: event.step,
      total: this.#totalSteps,
      unit: "steps",
      note: `loss ${event.loss.toFixed(2)}${last ? `, held-out ${percent(last.accuracy)}` : ""}`,
    });
  }

  /** Now and then the held-out text is looked at. */
  async #look(run: PretrainRun, step: number, totalSteps: number): Promise<boolean> {
    this.#totalSteps = totalSteps;
    if (this.#trainedMs < this.#nextLookMs || step === this.#totalSteps) return false;
    const every = lengths[this.#kind].evaluateEveryMs;
    this.#nextLookMs = this.#nextLookMs === 0 ? every / 2 : this.#nextLookMs + every;
    if (step === 1) return false;
    const { maskedAccuracy = 0 } = await run.evaluate();
    this.#record(step, maskedAccuracy);
    return false;
  }

  #record(step: number, accuracy: number): void {
    const best = Math.max(0, ...this.#accuracies.map((point) => point.accuracy));
    this.#accuracies.push({ step, accuracy, trainedMs: this.#trainedMs });
    const recent = this.#losses.slice(-50);
    const loss = recent.reduce((sum, [, value]) => sum + value, 0) / Math.max(1, recent.length);
    const passed = baselineNames.filter(([key]) => {
      const bar = this.#baselines?.[key] ?? 1;
      return best <= bar && accuracy > bar;
    });
    const note = passed.length === 0 ? "" : `  ▲ passes ${passed.map(([, name]) => name).join(" and ")}`;
    const seconds = `${Math.round(this.#trainedMs / 1000)} s`.padStart(5);
    const steps = step.toLocaleString("en").padStart(6);
    this.#say(
      `  ${seconds}  step ${steps}  loss ${loss.toFixed(2)}  right on held-out text ${percent(accuracy).padStart(6)}${note}`,
    );
  }

  async #finish(result: PretrainResult): Promise<DemoResult> {
    const accuracy = result.metrics?.maskedAccuracy ?? 0;
    const baselines = this.#baselines as BaselineAccuracies;
    if (result.done.reason === "interrupted") {
      this.#say("Stopped. Run the demo again to begin anew.");
      return { accuracy, baselines, output: this.#output };
    }
    this.#record(result.done.step, accuracy);
    this.#say("");
    this.#say("4 · Result");
    for (const line of lossChart(this.#losses)) this.#say(line);
    this.#say("");
    for (const line of resultTable(this.#accuracies, baselines)) this.#say(line);
    this.#say("");
    const { model, tokenizer, heldOut } = result;
    if (heldOut !== undefined) {
      this.#say(
        "  Five held-out sentences, drawn by lot; the hidden word in brackets, the model's five best fills below (## goes on with a word):",
      );
      const blanks = await drawBlanks(heldOut, tokenizer, 5, new Random(7).fork("blanks"));
      for (const line of showFills(await fillBlanks(model, tokenizer, blanks))) this.#say(line);
    }
    this.#say("  Sentences made up for this demo:");
    const made = await fillBlanks(
      model,
      tokenizer,
      probes.map((text) => ({ text })),
    );
    for (const line of showFills(made)) this.#say(line);
    await model.release();
    const seconds = Math.round((platform.now() - this.#startedMs) / 1000);
    const { command = "npx cloze" } = this.#options;
    const folder = /^[./~]|^[A-Za-z]:/.test(this.#output) ? this.#output : `./${this.#output}`;
    this.#say("");
    this.#say(
      `The model is in ${folder}, in the published format that Python opens too. All took ${seconds} s. Try next:`,
    );
    this.#say(`  ${command} run fill-mask --model ${folder} --input "your own text with a [MASK] in it"`);
    this.#say(`  ${command} pretrain --corpus your.txt --output my-bert`);
    this.#say(`  ${command} inspect ${folder}`);
    return { accuracy, baselines, output: this.#output };
  }
}
