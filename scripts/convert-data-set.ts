/**
 * Writes a published data set as the JSON Lines that `cloze finetune` and `cloze evaluate` read:
 *
 *     npx tsx scripts/convert-data-set.ts trec train.txt --encoding latin1 > trec.jsonl
 *     npx tsx scripts/convert-data-set.ts sighan train15.sgml --part train > sighan-train.jsonl
 *
 * `--part train` and `--part validation` split what has no split of its own, by a hash that never changes: a row is for
 * validation if the first four bytes of the SHA-256 of its first text, as a big-endian number modulo 100, are below 20.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { layouts, type Row } from "./data-set-layouts.ts";

const VALIDATION_PERCENT = 20;

function isValidation(row: Row): boolean {
  const key = row.text ?? row.source ?? row.context ?? (row.tokens as string[]).join(" ");
  return createHash("sha256").update(String(key)).digest().readUInt32BE(0) % 100 < VALIDATION_PERCENT;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { encoding: { type: "string", default: "utf-8" }, part: { type: "string" } },
});
const [name = "", ...files] = positionals;
const layout = layouts[name];
if (layout === undefined || files.length === 0 || !["train", "validation", undefined].includes(values.part)) {
  console.error(
    `usage: convert-data-set.ts ${Object.keys(layouts).join("|")} FILE… [--encoding latin1] [--part train|validation]`,
  );
  process.exit(2);
}
const decoder = new TextDecoder(values.encoding);
const rows = layout(files.map((file) => decoder.decode(readFileSync(file))));
const kept =
  values.part === undefined ? rows : rows.filter((row) => isValidation(row) === (values.part === "validation"));
process.stdout.write(kept.map((row) => `${JSON.stringify(row)}\n`).join(""));
console.error(`${kept.length} of ${rows.length} rows`);
