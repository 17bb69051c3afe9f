/**
 * Our side of tokenizers.ts, a process of its own on one thread:
 *
 *     encode TOKENIZER CORPUS      reads "batch", "lines" or "ids" from standard input, makes a pass, answers with a line of JSON
 *     train KIND SIZE CORPUS FILE  trains with the reference's settings, writes tokenizer.json
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { openCorpus } from "../src/data/index.ts";
import {
  AutoTokenizer,
  type Tokenizer,
  trainByteLevelBpe,
  trainCharacterBpe,
  trainUnigram,
  trainWordPiece,
  writeTokenizerJson,
} from "../src/tokenizers/index.ts";

const [command, ...rest] = process.argv.slice(2);
if (command === "encode") await encode(...(rest as [string, string]));
else await train(...(rest as [string, string, string, string]));

function answer(values: object): void {
  process.stdout.write(
    `${JSON.stringify({ ...values, peakMiB: Math.round(process.resourceUsage().maxRSS / 1024) })}\n`,
  );
}

/** User and system time of this process, its compiler and garbage collector threads included. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function encode(folder: string, corpus: string): Promise<void> {
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const lines = readFileSync(corpus, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const passes: Record<string, () => number> = {
    batch: () => sumOf(tokenizer(lines, { returnTensors: false }).inputIds),
    lines: () => lines.reduce((sum, line) => sum + tokenizer(line, { returnTensors: false }).inputIds.length, 0),
    ids: () => sumOf(lines.map((line) => tokenizer.encodeIds(line))),
  };
  answer({ ready: true });
  for await (const mode of createInterface({ input: process.stdin })) {
    const before = cpuMs();
    const tokens = passes[mode]?.() ?? 0;
    answer({ tokens, cpuMs: cpuMs() - before });
  }
}

function sumOf(lists: readonly ArrayLike<number>[]): number {
  return lists.reduce((sum, list) => sum + list.length, 0);
}

async function train(kind: string, size: string, corpus: string, target: string): Promise<void> {
  const vocabSize = Number(size);
  const special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];
  const trainers: Record<string, (lines: AsyncIterable<string>) => Promise<Tokenizer>> = {
    wordpiece: (lines) => trainWordPiece(lines, { vocabSize, limitAlphabet: 6000 }),
    "character-bpe": (lines) => trainCharacterBpe(lines, { vocabSize }),
    bpe: (lines) => trainByteLevelBpe(lines, { vocabSize, specialTokens: special }),
    unigram: (lines) => trainUnigram(lines, { vocabSize }),
  };
  const source = await openCorpus([corpus]);
  async function* linesOf(): AsyncGenerator<string> {
    for await (const document of source.documents()) yield* document;
  }
  const [startMs, startCpuMs] = [performance.now(), cpuMs()];
  const tokenizer = await trainers[kind]!(linesOf());
  const [seconds, cpuSeconds] = [(performance.now() - startMs) / 1000, (cpuMs() - startCpuMs) / 1000];
  writeFileSync(target, writeTokenizerJson(tokenizer.pipeline));
  answer({ seconds, cpuSeconds });
}
