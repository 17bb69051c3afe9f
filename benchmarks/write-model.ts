/** Writes the folder of a case's model, drawn anew. Arguments: the case as JSON, the folder. */
import { classFor, loadArchitecture } from "../src/models/index.ts";
import { Random } from "../src/random.ts";
import type { BenchmarkCase } from "./cases.ts";

const dropoutKeys = {
  bert: ["hidden_dropout_prob", "attention_probs_dropout_prob"],
  gpt2: ["embd_pdrop", "resid_pdrop", "attn_pdrop"],
};

const [text = "", folder = ""] = process.argv.slice(2);
const benchmark = JSON.parse(text) as BenchmarkCase;
const dropout = benchmark.kind === "training" ? benchmark.dropout : 0;
const settings = {
  model_type: benchmark.architecture,
  ...benchmark.config,
  ...Object.fromEntries(dropoutKeys[benchmark.architecture].map((key) => [key, dropout])),
};
const architecture = await loadArchitecture(benchmark.architecture);
const config = architecture.configuration.parse(JSON.stringify(settings), "config.json");
const modelClass = classFor(architecture, benchmark.architecture === "gpt2" ? "causalLM" : "maskedLM");
await new modelClass(config).initialize(new Random(1)).savePretrained(folder);
process.exit(0);
