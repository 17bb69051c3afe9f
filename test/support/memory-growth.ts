/** How much memory a process takes in the long run: what is done again and again must not keep any. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { bertPresets } from "../../src/models/bert.ts";
import { BertForMaskedLM } from "../../src/models/classes.ts";
import { AutoConfig } from "../../src/models/index.ts";
import { Random } from "../../src/random.ts";
import { TrainStep } from "../../src/training/train-step.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Resident MiB after a full collection; finalizers get their turn first. */
async function residentMebibytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return process.memoryUsage.rss() / 2 ** 20;
}

/** Does something `count` times; resolves to the MiB by which the process grew after the first fifth. */
async function growthOf(count: number, work: (turn: number) => Promise<void>): Promise<number> {
  let early = 0;
  for (let turn = 0; turn < count; turn++) {
    await work(turn);
    if (turn === Math.floor(count / 5)) early = await residentMebibytes();
  }
  return (await residentMebibytes()) - early;
}

const vocabSize = 500;
const longest = 128;

async function newModel(): Promise<BertForMaskedLM> {
  const sizes = { hiddenSize: 64, numHiddenLayers: 2, numAttentionHeads: 4, intermediateSize: 128 };
  const config = await AutoConfig.forModel("bert", { vocabSize, maxPositionEmbeddings: longest, ...sizes });
  return new BertForMaskedLM(config as never).initialize(new Random(1), { threads: 1 });
}

/** Runs `use` over a folder that holds a model. */
async function withFolder(use: (folder: string) => Promise<number>): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), "cloze-memory-"));
  try {
    const folder = join(scratch, "model");
    await (await newModel()).savePretrained(folder);
    return await use(folder);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Rows of random tokens, of a random number and length. */
function batchOf(random: Random): { inputIds: number[][]; attentionMask: number[][] } {
  const [rows, length] = [1 + random.integer(4), 1 + random.integer(longest)];
  const rowsOf = (value: () => number) => Array.from({ length: rows }, () => Array.from({ length }, value));
  return { inputIds: rowsOf(() => random.integer(vocabSize)), attentionMask: rowsOf(() => 1) };
}

/** Calls of one loaded model with batches of all sizes, four at a time. */
export function growthOfCalls(count: number): Promise<number> {
  return withFolder(async (folder) => {
    const model = await BertForMaskedLM.fromPretrained(folder, { threads: 1 });
    const random = new Random(2);
    const growth = await growthOf(count / 4, async () => {
      await Promise.all(Array.from({ length: 4 }, () => model(batchOf(random))));
    });
    await model.release();
    return growth;
  });
}

/** Models that are loaded, called once and released: a session each, over weights in their file. */
export function growthOfSessions(count: number): Promise<number> {
  return withFolder((folder) =>
    growthOf(count, async () => {
      const model = await BertForMaskedLM.fromPretrained(folder, { threads: 1 });
      await model({ inputIds: [[5, 6, 7]] });
      await model.release();
    }),
  );
}

/** What a process of its own took at most beside what it had, see loading-memory.ts. */
export interface LoadingPeaks {
  readonly dtype: "float32" | "bfloat16";
  /** All values as float32. */
  readonly valuesMiB: number;
  /** To load. */
  readonly loadingMiB: number;
  /** To load and call once. */
  readonly callingMiB: number;
  /** What the engine says it holds, which the call took. */
  readonly packedMiB: number;
}

/** Loads BERT in one of its published sizes from files of both widths: where values can stay in the file, and not. */
export async function peaksOfLoading(preset: keyof typeof bertPresets): Promise<LoadingPeaks[]> {
  const scratch = mkdtempSync(join(tmpdir(), "cloze-memory-"));
  try {
    const config = await AutoConfig.forModel("bert", bertPresets[preset]);
    const model = new BertForMaskedLM(config as never).initialize(new Random(1));
    const peaks: LoadingPeaks[] = [];
    for (const dtype of ["float32", "bfloat16"] as const) {
      const folder = join(scratch, dtype);
      await model.savePretrained(folder, { dtype });
      const program = fileURLToPath(new URL("loading-memory.ts", import.meta.url));
      const { stdout, stderr, status } = spawnSync(process.execPath, [...process.execArgv, program, folder], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(stderr);
      peaks.push({ dtype, ...JSON.parse(stdout) });
    }
    return peaks;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Steps forward and backward, with dropout, over batches of all sizes. */
export async function growthOfSteps(count: number): Promise<number> {
  const model = await newModel();
  const [gradients] = model.store.allocateBeside(1) as [Float32Array];
  const names = ["inputIds", "attentionMask", "labels"];
  const specs = model.inputSpecs(new Set(names));
  const loss = (inputs: object) => ({ loss: model.forward(inputs as never).loss as never });
  const chosen = Object.fromEntries(names.map((name) => [name, specs[name]]));
  const step = await TrainStep.compile(model, loss, chosen as typeof specs, gradients, { threads: 1 });
  const random = new Random(3);
  const growth = await growthOf(count, async (turn) => {
    const { inputIds, attentionMask } = batchOf(random);
    const tensorOf = (rows: number[][]) => ({
      type: "int64" as const,
      dims: [rows.length, rows[0]?.length ?? 0],
      data: BigInt64Array.from(rows.flat(), BigInt),
    });
    const inputs = { inputIds: tensorOf(inputIds), attentionMask: tensorOf(attentionMask), labels: tensorOf(inputIds) };
    const { loss: value } = await step.run(inputs, { random, step: turn });
    if (!Number.isFinite(value)) throw new Error(`step ${turn}: the loss is ${value}`);
  });
  await step.release();
  return growth;
}
