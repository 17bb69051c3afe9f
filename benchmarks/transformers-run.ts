/**
 * Runs an exported folder by transformers.js, with its own settings but for the threads. Arguments: the case as JSON,
 * repetitions, threads, model folder, exported folder.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ForwardCase } from "./cases.ts";
import { reportDone, reportFirst } from "./run-report.ts";
import { tokenIds } from "./token-ids.ts";

process.env.ORT_DISABLE_TELEMETRY = "1";
const { AutoModel, Tensor } = await import("@huggingface/transformers");
const [text = "", repetitions = "", threads = "", folder = "", exported = ""] = process.argv.slice(2);
const { batchSize, sequenceLength } = JSON.parse(text) as ForwardCase;
const { vocab_size: vocabulary } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
const rows = batchSize * sequenceLength;
const int64 = (data: BigInt64Array) => new Tensor("int64", data, [batchSize, sequenceLength]);
const model = await AutoModel.from_pretrained(exported, {
  dtype: "fp32",
  local_files_only: true,
  session_options: { intraOpNumThreads: Number(threads) },
});
const inputs = {
  input_ids: int64(tokenIds(rows, vocabulary)),
  attention_mask: int64(new BigInt64Array(rows).fill(1n)),
  token_type_ids: int64(new BigInt64Array(rows)),
};
let sum = 0;
for (let index = 0; index < Number(repetitions); index++) {
  const { last_hidden_state: hidden } = await model(inputs);
  if (index > 0) continue;
  reportFirst();
  for (const value of hidden.data as Float32Array) sum += Math.abs(value);
}
reportDone(sum);
process.exit(0);
