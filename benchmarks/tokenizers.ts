/**
 * `npm run benchmark:tokenizers`: our tokenizers beside the reference's Rust library, one thread each, sides alternating.
 *
 *     npm run benchmark:tokenizers                             # encoding: WordPiece and byte-level BPE, English and Chinese
 *     npm run benchmark:tokenizers -- batch ids                # only these kinds of passes
 *     npm run benchmark:tokenizers -- train CORPUS SIZE KIND…  # training: wordpiece, bpe, character-bpe, unigram
 *
 * CLOZE_PYTHON is a Python with tokenizers 0.23.3; without it only our side runs. The tokenizers and texts lie beside the
 * repository, in ../shared. Options: --rounds N, --write (encoding's table into docs/performance.md).
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
import { writeSection } from "./document.ts";
import { median } from "./statistics.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "5" }, write: { type: "boolean", default: false } },
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

interface Rates {
  /** MB/s by the clock, and by CPU time, of the first pass of a process and of later ones. */
  readonly first: readonly [wall: number, cpu: number];
  readonly later: readonly [wall: number, cpu: number];
}

const modes = {
  batch: "all lines in one call, everything",
  lines: "a call for each line, everything",
  ids: "ids alone",
} as const;
type Mode = keyof typeof modes;

/** Both sides, first passes of three processes each and medians of later passes, always by turns. */
async function compareEncoding(tokenizer: string, corpus: string, mode: Mode): Promise<Rates[]> {
  const megabytes = readFileSync(corpus).byteLength / 1e6;
  type Pass = Awaited<ReturnType<Process["pass"]>>;
  const firsts = sides.map((): Pass[] => []);
  const laters = sides.map((): Pass[] => []);
  const start = (): Process[] =>
    sides.map((side) => new Process(side, ["encode", join(shared, "golden/tokenizers", tokenizer), corpus]));
  for (let attempt = 0; attempt < FIRST_PASSES; attempt++) {
    const processes = start();
    for (const each of processes) await each.answer();
    for (const [index, each] of processes.entries()) firsts[index]!.push(await each.pass(mode));
    const rounds = attempt === FIRST_PASSES - 1 ? Number(values.rounds) : 0;
    for (let round = 0; round < rounds; round++) {
      for (const [index, each] of processes.entries()) laters[index]!.push(await each.pass(mode));
    }
    for (const each of processes) each.end();
  }
  const counts = new Set([...firsts, ...laters].flat().map(({ tokens }) => tokens));
  if (counts.size > 1) throw new Error(`the sides disagree: ${[...counts].join(", ")} tokens`);
  const rate = (passes: readonly Pass[]): readonly [number, number] => {
    const of = (times: readonly number[]): number => (1000 * megabytes) / median(times);
    return [of(passes.map(({ wallMs }) => wallMs)), of(passes.map(({ cpuMs }) => cpuMs))];
  };
  return sides.map((_, index) => ({ first: rate(firsts[index]!), later: rate(laters[index]!) }));
}

/** Fresh processes a side. */
const FIRST_PASSES = 3;

async function encodeAll(asked: readonly string[]): Promise<void> {
  const unknown = asked.find((mode) => !Object.hasOwn(modes, mode));
  if (unknown !== undefined) throw new Error(`there are no passes of the kind ${unknown}`);
  const rows: string[] = [];
  for (const language of ["en", "zh"]) {
    const corpus = join(folder, `${language}.txt`);
    const made = spawnSync(python ?? "python3", [here("tokenizers_reference.py"), "corpus", language, shared, corpus]);
    if (made.status !== 0) throw new Error(`the text cannot be made:\n${made.stderr}`);
    for (const tokenizer of ["bert-base-uncased", "gpt2"]) {
      for (const mode of (asked.length > 0 ? asked : Object.keys(modes)) as Mode[]) {
        const rates = await compareEncoding(tokenizer, corpus, mode);
        const shown = rates.flatMap(({ first, later }) =>
          [first, later].map(([wall, cpu]) => `${wall.toFixed(1)} (${cpu.toFixed(1)})`),
        );
        const text = language === "en" ? "English" : "Chinese";
        rows.push(`| \`${tokenizer}\`, ${text} | ${modes[mode]} | ${shown.join(" | ")} |`);
        console.log(rows.at(-1));
      }
    }
  }
  if (!values.write) return;
  const head = sides.flatMap((side) => [`${side}: first pass`, "later ones"]).join(" | ");
  const rule = sides.map(() => "--: | --:").join(" | ");
  const command = `\`npm run benchmark:tokenizers -- ${[...asked, `--rounds ${values.rounds}`].join(" ")}\`, load ${load} at the start`;
  const table = [`| MB/s by the clock (by CPU time) | | ${head} |`, `| --- | --- | ${rule} |`, ...rows].join("\n");
  writeSection("tokenizers-encoding", `${table}\n\n${command}`, "benchmark:tokenizers");
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

const load = loadavg()[0]?.toFixed(1);

try {
  console.log(`${cpus()[0]?.model}, one thread a side, load ${load} at the start`);
  if (!existsSync(shared)) throw new Error("../shared is not there");
  await build({
    entryPoints: [here("tokenizers-side.ts")],
    outfile: join(folder, "side.mjs"),
    ...{ bundle: true, platform: "node", format: "esm", target: "es2022", packages: "external", logLevel: "warning" },
    conditions: ["@cloze/source"],
  });
  const [task, corpus, size, ...kinds] = positionals;
  if (task === "train" && corpus && size) trainAll(corpus, size, kinds.length > 0 ? kinds : ["wordpiece", "bpe"]);
  else await encodeAll(positionals);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
