/** A model folder as it is published: `config.json`, weights in one of the known formats, `generation_config.json`. */
import { platform } from "#platform";
import { CheckpointError } from "../errors.ts";
import { parseObject } from "./json-document.ts";
import { shown } from "./json-text.ts";
import { openPytorchFile } from "./pytorch-file.ts";
import { type NamedTensor, openSafetensors, writeSafetensors } from "./safetensors.ts";
import { openShardedSafetensors } from "./sharded.ts";
import type { Weights } from "./weights.ts";

const configName = "config.json";
const generationConfigName = "generation_config.json";
const weightsName = "model.safetensors";

/** A file's path, for messages, and its text. */
export interface TextFile {
  readonly file: string;
  readonly text: string;
}

export interface Checkpoint {
  readonly folder: string;
  readonly config: TextFile;
  /** `model_type` of the configuration; the oldest files have none. */
  readonly modelType: string | undefined;
  readonly generationConfig: TextFile | undefined;
  readonly weights: Weights;
}

async function readTextFile(file: string): Promise<TextFile> {
  return { file, text: await platform.readText(file, "checkpoint") };
}

async function exists(file: string): Promise<boolean> {
  return (await platform.stat(file, "checkpoint")) !== undefined;
}

/** How each kind of weight file is opened, the preferred one first, as in the reference. */
const formats: readonly (readonly [name: string, open: (file: string) => Promise<Weights>])[] = [
  [weightsName, openSafetensors],
  ["model.safetensors.index.json", openShardedSafetensors],
  ["pytorch_model.bin", openPytorchFile],
];

/** Weight files that are not read, and what to do about them. */
const unreadable: readonly (readonly [name: string, what: string])[] = [
  ["pytorch_model.bin.index.json", "PyTorch weights in several files"],
  ["tf_model.h5", "TensorFlow weights"],
  ["model.ckpt.index", "a TensorFlow checkpoint"],
  ["flax_model.msgpack", "Flax weights"],
];

/**
 * Opens the weights of a model folder: `model.safetensors`, several files with an index, or, where there is nothing else,
 * `pytorch_model.bin`.
 *
 * @throws CheckpointError if there are none, or they are broken.
 */
export async function openWeights(folder: string): Promise<Weights> {
  for (const [name, open] of formats) {
    const file = platform.join(folder, name);
    if (await exists(file)) return await open(file);
  }
  let received = "none of them";
  for (const [name, what] of unreadable) {
    if (await exists(platform.join(folder, name))) received = `${name} (${what})`;
  }
  throw new CheckpointError(`${folder} holds no weights that can be read.`, {
    file: folder,
    expected: formats.map(([name]) => name).join(", "),
    received,
    hint: "Name a folder with model.safetensors, or convert the weights with their own library's save_pretrained.",
  });
}

/**
 * Opens a model folder. Tensors are read when asked for.
 *
 * @throws CheckpointError if it is missing, incomplete or broken.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const config = await readTextFile(platform.join(folder, configName));
  const modelType = parseObject(config.text, config.file).get("model_type");
  if (modelType !== undefined && typeof modelType !== "string") {
    throw new CheckpointError(`${config.file}: model_type has a wrong value.`, {
      file: config.file,
      field: "model_type",
      expected: "a text",
      received: shown(modelType),
      hint: "Correct the file, or copy or download it again.",
    });
  }
  const generationFile = platform.join(folder, generationConfigName);
  return {
    folder,
    config,
    modelType,
    generationConfig: (await exists(generationFile)) ? await readTextFile(generationFile) : undefined,
    weights: await openWeights(folder),
  };
}

export interface CheckpointContents {
  readonly tensors: Iterable<NamedTensor>;
  /** The text of `config.json`. */
  readonly config: string;
  /** The text of `generation_config.json`. */
  readonly generationConfig?: string | undefined;
  /** How floats are stored; "float32" if absent. The configuration's `dtype` should say the same. */
  readonly dtype?: "float32" | "float16" | "bfloat16";
}

const storedTypes = { float32: "F32", float16: "F16", bfloat16: "BF16" } as const;

async function writeContents(folder: string, contents: CheckpointContents): Promise<void> {
  const dtype = storedTypes[contents.dtype ?? "float32"];
  await writeSafetensors(platform.join(folder, weightsName), contents.tensors, { dtype });
  await platform.writeFileAtomically(platform.join(folder, configName), contents.config);
  if (contents.generationConfig === undefined) return;
  await platform.writeFileAtomically(platform.join(folder, generationConfigName), contents.generationConfig);
}

/**
 * Writes a model folder. A new folder appears whole or not at all; into an existing one each file is written atomically,
 * and other files there stay.
 */
export async function saveCheckpoint(folder: string, contents: CheckpointContents): Promise<void> {
  if (await exists(folder)) await writeContents(folder, contents);
  else await platform.writeFolderAtomically(folder, (aside) => writeContents(aside, contents));
}
