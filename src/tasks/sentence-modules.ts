/**
 * What a folder of sentence-transformers does with the vectors of tokens: `modules.json` and the folders that it names, and
 * by what its vectors are compared.
 */
import { platform } from "#platform";
import { openWeights } from "../checkpoints/index.ts";
import { CheckpointError } from "../errors.ts";
import { parseJson } from "../platform/file-errors.ts";
import { type PoolingMode, poolingModes } from "./pooling.ts";
import { sigmoid } from "./yes-or-no.ts";

/** vector [in] → [out]. */
export type DenseLayer = (vector: Float32Array) => Float32Array;

export interface SentenceModules {
  readonly pooling: readonly PoolingMode[];
  readonly dense: readonly DenseLayer[];
  readonly normalize: boolean;
}

/** How the published files name the ways of pooling. */
const poolingKeys: Readonly<Record<PoolingMode, string>> = {
  cls: "pooling_mode_cls_token",
  max: "pooling_mode_max_tokens",
  mean: "pooling_mode_mean_tokens",
  mean_sqrt_len: "pooling_mode_mean_sqrt_len_tokens",
  weightedmean: "pooling_mode_weightedmean_tokens",
  lasttoken: "pooling_mode_lasttoken",
};

/** How vectors are compared: the cosine of their angle, or their product, in which long vectors count for more. */
export const similarities = ["cosine", "dot"] as const;
export type Similarity = (typeof similarities)[number];

/** Holds by what vectors are compared. */
const similarityFile = "config_sentence_transformers.json";

const activations: Readonly<Record<string, (value: number) => number>> = {
  Identity: (value) => value,
  Tanh: Math.tanh,
  ReLU: (value) => Math.max(0, value),
  Sigmoid: sigmoid,
};

/**
 * Undefined for a folder without `modules.json`.
 *
 * @throws CheckpointError for a file that is broken, or a module that is not known here.
 */
export async function readSentenceModules(folder: string): Promise<SentenceModules | undefined> {
  const file = platform.join(folder, "modules.json");
  if ((await platform.stat(file, "checkpoint")) === undefined) return undefined;
  let pooling: readonly PoolingMode[] | undefined;
  const dense: DenseLayer[] = [];
  let normalize = false;
  const modules = modulesOf(await readJson(file), file);
  for (const [index, { kind, path }] of modules.entries()) {
    if (kind === "Transformer" && index === 0 && path === "") continue;
    const part = platform.join(folder, path);
    if (kind === "Pooling" && index === 1) pooling = await readPooling(platform.join(part, "config.json"));
    else if (kind === "Dense" && pooling !== undefined && !normalize) dense.push(await readDense(part));
    else if (kind === "Normalize" && pooling !== undefined) normalize = true;
    else throw unknownModule(file, index, kind);
  }
  if (pooling === undefined) throw unknownModule(file, modules.length, "the end");
  return { pooling, dense, normalize };
}

/**
 * By what the vectors of a folder are compared; undefined where it does not say.
 *
 * @throws CheckpointError for a file that is broken.
 */
export async function readSimilarity(folder: string): Promise<Similarity | undefined> {
  const file = platform.join(folder, similarityFile);
  if ((await platform.stat(file, "checkpoint")) === undefined) return undefined;
  const { similarity_fn_name: name } = Object(await readJson(file)) as Record<string, unknown>;
  if (name === undefined || name === null) return undefined;
  const found = similarities.find((similarity) => similarity === name);
  if (found !== undefined) return found;
  throw wrong(file, "similarity_fn_name", similarities.join(" or "), name);
}

/** Writes into a model folder how its vectors are made and compared, as sentence-transformers reads it. */
export async function writeSentenceModules(
  folder: string,
  { pooling, similarity, width }: { pooling: readonly PoolingMode[]; similarity: Similarity; width: number },
): Promise<void> {
  const parts = ["", "1_Pooling", ...(similarity === "cosine" ? ["2_Normalize"] : [])];
  const modules = parts.map((path, index) => {
    const kind = ["Transformer", "Pooling", "Normalize"][index];
    return { idx: index, name: String(index), path, type: `sentence_transformers.models.${kind}` };
  });
  const modes = poolingModes.map((mode) => [poolingKeys[mode], pooling.includes(mode)] as const);
  const files = {
    "modules.json": modules,
    "1_Pooling/config.json": { word_embedding_dimension: width, ...Object.fromEntries(modes) },
    [similarityFile]: { prompts: {}, default_prompt_name: null, similarity_fn_name: similarity },
  };
  for (const [name, content] of Object.entries(files)) {
    const file = platform.join(folder, ...name.split("/"));
    await platform.writeFileAtomically(file, `${JSON.stringify(content, null, 2)}\n`);
  }
}

