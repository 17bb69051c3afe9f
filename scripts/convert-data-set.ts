/**
 * Writes a published data set as the JSON Lines that `cloze finetune` and `cloze evaluate` read:
 *
 *     npx tsx scripts/convert-data-set.ts trec train.txt --encoding latin1 > trec.jsonl
 *     npx tsx scripts/convert-data-set.ts trec qc_trec.zip:qc/train.txt --encoding latin1 > trec.jsonl
 *     npx tsx scripts/convert-data-set.ts sighan train15.sgml --part train > sighan-train.jsonl
 *
 * `--part train` and `--part validation` split what has no split of its own, by a hash that never changes: a row is for
 * validation if the first four bytes of the SHA-256 of its first text, as a big-endian number modulo 100, are below 20.
 *
 * Files that Cloze reads as they are need no conversion, but may need the split: with the task in place of a layout,
 *
 *     npx tsx --conditions=@cloze/source scripts/convert-data-set.ts text-classification agnews.csv --no-header \
 *       --column label=0 --column text=1 --column textPair=2 --part train > agnews-train.jsonl
 */
import { parseArgs } from "node:util";
import { layouts } from "./data-set-layouts.ts";
import { dataSetRows, linesOfRows, type Part, parts } from "./data-set-rows.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    encoding: { type: "string", default: "utf-8" },
    part: { type: "string" },
    column: { type: "string", multiple: true, default: [] },
    "no-header": { type: "boolean", default: false },
    "problem-type": { type: "string" },
  },
});
const [as = "", ...files] = positionals;
const isTask = as.includes("-") || as === "retrieval";
if ((layouts[as] === undefined && !isTask) || files.length === 0 || !isPart(values.part)) {
  const names = Object.keys(layouts).join("|");
  console.error(`usage: convert-data-set.ts ${names} FILE… [--encoding latin1] [--part ${parts.join("|")}]`);
  console.error("       convert-data-set.ts TASK FILE… [--no-header] [--column FIELD=COLUMN]… [--part …]");
  process.exit(2);
}
const columns = values.column.map((pair) => {
  const [field = "", column = ""] = pair.split(/=(.*)/s);
  return [field, /^\d+$/.test(column) ? Number(column) : column];
});
const options = {
  header: !values["no-header"],
  columns: Object.fromEntries(columns),
  ...(values["problem-type"] === "regression" && { problemType: "regression" as const }),
};
const rows = await dataSetRows({ as, files, encoding: values.encoding, options, part: values.part }).catch(
  ({ message }: Error) => {
    console.error(`error: ${message}`);
    process.exit(2);
  },
);
process.stdout.write(linesOfRows(rows));
console.error(`${rows.length} rows`);

function isPart(part: string | undefined): part is Part | undefined {
  return part === undefined || (parts as readonly string[]).includes(part);
}
