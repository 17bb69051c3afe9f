/** `--dry-run`: what a run would be like, from a few steps in memory that leave nothing behind. */
import { platform } from "#platform";
import type { PreparedBatch } from "../objectives/index.ts";
import { type PretrainRun, type PretrainSettings, pretrain } from "../training/index.ts";
import type { CommandContext } from "./command.ts";
import { harmless } from "./output.ts";
import { bytesText, columnsText, countText, durationText } from "./quantities.ts";

/** The first steps, which include compilation, are not measured. */
const unmeasuredSteps = 2;
const measuredSteps = 8;
const longestMeasuringMs = 5000;
/** Tokens of the first row that are shown. */
const shownTokens = 48;

export async function dryRun(settings: Partial<PretrainSettings>, context: CommandContext): Promise<void> {
  const { output, progress } = context;
  const stop = new AbortController();
  const stepMs: number[] = [];
  let lastMs = 0;
  let plan: { run: PretrainRun; totalSteps: number; batch: PreparedBatch } | undefined;
  await pretrain(
    { ...settings, output: null, evaluateEvery: 0, checkpointEvery: 0 },
    {},
    {
      onStage: (stage) => progress.report(stage),
      onWarning: (text) => output.warn(text),
      async onReady(run, totalSteps, firstBatch) {
        plan = { run, totalSteps, batch: await firstBatch() };
        lastMs = platform.now();
      },
      afterStep(_, step) {
        const nowMs = platform.now();
        if (step > unmeasuredSteps) stepMs.push(nowMs - lastMs);
        lastMs = nowMs;
        const spentMs = stepMs.reduce((sum, ms) => sum + ms, 0);
        // Stopping by the signal spares the evaluation with which a run ends.
        if (stepMs.length >= measuredSteps || spentMs > longestMeasuringMs) stop.abort();
        return false;
      },
      signal: stop.signal,
    },
  );
  progress.finish();
  if (plan === undefined) return;
  const median = stepMs.toSorted((a, b) => a - b)[stepMs.length >> 1];
  const summary = summaryOf(plan.run, plan.totalSteps, plan.batch, median);
  await output.result(summary, () => summaryText(summary));
  await plan.run.model.release();
}

function summaryOf(run: PretrainRun, totalSteps: number, batch: PreparedBatch, stepMs: number | undefined) {
  const { model, tokenizer, training, heldOut, objective, settings } = run;
  const tensors = Object.entries(batch).map(([name, { type, dims }]) => [name, { type, shape: dims }] as const);
  const memory = platform.processMemory();
  return {
    dryRun: true,
    class: model.constructor.name,
    parameters: model.store.parameters.reduce((sum, { size }) => sum + size, 0),
    vocabSize: tokenizer.length,
    objective: objective.name,
    masks: masksText(objective.name, settings),
    trainingTokens: training.counts.tokens,
    heldOutTokens: heldOut?.counts.tokens ?? 0,
    totalSteps,
    stepMs: stepMs ?? null,
    totalMs: stepMs === undefined ? null : stepMs * totalSteps,
    memory: { peakBytes: memory?.peakBytes ?? null, limitBytes: platform.memoryLimitBytes() ?? null },
    batch: Object.fromEntries(tensors),
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
  const { memory, totalSteps, stepMs, totalMs, firstRow: row } = summary;
  const shapes = Object.entries(summary.batch).map(([name, { type, shape }]) => [
    `  ${name}`,
    `[${shape.join(", ")}] ${type}`,
  ]);
  const pace = stepMs === null || totalMs === null ? "" : `, ${durationText(stepMs)} each: ${durationText(totalMs)}`;
  const rows = [
    ["model", `${summary.class}, ${countText(summary.parameters)} parameters`],
    ["vocabulary", `${countText(summary.vocabSize)} tokens`],
    ["objective", summary.objective],
    ...(summary.masks === undefined ? [] : [["masks", summary.masks]]),
    ["text", `${countText(summary.trainingTokens)} tokens to train on, ${countText(summary.heldOutTokens)} held out`],
    ["steps", `${countText(totalSteps)}${pace}`],
    ["memory", `${bytesText(memory.peakBytes ?? 0)} at the peak, of ${bytesText(memory.limitBytes ?? 0)}`],
    ["written", "nothing"],
    ["first batch", ""],
    ...shapes,
  ];
  const tokens =
    row === null
      ? ""
      : `\n${row.tokens.slice(0, shownTokens).join(" ")}${row.tokens.length > shownTokens ? " …" : ""}\n`;
  const asked =
    row?.asked === undefined
      ? ""
      : `asked for: ${row.asked.map(({ token, position }) => `${token} (${position})`).join(", ")}\n`;
  return harmless(`${columnsText(rows)}${tokens}${asked}`);
}