function modulesOf(json: unknown, file: string): { kind: string; path: string }[] {
  if (!Array.isArray(json)) throw wrong(file, "the list", "an array of modules", json);
  return json.map((entry: unknown, index) => {
    const { type, path } = Object(entry) as { type?: unknown; path?: unknown };
    if (typeof type !== "string") throw wrong(file, `${index}.type`, "the name of a module", type);
    if (typeof path !== "string") throw wrong(file, `${index}.path`, "a folder", path);
    if (path !== "" && !/^[\w-][\w.-]*$/.test(path))
      throw wrong(file, `${index}.path`, "a folder inside this one", path);
    return { kind: type.split(".").at(-1) ?? type, path };
  });
}

async function readPooling(file: string): Promise<PoolingMode[]> {
  const config = Object(await readJson(file)) as Record<string, unknown>;
  if (config.include_prompt === false) throw wrong(file, "include_prompt", "true", false);
  if (typeof config.pooling_mode === "string") {
    const mode = poolingModes.find((name) => name === String(config.pooling_mode).replace(/_tokens?$/, ""));
    if (mode === undefined) throw wrong(file, "pooling_mode", `one of ${poolingModes.join(", ")}`, config.pooling_mode);
    return [mode];
  }
  const modes = poolingModes.filter((mode) => {
    // Only the mean is on unless the file says otherwise.
    const isOn = config[poolingKeys[mode]] ?? mode === "mean";
    if (typeof isOn !== "boolean") throw wrong(file, poolingKeys[mode], "true or false", isOn);
    return isOn;
  });
  if (modes.length > 0) return modes;
  throw wrong(file, "pooling_mode_…", "at least one way of pooling that is known", "none");
}

async function readDense(folder: string): Promise<DenseLayer> {
  const file = platform.join(folder, "config.json");
  const { activation_function: name } = Object(await readJson(file)) as Record<string, unknown>;
  const activation = activations[String(name).split(".").at(-1) ?? ""];
  if (activation === undefined) {
    throw wrong(file, "activation_function", Object.keys(activations).join(", "), name);
  }
  const weights = await openWeights(folder);
  const shape = weights.tensors.get("linear.weight")?.shape ?? [];
  const [outputs = 0, inputs = 0] = shape;
  if (shape.length !== 2) throw wrong(weights.file, "linear.weight", "a matrix [out, in]", `[${shape.join(", ")}]`);
  const weight = await weights.readFloat32("linear.weight");
  const hasBias = weights.tensors.has("linear.bias");
  const bias = hasBias ? await weights.readFloat32("linear.bias") : new Float32Array(outputs);
  if (bias.length !== outputs) throw wrong(weights.file, "linear.bias", `${outputs} values`, `${bias.length}`);
  return (vector) => {
    if (vector.length !== inputs) throw wrong(weights.file, "linear.weight", `[…, ${vector.length}]`, `[…, ${inputs}]`);
    return Float32Array.from({ length: outputs }, (_, row) => {
      let sum = bias[row] as number;
      for (let column = 0; column < inputs; column++) {
        sum += (weight[row * inputs + column] as number) * (vector[column] as number);
      }
      return activation(sum);
    });
  };
}

async function readJson(file: string): Promise<unknown> {
  return parseJson(await platform.readText(file, "checkpoint"), file, "checkpoint");
}

function unknownModule(file: string, index: number, kind: string): CheckpointError {
  return new CheckpointError(`${file}: ${kind} cannot stand here.`, {
    file,
    field: `${index}.type`,
    expected: "Transformer, Pooling, then Dense and Normalize, in this order",
    received: kind,
    hint: 'Ask for the vectors of the tokens with { pooling: "none" } in a copy of the folder without modules.json.',
  });
}

function wrong(file: string, field: string, expected: string, received: unknown): CheckpointError {
  return new CheckpointError(`${file}: ${field} has a wrong value.`, {
    file,
    field,
    expected,
    received: typeof received === "string" ? received : (JSON.stringify(received) ?? "nothing"),
    hint: "Correct the file, or copy or download it again.",
  });
}
