/**
 * Small models of one shape, pretrained under one budget in different ways, and what they then know of held-out text:
 *
 *     npx tsx --conditions=@cloze/source scripts/compare-objectives.ts [masks|objectives|three-classes] [--steps N] [--threads N]
 *
 * `masks`: new masks in each epoch, the same ones, ten copies; many epochs of a small part of the Brown corpus.
 * `objectives`: masked language modeling alone, with next-sentence and with sentence order prediction, on all of it.
 * `three-classes`: masked language modeling, then three-class next-sentence prediction; a table of confusion beside that of
 * counting the words that two segments share. One seed; prints tables as docs/results.md shows them.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { brownCorpus } from "../src/data/index.ts";
import { loadObjective, type Objective } from "../src/objectives/index.ts";
import {
  Evaluator,
  type Metrics,
  type PretrainResult,
  type PretrainSettings,
  pretrain,
  specialTokensOf,
  type TrainingEvent,
} from "../src/training/index.ts";
import { confusionByOverlap } from "./segment-overlap.ts";

const MASKED = "masked-language-modeling";
const THREE_CLASSES = `${MASKED}+three-class-next-sentence-prediction`;
const labels = ["isNext", "sameDocument", "otherDocument"];

/** The demo's recipe: docs/decisions/0004-narrow-start.md says where it comes from. */
const recipe: Partial<PretrainSettings> = {
  vocabSize: 4096,
  sequenceLength: 32,
  batchSize: 32,
  lengthPhases: "16x64:0.3",
  maskShare: 0.3,
  dropout: 0,
  schedule: "hold",
  decayShare: 0.5,
  learningRate: 1.2e-3,
  warmupSteps: 100,
  checkpointEvery: 0,
  seed: 1,
};
const shape = { num_hidden_layers: 1, hidden_size: 128, num_attention_heads: 4, intermediate_size: 512 };

const { values, positionals } = parseArgs({
  options: { steps: { type: "string" }, threads: { type: "string", default: "2" } },
  allowPositionals: true,
});
const threads = Number(values.threads);
const folder = mkdtempSync(join(tmpdir(), "cloze-compare-"));
const config = join(folder, "config.json");

/** A run on the threads that were asked for, with the minutes that it took. */
async function train(
  settings: Partial<PretrainSettings>,
  onEvent: (event: TrainingEvent) => void = () => {},
): Promise<PretrainResult & { minutes: number }> {
  const start = settings.model == null ? { config } : {};
  const result = await pretrain({ ...recipe, threads, ...start, ...settings }, { overwrite: true }, { onEvent });
  return { ...result, minutes: result.done.elapsedMs / 60_000 };
}

/** Masked language modeling of running text, whatever heads the model has: the same places for all. */
async function maskedMetrics({ model, tokenizer, heldOut, objective }: PretrainResult): Promise<Metrics> {
  const masked: Objective = await loadObjective(MASKED, specialTokensOf(tokenizer));
  const hasOneHead = objective.name === MASKED;
  const running: typeof objective = {
    ...(masked as unknown as typeof objective),
    evaluationOutputs(_, { labels: _labels, ...inputs }) {
      const outputs = model.forward(inputs as never) as Record<string, never>;
      return { logits: outputs[hasOneHead ? "logits" : "predictionLogits"] as never };
    },
  };
  if (heldOut === undefined) throw new Error("nothing is held out");
  const evaluator = new Evaluator(model, running);
  return evaluator.evaluate(heldOut, { sequenceLength: 32 });
}

function percent(share: number | undefined): string {
  return share === undefined ? "" : `${(100 * share).toFixed(1)}%`;
}

