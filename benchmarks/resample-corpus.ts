/**
 * A corpus of any size out of a small one, for benchmarks: lines drawn with replacement, each cut at one space or
 * ideographic comma and joined with the end of another, so that many lines, and with Chinese many words, are new.
 *
 *     npx tsx --conditions=@cloze/source benchmarks/resample-corpus.ts MEGABYTES SEED FILE… > corpus.txt
 */
import { readFileSync } from "node:fs";
import { Random } from "../src/random.ts";

const [megabytes, seed, ...files] = process.argv.slice(2);
const random = new Random(Number(seed));
const lines = files.flatMap((file) => readFileSync(file, "utf8").split("\n")).filter((line) => line.trim() !== "");

/** A place after a space or a comma in the middle of the line, or its middle. */
function cutOf(line: string): number {
  const places = Array.from(line.matchAll(/[ ，、]/gu), (match) => match.index + 1);
  return places[random.integer(Math.max(1, places.length))] ?? line.length >> 1;
}

let left = Number(megabytes) * 1e6;
let block = "";
while (left > 0) {
  const [first, second] = [lines[random.integer(lines.length)]!, lines[random.integer(lines.length)]!];
  const line = `${first.slice(0, cutOf(first))}${second.slice(cutOf(second))}\n`;
  left -= Buffer.byteLength(line);
  block += line;
  if (block.length < 1 << 20 && left > 0) continue;
  if (!process.stdout.write(block)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  block = "";
}
