/**
 * The demo's second part: a BERT learns a language from running text, from nothing, by masked language modeling and
 * next-sentence prediction. Its accuracy on held-out text is shown beside what counting alone, or a coin, can do.
 */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import { evaluationBatches, type PreparedBatch } from "../objectives/index.ts";
import { Random } from "../random.ts";
import {
  type PretrainResult,
  type PretrainRun,
  pretrain,
  specialTokensOf,
  type TrainingEvent,
} from "../training/index.ts";
import { type BaselineAccuracies, baselineAccuracies, MaskedBaselines } from "./baselines.ts";
import type { DemoScreen } from "./demo-screen.ts";
import { drawBlanks, fillBlanks } from "./fills.ts";
import type { DemoLanguage } from "./languages.ts";
import { demoModel, lengths, recipes } from "./recipe.ts";
import {
  type AccuracyPoint,
  baselineNames,
  describeRun,
  lossChart,
  pairLines,
  percent,
  resultTable,
  showFills,
} from "./report.ts";

export interface LearningOptions {
  readonly language: DemoLanguage;
  readonly kind: keyof typeof lengths;
  /** The folder that is left. */
  readonly output: string;
  readonly threads: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface LearningResult {
  /** Masked accuracy on the held-out text. */
  readonly accuracy: number;
  readonly baselines: BaselineAccuracies;
  /** Share of held-out pairs of segments rightly called next or not; a coin has a half. */
  readonly pairAccuracy: number;
}

export class LearningRun {
  readonly #options: LearningOptions;
  readonly #screen: DemoScreen;
  readonly #losses: [step: number, loss: number][] = [];
  readonly #points: AccuracyPoint[] = [];
  #baselines: BaselineAccuracies | undefined;
  #pairs = 0;
  #totalSteps = 0;
  #trainedMs = 0;
  #nextLookMs = 0;

  constructor(options: LearningOptions, screen: DemoScreen) {
    this.#options = options;
    this.#screen = screen;
  }

  /** Returns undefined when the signal ended it. */
  async run(): Promise<LearningResult | undefined> {
    const { language, kind, output, threads, signal } = this.#options;
    this.#say(`2 · A BERT learns ${language.subject}`);
    const result = await pretrain(
      {
        ...recipes[kind],
        corpus: language.corpus,
        config: await this.#writeConfig(),
        minutes: lengths[kind].minutes,
        output,
        threads: threads ?? null,
      },
      { overwrite: true },
      {
        onStage: (stage) => this.#screen.progress(stage),
        onReady: (run, totalSteps) => this.#ready(run, totalSteps),
        onEvent: (event) => this.#note(event),
        afterStep: (run, step, totalSteps) => this.#look(run, step, totalSteps),
        signal,
      },
    );
    try {
      return result.done.reason === "interrupted" ? undefined : await this.#finish(result);
    } finally {
      await result.model.release();
    }
  }

  #say(text: string): void {
    this.#screen.line(text);
  }

  get #configFile(): string {
    return `${this.#options.output}.config.json`;
  }

  async #writeConfig(): Promise<string> {
    const config = { ...demoModel, max_position_embeddings: 64 };
    await platform.writeFileAtomically(this.#configFile, JSON.stringify(config, null, 2));
    return this.#configFile;
  }

  async #ready(run: PretrainRun, totalSteps: number): Promise<void> {
    const { language } = this.#options;
    await platform.remove(this.#configFile);
    this.#totalSteps = totalSteps;
    for (const line of describeRun(run, language)) this.#say(line);
    this.#say("");
    this.#say("3 · What counting alone can do");
    const batches: PreparedBatch[] = [];
    const { heldOut, sequenceLength, objective } = run;
    if (heldOut === undefined) throw new ConfigurationError("the demo needs held-out text");
    for await (const { batch, prepared } of evaluationBatches(objective, heldOut, { sequenceLength, batchSize: 16 })) {
      batches.push(prepared);
      this.#pairs += batch.batchSize;
    }
    const counts = await MaskedBaselines.count(run.training);
    const baselines = baselineAccuracies(counts, batches, specialTokensOf(run.tokenizer));
    this.#baselines = baselines;
    this.#say(
      `  Of ${baselines.positions.toLocaleString("en")} hidden ${language.hidden} of the held-out text, each behind a [MASK], these are guessed right`,
    );
    this.#say("  from the same visible neighbours that the model will see:");
    for (const [key, name] of baselineNames) this.#say(`    ${name.padEnd(42)} ${percent(baselines[key]).padStart(6)}`);
    this.#say("");
    this.#say("4 · Training");
    this.#say(
      `  About ${totalSteps.toLocaleString("en")} steps. It learns two things at once: what is hidden, and whether two pieces of text follow each other.`,
    );
    this.#say("  At first it only learns how often each word occurs; then it finds that neighbours matter.");
  }

  #note(event: TrainingEvent): void {
    if (event.event !== "step") return;
    this.#losses.push([event.step, event.loss]);
    this.#trainedMs = event.elapsedMs;
    const last = this.#points.at(-1);
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
    if (this.#trainedMs < this.#nextLookMs || step === totalSteps) return false;
    const every = lengths[this.#options.kind].evaluateEveryMs;
    this.#nextLookMs = this.#nextLookMs === 0 ? every / 2 : this.#nextLookMs + every;
    if (step > 1) this.#record(step, await run.evaluate());
    return false;
  }

  #record(step: number, { maskedAccuracy: accuracy = 0, pairAccuracy = 0 }: Readonly<Record<string, number>>): void {
    const best = Math.max(0, ...this.#points.map((point) => point.accuracy));
    this.#points.push({ step, accuracy, pairAccuracy, trainedMs: this.#trainedMs });
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
      `  ${seconds}  step ${steps}  loss ${loss.toFixed(2)}  held-out words ${percent(accuracy).padStart(6)}  pairs ${percent(pairAccuracy).padStart(6)}${note}`,
    );
  }

  async #finish({ done, metrics = {}, model, tokenizer, heldOut }: PretrainResult): Promise<LearningResult> {
    const { language } = this.#options;
    const baselines = this.#baselines as BaselineAccuracies;
    this.#record(done.step, metrics);
    const { accuracy, pairAccuracy } = this.#points.at(-1) as AccuracyPoint;
    const say = (lines: readonly string[]): void => {
      for (const line of lines) this.#say(line);
    };
    say(["", "5 · Result", ...lossChart(this.#losses), "", ...resultTable(this.#points, baselines, language.hidden)]);
    say(["", ...pairLines(pairAccuracy, this.#pairs), ""]);
    if (heldOut !== undefined) {
      this.#say(
        `  Five held-out sentences, drawn by lot; what was hidden in brackets, the model's five best fills below${language.fillsNote}:`,
      );
      const blanks = await drawBlanks(heldOut, tokenizer, language, 5, new Random(7).fork("blanks"));
      say(showFills(await fillBlanks(model, tokenizer, blanks)));
    }
    this.#say("  Sentences made up for this demo:");
    const made = language.probes.map((text) => ({ text }));
    say(showFills(await fillBlanks(model, tokenizer, made)));
    return { accuracy, baselines, pairAccuracy };
  }
}
