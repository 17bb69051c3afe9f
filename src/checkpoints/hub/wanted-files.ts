/** Which files of a published model are needed for what. */
import { platform } from "#platform";
import { shardNames } from "../sharded.ts";

/** What a model is wanted for; several can be. */
export type WantedPart = "configuration" | "weights" | "tokenizer" | "pooling" | "reference";

/** Files of which those that exist are needed. */
const settingsFiles: Readonly<Record<WantedPart, readonly string[]>> = {
  configuration: ["config.json"],
  weights: ["config.json", "generation_config.json"],
  tokenizer: [
    "config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
  ],
  pooling: [
    ...["modules.json", "1_Pooling/config.json"],
    ...["2_Dense/config.json", "2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"],
  ],
  reference: ["reference.json", "reference.safetensors", "cases.jsonl", "batches.jsonl", "encodings.jsonl"],
};

/** What a tokenizer consists of where there is no tokenizer.json. */
const vocabularyFiles = [
  ...["vocab.txt", "vocab.json", "merges.txt"],
  ...["spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "spm.model"],
];

export const indexName = "model.safetensors.index.json";

/** The ways weights are published, the preferred one first. */
const weightFiles = ["model.safetensors", indexName, "pytorch_model.bin"];

export function settingsFor(parts: readonly WantedPart[]): string[] {
  return [...new Set(parts.flatMap((part) => settingsFiles[part]))];
}

/** Lists of files, of each of which the first entry with a file that exists is needed, whole. */
export function choicesFor(parts: readonly WantedPart[]): (readonly (readonly string[])[])[] {
  return [
    ...(parts.includes("weights") ? [weightFiles.map((file) => [file])] : []),
    ...(parts.includes("tokenizer") ? [[["tokenizer.json"], vocabularyFiles]] : []),
  ];
}

/** The files that an index names. Throws a CheckpointError for names that lead elsewhere. */
export async function filesOfIndex(indexFile: string): Promise<string[]> {
  return shardNames(await platform.readText(indexFile, "checkpoint"), indexFile);
}
