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
import { finetune, type PreparedFinetuning } from "../src/training/index.ts";
import { baselineScores } from "./baseline-scores.ts";
import { type DataSetFiles, dataSetRows, drawnRows, linesOfRows } from "./data-set-rows.ts";
import { type DataSet, dataSets } from "./data-sets.ts";
import { medianOf, planHash, planOf, trainInPytorch, writePlan } from "./finetuning-in-pytorch.ts";
import { type KeptScores, keepScores, keptScores, resultsTable, writeTable } from "./finetuning-scores.ts";

const batchSize = 16;
/** Rows that are drawn from the held-out files. */
const mostHeldOut = 500;

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
  for (const seed of values.seeds.split(",")) {
    await compare(dataSet, Number(seed), [training.file, heldOut.file], kept);
    if (values.write) keepScores(name, kept);
  }
  console.log(resultsTable([kept]).join("\n"));
}
if (values.write) writeTable();
rmSync(folder, { recursive: true });

/** Runs both sides, or ours alone beside what is kept of PyTorch's. */
async function compare(dataSet: DataSet, seed: number, [train, validation]: [string, string], kept: KeptScores) {
  const { epochs, sequenceLength, learningRate } = dataSet.recipe;
  let run: PreparedFinetuning | undefined;
  const torch = { plan: "", folder: "" };
  let elapsedMs = 0;
  const result = await finetune(
    {
      ...{ task: dataSet.task, model: model as string, train, validation, output: null, evaluateEvery: 0 },
      ...{ epochs, sequenceLength, learningRate, batchSize, seed, threads, problemType: dataSet.problemType ?? null },
    },
    {},
    {
      onWarning: (text) => console.error(text),
      async onReady(prepared, totalSteps) {
        run = prepared;
        const plan = await planOf(prepared, totalSteps);
        torch.plan = planHash(plan);
        if (python !== undefined) torch.folder = await writePlan(prepared, plan, threads);
      },
      onEvent(event) {
        if (event.event === "step") elapsedMs = event.elapsedMs;
      },
    },
  );
  const score = result.evaluation?.metrics[dataSet.metric] ?? Number.NaN;
  console.error(`seed ${seed}: Cloze ${score.toFixed(4)}, ${(elapsedMs / result.done.step).toFixed(0)} ms a step`);
  await result.model.release();
  kept.cloze[seed] = score;
  if (python === undefined) {
    const stored = kept.pytorch?.runs[seed]?.batches;
    if (stored === undefined || stored === torch.plan) return;
    throw new Error(`seed ${seed}: the batches are no longer those of PyTorch's score; make it again with --python`);
  }
  const theirs = await trainInPytorch(python, torch.folder, run as PreparedFinetuning);
  const theirScore = theirs.metrics[dataSet.metric] as number;
  console.error(`seed ${seed}: PyTorch ${theirScore.toFixed(4)}, ${medianOf(theirs.stepMs).toFixed(0)} ms a step`);
  const runs = { ...kept.pytorch?.runs, [seed]: { score: theirScore, batches: torch.plan } };
  kept.pytorch = { script: "test/golden/fine-tuning/train.py", ...theirs.versions, threads, runs };
}

async function drawn(dataSet: DataSet, source: DataSetFiles, count: number) {
  const files = source.files.map((file) => join(data as string, file));
  const rows = drawnRows(await dataSetRows({ ...source, files }), count);
  const file = join(folder, `${Math.random().toString(36).slice(2)}.jsonl`);
  writeFileSync(file, linesOfRows(rows));
  const { examples } = await loadExamples(file, dataSet.task, { problemType: dataSet.problemType });
  return { file, examples };
}
