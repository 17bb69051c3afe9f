/** The root entry: what most programs need. The folders have their own subpaths (`cloze/training`, `cloze/objectives`, …). */

export * from "./errors.ts";
export * from "./models/auto.ts";
export * from "./models/classes.ts";
export { pipeline, TextIndex } from "./pipelines/index.ts";
export { Random } from "./random.ts";
export { Tensor } from "./tensor/index.ts";
export { AutoTokenizer, Tokenizer } from "./tokenizers/index.ts";
