/** `--dry-run`: what a run would be like, from a few steps in memory that leave nothing behind. */
import { platform } from "#platform";
import type { PreparedBatch } from "../objectives/index.ts";
import {
  type FinetuneSettings,
  finetune,
  type PreparedFinetuning,
  type PretrainRun,
  type PretrainSettings,
  pretrain,
  type StageReport,
} from "../training/index.ts";
import type { CommandContext } from "./command.ts";
import { harmless } from "./output.ts";
import { bytesText, columnsText, countText, durationText } from "./quantities.ts";

/** The first steps, which include compilation, are not measured. */
const unmeasuredSteps = 2;
const measuredSteps = 8;
const longestMeasuringMs = 5000;
/** Tokens of the first row that are shown. */
const shownTokens = 48;

/** Nothing is written, and the signal with which the steps end spares the evaluation with which a run does. */
const besideSettings = { output: null, evaluateEvery: 0, checkpointEvery: 0 } as const;

export async function dryRun(settings: Partial<PretrainSettings>, context: CommandContext): Promise<void> {
  const watch = new FirstSteps<{ run: PretrainRun; totalSteps: number; batch: PreparedBatch }>(context);
  await pretrain(
    { ...settings, ...besideSettings },
    {},
    {
      ...watch.hooks,
      onReady: async (run, totalSteps, firstBatch) => watch.begin({ run, totalSteps, batch: await firstBatch() }),
      afterStep: (_, step) => watch.afterStep(step),
    },
  );
  const { plan, stepMs } = watch.end();
  if (plan === undefined) return;
  const summary = summaryOf(plan.run, plan.totalSteps, plan.batch, stepMs);
  await context.output.result(summary, () => summaryText(summary));
  await plan.run.model.release();
}

export async function dryFinetuning(settings: Partial<FinetuneSettings>, context: CommandContext): Promise<void> {
  const watch = new FirstSteps<{ run: PreparedFinetuning; totalSteps: number; batch: PreparedBatch }>(context);
  await finetune(
    { ...settings, ...besideSettings },
    {},
    {
      ...watch.hooks,
      onReady: (run, totalSteps, firstBatch) => watch.begin({ run, totalSteps, batch: firstBatch }),
      afterStep: (step) => watch.afterStep(step),
    },
  );
  const { plan, stepMs } = watch.end();
  if (plan === undefined) return;
  const summary = finetuningSummary(plan.run, plan.totalSteps, plan.batch, stepMs);
  await context.output.result(summary, () => finetuningText(summary));
  await plan.run.model.release();
}

