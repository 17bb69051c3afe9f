/**
 * A real encoder fine-tuned on real data, beside the same recipe in PyTorch and beside baselines on the same rows:
 *
 *     npx tsx --conditions=@cloze/source scripts/compare-finetuning.ts --model DIR --data ../shared/data \
 *       [--python python3] [--only sst2,trec] [--seeds 0,1,2] [--threads 1] [--write]
 *
 * Both sides see the same batches in the same order, begin with the same weights, head included, and follow the same
 * schedule; only the masks of dropout differ. The model of the last step is scored. PyTorch runs where --python says how;
 * its scores are kept in test/golden/fine-tuning/scores.json with their versions, so that later only our side needs to run.
 * `--write` keeps our scores there too and puts the table into docs/results.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadExamples } from "../src/data/index.ts";
import { Random } from "../src/random.ts";
import { resolveFinetuneSettings } from "../src/training/finetune-settings.ts";
import { prepareFinetuning } from "../src/training/finetuning-preparation.ts";
import { type FinetuneSettings, finetune } from "../src/training/index.ts";
import { baselineScores } from "./baseline-scores.ts";
import { type DataSetFiles, dataSetRows, drawnRows, linesOfRows } from "./data-set-rows.ts";
import { type DataSet, dataSets } from "./data-sets.ts";
import { medianOf, planHash, planOf, trainInPytorch, writePlan } from "./finetuning-in-pytorch.ts";
import { type KeptScores, keepScores, keptScores, resultsTable, writeTable } from "./finetuning-scores.ts";

const batchSize = 16;
/** Rows that are drawn from the held-out files. */
const mostHeldOut = 400;

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    data: { type: "string" },
    python: { type: "string" },
    only: { type: "string" },
    seeds: { type: "string", default: "0,1,2" },
    threads: { type: "string", default: "1" },
    write: { type: "boolean", default: false },
  },
});
const { model, data, python } = values;
if (model === undefined || data === undefined) throw new Error("--model DIR and --data DIR must be given");
const threads = Number(values.threads);
const folder = mkdtempSync(join(tmpdir(), "cloze-compare-"));

for (const name of values.only?.split(",") ?? Object.keys(dataSets)) {
  const dataSet = dataSets[name];
  if (dataSet === undefined) throw new Error(`${name} is none of ${Object.keys(dataSets).join(", ")}`);
  const training = await drawn(dataSet, dataSet.training, dataSet.recipe.examples);
  const heldOut = await drawn(dataSet, dataSet.heldOut, mostHeldOut);
  const measured = {
    title: dataSet.title,
    ...{ task: dataSet.task, metric: dataSet.metric, recipe: { ...dataSet.recipe, batchSize } },
    rows: [training.examples.length, heldOut.examples.length] as const,
  };
  const kept = keptScores(name, measured, () => baselineScores(dataSet, training.examples, heldOut.examples));
  for (const seed of values.seeds.split(",").map(Number)) {
    const settings = settingsOf(dataSet, seed, training.file, heldOut.file);
    if (python !== undefined) await trainTheirs(settings, dataSet, kept, python);
    if (python !== undefined && values.write) keepScores(name, kept);
    await trainOurs(settings, dataSet, kept);
    if (values.write) keepScores(name, kept);
  }
  console.log(resultsTable([kept]).join("\n"));
}
if (values.write) writeTable();
rmSync(folder, { recursive: true });

function settingsOf({ task, recipe, problemType }: DataSet, seed: number, train: string, validation: string) {
  const { epochs, sequenceLength, learningRate } = recipe;
  return resolveFinetuneSettings({
    ...{ task, model: model as string, train, validation, output: null, evaluateEvery: 0 },
    ...{ epochs, sequenceLength, learningRate, batchSize, seed, threads, problemType: problemType ?? null },
  });
}

/** PyTorch's side, unless its score for these batches is known. */
async function trainTheirs(settings: FinetuneSettings, { metric }: DataSet, kept: KeptScores, python: string) {
  const run = await prepareFinetuning(settings, new Random(settings.seed), {});
  const plan = await planOf(run, Math.ceil(settings.epochs * run.batches.batchCount));
  const batches = planHash(plan);
  if (kept.pytorch?.runs[settings.seed]?.batches !== batches) {
    const { metrics, stepMs, versions } = await trainInPytorch(python, await writePlan(run, plan, threads), run);
    const score = metrics[metric] as number;
    console.error(`seed ${settings.seed}: PyTorch ${score.toFixed(4)}, ${medianOf(stepMs).toFixed(0)} ms a step`);
    const runs = { ...kept.pytorch?.runs, [settings.seed]: { score, batches } };
    kept.pytorch = { script: "test/golden/fine-tuning/train.py", ...versions, threads, runs };
  }
  await run.model.release();
}

/** Our side, by the same call that `cloze finetune` makes. */
async function trainOurs(settings: FinetuneSettings, { metric }: DataSet, kept: KeptScores) {
  const stored = kept.pytorch?.runs[settings.seed]?.batches;
  const elapsed = [0];
  const result = await finetune(
    settings,
    {},
    {
      async onReady(run, totalSteps) {
        if (stored === undefined || stored === planHash(await planOf(run, totalSteps))) return;
        throw new Error("the batches are no longer those of PyTorch's score: make it again with --python");
      },
      onEvent(event) {
        if (event.event === "step") elapsed.push(event.elapsedMs);
      },
    },
  );
  const score = result.evaluation?.metrics[metric] ?? Number.NaN;
  const stepMs = elapsed.slice(1).map((ms, at) => ms - (elapsed[at] as number));
  console.error(`seed ${settings.seed}: Cloze ${score.toFixed(4)}, ${medianOf(stepMs).toFixed(0)} ms a step`);
  kept.cloze[settings.seed] = score;
  await result.model.release();
}

async function drawn(dataSet: DataSet, source: DataSetFiles, count: number) {
  const files = source.files.map((file) => join(data as string, file));
  const rows = drawnRows(await dataSetRows({ ...source, files }), count);
  const file = join(folder, `${Math.random().toString(36).slice(2)}.jsonl`);
  writeFileSync(file, linesOfRows(rows));
  const { examples } = await loadExamples(file, dataSet.task, { problemType: dataSet.problemType });
  return { file, examples };
}
