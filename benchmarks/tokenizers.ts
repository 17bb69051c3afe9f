/**
 * `npm run benchmark:tokenizers`: our tokenizers beside the reference's Rust library, one thread each, sides alternating.
 *
 *     npm run benchmark:tokenizers                             # encoding: WordPiece and byte-level BPE, English and Chinese
 *     npm run benchmark:tokenizers -- train CORPUS SIZE KIND…  # training: wordpiece, bpe, character-bpe, unigram
 *
 * CLOZE_PYTHON is a Python with tokenizers 0.23.3; without it only our side runs. The tokenizers and texts lie beside the
 * repository, in ../shared. Options: --rounds N.
 *
 * Both sides hold the text in memory as lines. Wall time is taken from outside, from the request for a pass to the answer
 * that it is done; CPU time is what each process says of itself. Three kinds of passes:
 * - batch: all lines in one call, everything kept; here plain arrays of ids, types, masks, tokens, offsets, words and
 *   sequences, there `encode_batch` and its Rust objects, of which nothing is turned into Python.
 * - lines: a call for each line, of which nothing is kept; there `encode`.
 * - ids: only the ids of all lines, without special tokens, all kept; there `encode_batch_fast`, which leaves out offsets.
 * The first pass of a process counts apart: our code is not compiled yet, and neither side remembers any word.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" } },
});
const python = process.env.CLOZE_PYTHON;
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const shared = here("../../shared");
const folder = mkdtempSync(join(here("../node_modules"), ".benchmark-"));
const environment = { ...process.env, TOKENIZERS_PARALLELISM: "false", RAYON_NUM_THREADS: "1" };

type Side = "cloze" | "reference";
const sides: readonly Side[] = python === undefined ? ["cloze"] : ["cloze", "reference"];

function command(side: Side, args: readonly string[]): [string, string[]] {
  if (side === "reference") return [python ?? "python3", [here("tokenizers_reference.py"), ...args]];
  return [process.execPath, ["--max-old-space-size=4096", join(folder, "side.mjs"), ...args]];
}

interface Answer {
  readonly tokens: number;
  readonly cpuMs: number;
  readonly peakMiB: number;
}

/** A side that waits for requests. */
class Process {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor(side: Side, args: readonly string[]) {
    this.#child = spawn(...command(side, args), { env: environment });
    this.#child.stderr.pipe(process.stderr);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async answer(): Promise<Answer> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("a side ended without an answer");
    return JSON.parse(value) as Answer;
  }

  async pass(mode: string): Promise<Answer & { readonly wallMs: number }> {
    const startMs = performance.now();
    this.#child.stdin.write(`${mode}\n`);
    const answer = await this.answer();
    return { ...answer, wallMs: performance.now() - startMs };
  }

  end(): void {
    this.#child.stdin.end();
  }
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;

async function compareEncoding(tokenizer: string, language: string, corpus: string, megabytes: number): Promise<void> {
  for (const mode of ["batch", "lines", "ids"]) {
    const processes = sides.map(
      (side) => new Process(side, ["encode", join(shared, "golden/tokenizers", tokenizer), corpus]),
    );
    for (const each of processes) await each.answer();
    const passes = processes.map((): Awaited<ReturnType<Process["pass"]>>[] => []);
    for (let round = 0; round <= Number(values.rounds); round++) {
      for (const [index, each] of processes.entries()) passes[index]!.push(await each.pass(mode));
    }
    for (const each of processes) each.end();
    const counts = new Set(passes.flat().map(({ tokens }) => tokens));
    if (counts.size > 1) throw new Error(`the sides disagree: ${[...counts].join(", ")} tokens`);
    const rates = passes.map(([first, ...later]) => {
      const rate = (ms: number): string => ((1000 * megabytes) / ms).toFixed(2).padStart(6);
      const [wall, cpu] = [median(later.map(({ wallMs }) => wallMs)), median(later.map(({ cpuMs }) => cpuMs))];
      return `${rate(wall)} (CPU ${rate(cpu)}; first pass ${rate(first!.wallMs)}, CPU ${rate(first!.cpuMs)})`;
    });
    const text = sides.map((side, index) => `${side} ${rates[index]}`).join("   ");
    console.log(`${tokenizer.padEnd(18)} ${language} ${mode.padEnd(5)} MB/s: ${text}`);
  }
}

async function encodeAll(): Promise<void> {
  for (const language of ["en", "zh"]) {
    const corpus = join(folder, `${language}.txt`);
    const made = spawnSync(python ?? "python3", [here("tokenizers_reference.py"), "corpus", language, shared, corpus]);
    if (made.status !== 0) throw new Error(`the text cannot be made:\n${made.stderr}`);
    const megabytes = readFileSync(corpus).byteLength / 1e6;
    for (const tokenizer of ["bert-base-uncased", "gpt2"]) {
      await compareEncoding(tokenizer, language, corpus, megabytes);
    }
  }
}

interface TrainedModel {
  readonly vocab: Readonly<Record<string, number>> | readonly (readonly [string, number])[];
  readonly merges?: readonly unknown[];
}

function tokensOf({ vocab }: TrainedModel): Set<string> {
  return new Set(Array.isArray(vocab) ? vocab.map(([token]) => token) : Object.keys(vocab));
}

function trainAll(corpus: string, size: string, kinds: readonly string[]): void {
  for (const kind of kinds) {
    const models = sides.map((side): TrainedModel => {
      const target = join(folder, `${side}.json`);
      const { status, stdout, stderr } = spawnSync(...command(side, ["train", kind, size, corpus, target]), {
        encoding: "utf8",
        env: environment,
      });
      if (status !== 0) throw new Error(`${side} failed:\n${stderr}`);
      const { seconds, cpuSeconds, peakMiB } = JSON.parse(stdout) as Record<string, number>;
      const time = `${seconds!.toFixed(2)} s (CPU ${cpuSeconds!.toFixed(2)} s), peak ${peakMiB} MiB`;
      console.log(`${kind.padEnd(13)} ${size} ${side.padEnd(9)} ${time}`);
      return (JSON.parse(readFileSync(target, "utf8")) as { model: TrainedModel }).model;
    });
    const [ours, theirs] = models;
    if (!ours || !theirs) continue;
    const [mine, other] = [tokensOf(ours), tokensOf(theirs)];
    const common = [...other].filter((token) => mine.has(token)).length;
    const isEqual = JSON.stringify([ours.vocab, ours.merges]) === JSON.stringify([theirs.vocab, theirs.merges]);
    const overlap = `${((100 * common) / other.size).toFixed(2)}% of ${other.size} tokens in common`;
    console.log(`${kind.padEnd(13)} ${size} ${isEqual ? "equal: the same ids and merges" : overlap}`);
  }
}

try {
  console.log(`${cpus()[0]?.model}, one thread a side, load ${loadavg()[0]?.toFixed(1)} at the start`);
  if (!existsSync(shared)) throw new Error("../shared is not there");
  await build({
    entryPoints: [here("tokenizers-side.ts")],
    outfile: join(folder, "side.mjs"),
    ...{ bundle: true, platform: "node", format: "esm", target: "es2022", packages: "external", logLevel: "warning" },
    conditions: ["@cloze/source"],
  });
  const [task, corpus, size, ...kinds] = positionals;
  if (task === "train" && corpus && size) trainAll(corpus, size, kinds.length > 0 ? kinds : ["wordpiece", "bpe"]);
  else await encodeAll();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