/** Rows are printed as they come: a run takes a while. */
function tableRow(cells: readonly string[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}

function tableHead(cells: readonly string[]): void {
  tableRow(cells);
  tableRow(cells.map(() => "---"));
}

async function compareMasks(steps: number): Promise<void> {
  const corpus = join(folder, "part-of-brown.txt");
  const documents: string[] = [];
  for await (const document of (await brownCorpus()).documents()) {
    if (documents.push(document.join("\n")) === 40) break;
  }
  writeFileSync(corpus, documents.join("\n\n"));
  const ways: Readonly<Record<string, Partial<PretrainSettings>>> = {
    "dynamic: new in each epoch": {},
    "static: the same in each epoch": { maskDraws: "static" },
    "static, ten copies in turn": { maskDraws: "static", maskCopies: 10 },
  };
  tableHead(["masks", "epochs", "masked loss, nats", "masked accuracy"]);
  for (const [name, settings] of Object.entries(ways)) {
    const run = await train({ ...settings, corpus, holdOutEvery: 8, objective: MASKED, steps });
    const epochs = (steps * 1024) / run.training.counts.tokens;
    const { loss = Number.NaN, maskedAccuracy } = run.metrics ?? {};
    tableRow([name, epochs.toFixed(1), loss.toFixed(3), percent(maskedAccuracy)]);
    await run.model.release();
  }
}

async function compareObjectives(steps: number): Promise<void> {
  tableHead(["objective", "masked loss, nats", "masked accuracy", "pair accuracy"]);
  for (const pairs of ["", "+next-sentence-prediction", "+sentence-order-prediction"]) {
    const run = await train({ objective: `${MASKED}${pairs}`, steps });
    const { loss = Number.NaN, maskedAccuracy } = await maskedMetrics(run);
    const pairAccuracy = percent(run.metrics?.pairAccuracy);
    tableRow([run.objective.name, loss.toFixed(3), percent(maskedAccuracy), pairAccuracy]);
    await run.model.release();
  }
}

async function confuseThreeClasses(steps: number): Promise<void> {
  const first = join(folder, "first");
  const before = await train({ objective: MASKED, steps: Math.round(steps / 3), output: first });
  const pairs = { lengthPhases: null, sequenceLength: 64, maskShare: 0.15, learningRate: 1e-3 };
  const settings = { ...pairs, model: first, objective: THREE_CLASSES, steps, evaluateEvery: Math.round(steps / 4) };
  const run = await train(settings, (event) => {
    if (event.event !== "evaluation") return;
    const { pairLoss = Number.NaN, pairAccuracy } = event.metrics;
    console.log(`step ${event.step}: ${percent(pairAccuracy)} of the pairs, loss ${pairLoss.toFixed(3)} nats`);
  });
  const minutes = before.minutes + run.minutes;
  const metrics = run.metrics ?? {};
  console.log(
    `${minutes.toFixed(1)} minutes; pairs told right: ${percent(metrics.pairAccuracy)}; in truth \\ taken for:`,
  );
  const shares = labels.map((truth) => labels.map((taken) => metrics[`confusion.${truth}.${taken}`] ?? Number.NaN));
  showConfusion(shares);
  const counted = await confusionByOverlap(run, 64);
  console.log(`By the rare tokens that A and B share: ${percent(counted.accuracy)}`);
  showConfusion(counted.shares);
  await run.model.release();
}

function showConfusion(shares: readonly (readonly number[])[]): void {
  tableHead(["", ...labels]);
  for (const [index, row] of shares.entries()) tableRow([labels[index] ?? "", ...row.map(percent)]);
}

const parts: Readonly<Record<string, readonly [(steps: number) => Promise<void>, number]>> = {
  masks: [compareMasks, 1000],
  objectives: [compareObjectives, 1000],
  "three-classes": [confuseThreeClasses, 2400],
};

const positions = { max_position_embeddings: 64 };
writeFileSync(config, JSON.stringify({ model_type: "bert", ...shape, ...positions }));
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
    const part = parts[name];
    if (part === undefined) throw new Error(`${name} is none of ${Object.keys(parts).join(", ")}`);
    const [compare, steps] = part;
    await compare(values.steps === undefined ? steps : Number(values.steps));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
