/**
 * Runs an ONNX file by the binding onnxruntime-node with its own settings, as transformers.js does. Arguments: the case as
 * JSON, repetitions, threads, model folder, ONNX file.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ort from "onnxruntime-node";
import type { ForwardCase } from "./cases.ts";
import { reportDone, reportFirst } from "./run-report.ts";
import { tokenIds } from "./token-ids.ts";

const [text = "", repetitions = "", threads = "", folder = "", file = ""] = process.argv.slice(2);
const { batchSize, sequenceLength } = JSON.parse(text) as ForwardCase;
const { vocab_size: vocabulary } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
const dims = [batchSize, sequenceLength];
const rows = batchSize * sequenceLength;
const int64 = (data: BigInt64Array): ort.Tensor => new ort.Tensor("int64", data, dims);
const feeds = {
  input_ids: int64(tokenIds(rows, vocabulary)),
  attention_mask: int64(new BigInt64Array(rows).fill(1n)),
  token_type_ids: int64(new BigInt64Array(rows)),
};
const session = await ort.InferenceSession.create(file, {
  executionProviders: ["cpu"],
  intraOpNumThreads: Number(threads),
});
let sum = 0;
for (let index = 0; index < Number(repetitions); index++) {
  const { last_hidden_state: hidden } = await session.run(feeds);
  if (index > 0 || hidden === undefined) continue;
  reportFirst();
  for (const value of hidden.data as Float32Array) sum += Math.abs(value);
}
reportDone(sum);
process.exit(0);