/** Times the steps of a run and ends it when they are enough. */
class FirstSteps<Plan> {
  readonly #context: CommandContext;
  readonly #stop = new AbortController();
  readonly #stepMs: number[] = [];
  #lastMs = 0;
  #plan: Plan | undefined;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** What every run is told. */
  get hooks() {
    const { output, progress } = this.#context;
    const onStage: StageReport = (stage) => progress.report(stage);
    return { onStage, onWarning: (text: string): void => output.warn(text), signal: this.#stop.signal };
  }

  begin(plan: Plan): void {
    this.#plan = plan;
    this.#lastMs = platform.now();
  }

  afterStep(step: number): boolean {
    const nowMs = platform.now();
    if (step > unmeasuredSteps) this.#stepMs.push(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    const spentMs = this.#stepMs.reduce((sum, ms) => sum + ms, 0);
    if (this.#stepMs.length >= measuredSteps || spentMs > longestMeasuringMs) this.#stop.abort();
    return false;
  }

  /** The median of the measured steps, if there were any. */
  end(): { readonly plan: Plan | undefined; readonly stepMs: number | undefined } {
    this.#context.progress.finish();
    return { plan: this.#plan, stepMs: this.#stepMs.toSorted((a, b) => a - b)[this.#stepMs.length >> 1] };
  }
}

/** What the summary of any run says. */
function commonSummary(
  { model, tokenizer }: Pick<PretrainRun, "model" | "tokenizer">,
  totalSteps: number,
  batch: PreparedBatch,
  stepMs: number | undefined,
) {
  const tensors = Object.entries(batch).map(([name, { type, dims }]) => [name, { type, shape: dims }] as const);
  const memory = platform.processMemory();
  const count = (counted: readonly { readonly size: number }[]): number =>
    counted.reduce((sum, { size }) => sum + size, 0);
  return {
    dryRun: true,
    class: model.constructor.name,
    parameters: count(model.store.parameters),
    trainedParameters: count(model.store.parameters.filter(({ trainable }) => trainable)),
    vocabSize: tokenizer.length,
    totalSteps,
    stepMs: stepMs ?? null,
    totalMs: stepMs === undefined ? null : stepMs * totalSteps,
    memory: { peakBytes: memory?.peakBytes ?? null, limitBytes: platform.memoryLimitBytes() ?? null },
    batch: Object.fromEntries(tensors),
  };
}

function finetuningSummary(
  run: PreparedFinetuning,
  totalSteps: number,
  batch: PreparedBatch,
  stepMs: number | undefined,
) {
  const { settings, tokenizer, features, trainingExamples, heldOutExamples } = run;
  const ids = batch.inputIds;
  const first = ids && Array.from(ids.data.slice(0, ids.dims.at(-1)), Number);
  return {
    ...commonSummary(run, totalSteps, batch, stepMs),
    task: settings.task,
    trainingExamples,
    heldOutExamples,
    rows: features.length,
    firstRow: first === undefined ? null : { tokens: tokenizer.convertIdsToTokens(first).map((token) => token ?? "") },
    settings,
  };
}

function finetuningText(summary: ReturnType<typeof finetuningSummary>): string {
  const { task, trainingExamples, heldOutExamples, rows, firstRow } = summary;
  const windows = rows === trainingExamples ? "" : ` in ${countText(rows)} rows`;
  const held = `${countText(heldOutExamples)} held out`;
  return runText(
    summary,
    [["task", `${task}, ${countText(trainingExamples)} examples to train on${windows}, ${held}`]],
    firstRow === null ? "" : tokensText(firstRow.tokens),
  );
}

function summaryOf(run: PretrainRun, totalSteps: number, batch: PreparedBatch, stepMs: number | undefined) {
  const { training, heldOut, objective, settings } = run;
  return {
    ...commonSummary(run, totalSteps, batch, stepMs),
    objective: objective.name,
    masks: masksText(objective.name, settings),
    trainingTokens: training.counts.tokens,
    heldOutTokens: heldOut?.counts.tokens ?? 0,
    firstRow: firstRow(run, batch),
    settings,
  };
}

/** What is hidden of a row, and how rows are cut. */
function masksText(objective: string, settings: PretrainRun["settings"]): string | undefined {
  const { maskShare, maskUnit, maxNgram, maskDraws, rows } = settings;
  if (!objective.includes("masked-language-modeling")) return undefined;
  const unit = maskUnit === "n-gram" ? `n-grams of up to ${maxNgram} words` : `${maskUnit}s`;
  const draws = maskDraws === "dynamic" ? "new in each epoch" : "drawn once";
  const cut = objective.includes("+")
    ? "pairs of segments"
    : rows === "full-sentences"
      ? "whole sentences"
      : "running text";
  return `${100 * maskShare}% in ${unit}, ${draws}; rows are ${cut}`;
}

/** The first row as tokens, and what is asked of it. */
function firstRow({ tokenizer }: PretrainRun, { inputIds, positions, labels }: PreparedBatch) {
  if (inputIds === undefined) return null;
  const length = inputIds.dims[1] as number;
  const tokenOf = (id: number | bigint | undefined): string => tokenizer.convertIdsToTokens(Number(id)) ?? `#${id}`;
  const tokens = Array.from(inputIds.data.slice(0, length), tokenOf);
  if (positions === undefined || labels === undefined) return { tokens };
  const asked = Array.from(positions.data, Number).flatMap((position, index) =>
    position < length ? [{ position, token: tokenOf(labels.data[index]) }] : [],
  );
  return { tokens, asked };
}

function summaryText(summary: ReturnType<typeof summaryOf>): string {
  const { firstRow: row } = summary;
  const rows = [
    ["objective", summary.objective],
    ...(summary.masks === undefined ? [] : [["masks", summary.masks]]),
    ["text", `${countText(summary.trainingTokens)} tokens to train on, ${countText(summary.heldOutTokens)} held out`],
  ];
  const asked =
    row?.asked === undefined
      ? ""
      : `asked for: ${row.asked.map(({ token, position }) => `${token} (${position})`).join(", ")}\n`;
  return runText(summary, rows, `${row === null ? "" : tokensText(row.tokens)}${asked}`);
}

/** The lines that every run has, with its own between them, and what is shown of the first row. */
function runText(summary: ReturnType<typeof commonSummary>, own: readonly string[][], firstRow: string): string {
  const { memory, totalSteps, stepMs, totalMs, parameters, trainedParameters } = summary;
  const shapes = Object.entries(summary.batch).map(([name, { type, shape }]) => [
    `  ${name}`,
    `[${shape.join(", ")}] ${type}`,
  ]);
  const pace = stepMs === null || totalMs === null ? "" : `, ${durationText(stepMs)} each: ${durationText(totalMs)}`;
  const trained = trainedParameters === parameters ? "" : `, ${countText(trainedParameters)} of them trained`;
  const rows = [
    ["model", `${summary.class}, ${countText(parameters)} parameters${trained}`],
    ["vocabulary", `${countText(summary.vocabSize)} tokens`],
    ...own,
    ["steps", `${countText(totalSteps)}${pace}`],
    ["memory", `${bytesText(memory.peakBytes ?? 0)} at the peak, of ${bytesText(memory.limitBytes ?? 0)}`],
    ["written", "nothing"],
    ["first batch", ""],
    ...shapes,
  ];
  return harmless(`${columnsText(rows)}${firstRow}`);
}

function tokensText(tokens: readonly string[]): string {
  return `\n${tokens.slice(0, shownTokens).join(" ")}${tokens.length > shownTokens ? " …" : ""}\n`;
}
