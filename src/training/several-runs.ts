/** Several fine-tunings in one go, each in a folder of its own below the output; the best one's model is left. */
import * as z from "zod";
import { platform } from "#platform";
import { CheckpointError, ConfigurationError } from "../errors.ts";
import { deviationOf, meanOf } from "../metrics/index.ts";
import { AutoConfig, loadArchitecture } from "../models/index.ts";
import { parseJson } from "../platform/file-errors.ts";
import type { DoneEvent, FinishedRun, RunsSummary, TrainingEvent } from "./events.ts";
import { finetune } from "./finetune.ts";
import { type FinetuneSettings, resolveFinetuneSettings } from "./finetune-settings.ts";
import type { FinetuneHooks, FinetuneOptions } from "./finetuning-types.ts";
import { OutputFolder } from "./output-folder.ts";
import { readRunLog } from "./run-log.ts";

/** One of several runs: its folder's name, and how its settings differ. */
interface PlannedRun {
  readonly name: string;
  readonly settings: Partial<FinetuneSettings>;
}

export interface SeveralRunsResult {
  /** Of the last run that was trained; undefined when all were done before. */
  readonly done: DoneEvent | undefined;
  /** Absent when the runs were interrupted. */
  readonly summary: RunsSummary | undefined;
}

/** What holds the runs' outcome, beside `run.json` with their settings. */
const summaryName = "runs.json";
/** What a run leaves beside its model. */
const notOfTheModel = new Set(["run.json", "metrics.jsonl", "checkpoints", "profile.json"]);

/** Whether the settings ask for several runs. */
export function asksForSeveralRuns({ seeds = 1, layers = null }: Partial<FinetuneSettings>): boolean {
  return seeds > 1 || layers === "each";
}

/**
 * Trains once for each of `seeds` seeds, from `seed` on; or with `layers` `each`, once on each layer of a frozen model, which
 * tells where what a task needs is to be found (Tenney et al. 2019, https://arxiv.org/abs/1905.05950). With `resume`, runs that are done are not repeated. Throws what
 * `finetune` throws, and a ConfigurationError without an output, or with nothing held out to compare the runs by.
 */
export async function finetuneSeveral(
  values: Partial<FinetuneSettings>,
  options: FinetuneOptions = {},
  hooks: FinetuneHooks = {},
): Promise<SeveralRunsResult> {
  const settings = resolveFinetuneSettings(values);
  if (settings.output === null) {
    throw new ConfigurationError("Several runs leave a folder each.", {
      field: "output",
      expected: "a folder for them",
      received: "nothing",
    });
  }
  if (settings.validation === null && settings.validationShare === 0) {
    throw new ConfigurationError("Several runs are compared by held-out examples, and there are none.", {
      field: "validationShare",
      expected: "more than 0, or a file of examples as validation",
      received: "0",
    });
  }
  const output = await OutputFolder.open(settings.output, options);
  try {
    return await runAll(settings, await plannedRuns(settings), output, options.resume ?? false, hooks);
  } finally {
    await output.close();
  }
}

async function plannedRuns({ seed, seeds, layers, model }: FinetuneSettings): Promise<PlannedRun[]> {
  if (layers === "each") {
    if (seeds > 1) {
      throw new ConfigurationError("Several seeds and each layer are too much at once.", {
        field: "seeds",
        expected: "1 beside layers each",
        received: String(seeds),
        hint: "Leave one out.",
      });
    }
    const config = await AutoConfig.fromPretrained(model);
    const architecture = await loadArchitecture(config.modelType);
    const count = architecture.sizes(config).layers + 1;
    return Array.from({ length: count }, (_, layer) => ({
      name: `layer-${layer}`,
      settings: { layers: String(layer) },
    }));
  }
  return Array.from({ length: seeds }, (_, index) => ({
    name: `seed-${seed + index}`,
    settings: { seed: seed + index, seeds: 1 },
  }));
}

