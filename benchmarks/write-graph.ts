/**
 * Writes the graph that Cloze runs of a BERT folder as an ONNX file into that folder, beside the weights that it points
 * into: `tsx --conditions=@cloze/source benchmarks/write-graph.ts FOLDER`.
 */
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { lower, type Parameter, type SymbolicTensor, trace } from "../src/graph/index.ts";
import { type AnyModel, AutoModel, symbolicInputs } from "../src/models/index.ts";

const [folder = ""] = process.argv.slice(2);
const model: AnyModel = await AutoModel.fromPretrained(folder);
const names = ["inputIds", "attentionMask", "tokenTypeIds"];
const specs = model.inputSpecs(new Set(names));
const { result } = trace({}, () => ({
  lastHiddenState: model.forward(symbolicInputs(names, specs)).lastHiddenState as SymbolicTensor,
}));
const constants = (parameter: Parameter) => {
  const stretch = model.store.stored.get(parameter);
  return stretch && { location: basename(stretch.file.path), offset: stretch.offset, length: stretch.length };
};
writeFileSync(join(folder, "graph.onnx"), lower(result, { fused: true, constants }).model);
process.exit(0);