async function runAll(
  settings: FinetuneSettings,
  planned: readonly PlannedRun[],
  output: OutputFolder,
  resume: boolean,
  hooks: FinetuneHooks,
): Promise<SeveralRunsResult> {
  const emit = (event: TrainingEvent): void => {
    output.append(event);
    hooks.onEvent?.(event);
  };
  const before = resume ? await readSummary(output.path) : undefined;
  let mainMetric = before?.mainMetric ?? "";
  const finished = (before?.runs ?? []).filter(({ name }) => planned.some((run) => run.name === name));
  let done: DoneEvent | undefined;
  let hasBegun = false;
  const begin = async (): Promise<void> => {
    if (!hasBegun) await output.begin(settings);
    hasBegun = true;
  };
  for (const [index, { name, settings: own }] of planned.entries()) {
    const place = { number: index + 1, of: planned.length };
    const known = finished.find((run) => run.name === name);
    if (known !== undefined) {
      await begin();
      emit({ event: "run", name, ...place });
      emit({ event: "resumed", step: known.steps });
      continue;
    }
    const folder = platform.join(output.path, name);
    const isThere = (await platform.stat(folder, "checkpoint")) !== undefined;
    const result = await finetune(
      { ...settings, ...own, output: folder },
      { resume: isThere },
      {
        ...hooks,
        onEvent: emit,
        // The folder is made once the first run has read its files and is sure to begin.
        onBegin: async () => {
          await begin();
          emit({ event: "run", name, ...place });
        },
      },
    );
    await result.model.release();
    done = result.done;
    mainMetric = result.task.mainMetric;
    if (done.reason === "interrupted") return { done, summary: undefined };
    finished.push({ name, steps: done.step, metrics: await metricsOf(folder, mainMetric) });
    await writeSummary(output.path, summaryOf(finished, mainMetric));
  }
  const summary = summaryOf(finished, mainMetric);
  await copyModel(platform.join(output.path, summary.best), output.path);
  emit({ event: "runs", ...summary });
  return { done, summary };
}

/** The figures of a finished run's model: those of its best evaluation. */
async function metricsOf(folder: string, mainMetric: string): Promise<FinishedRun["metrics"]> {
  const evaluations = (await readRunLog(folder)).flatMap((event) =>
    event.event === "evaluation" ? [event.metrics] : [],
  );
  return best(evaluations, (metrics) => metrics[mainMetric] ?? Number.NEGATIVE_INFINITY) ?? {};
}

/** The first one of those with the highest value; one without a value counts as the lowest. */
function best<T>(items: readonly T[], value: (item: T) => number): T | undefined {
  const valued = (item: T): number => (Number.isNaN(value(item)) ? Number.NEGATIVE_INFINITY : value(item));
  return items.reduce<T | undefined>(
    (found, item) => (found === undefined || valued(item) > valued(found) ? item : found),
    undefined,
  );
}

function summaryOf(runs: readonly FinishedRun[], mainMetric: string): RunsSummary {
  const names = Object.keys(runs[0]?.metrics ?? {});
  const values = (name: string): number[] => runs.map(({ metrics }) => metrics[name] ?? Number.NaN);
  return {
    mainMetric,
    best: best(runs, ({ metrics }) => metrics[mainMetric] ?? Number.NEGATIVE_INFINITY)?.name ?? "",
    mean: Object.fromEntries(names.map((name) => [name, meanOf(values(name))])),
    deviation: Object.fromEntries(names.map((name) => [name, deviationOf(values(name))])),
    runs,
  };
}

/** A figure that is no number, such as a correlation of equal values, is written as null. */
const figure = z.union([z.number(), z.null().transform(() => Number.NaN)]);
const finishedRun = z.object({ name: z.string(), steps: z.int(), metrics: z.record(z.string(), figure) });
const summarySchema = z.object({ mainMetric: z.string(), runs: z.array(finishedRun) });

async function readSummary(folder: string): Promise<Pick<RunsSummary, "mainMetric" | "runs"> | undefined> {
  const file = platform.join(folder, summaryName);
  if ((await platform.stat(file, "checkpoint")) === undefined) return undefined;
  const read = summarySchema.safeParse(parseJson(await platform.readText(file, "checkpoint"), file, "checkpoint"));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new CheckpointError(`${file} is no list of finished runs.`, {
    file,
    field: issue?.path.join(".") ?? "",
    expected: "what a fine-tuning with several seeds has written",
    received: issue?.message ?? "",
    hint: "Remove the file to train all of them again.",
  });
}

async function writeSummary(folder: string, summary: RunsSummary): Promise<void> {
  await platform.writeFileAtomically(platform.join(folder, summaryName), `${JSON.stringify(summary, null, 2)}\n`);
}

/** What belongs to a run's model, one folder up. */
async function copyModel(from: string, to: string): Promise<void> {
  for (const { name, kind } of await platform.list(from, "checkpoint")) {
    if (notOfTheModel.has(name)) continue;
    const [source, target] = [platform.join(from, name), platform.join(to, name)];
    if (kind === "file") await platform.copyFile(source, target);
    else if (kind === "folder") {
      await platform.makeFolder(target);
      await copyModel(source, target);
    }
  }
}
