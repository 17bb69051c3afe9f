/** What a model folder holds and what it is good for, without reading its weights. */
import { matchKeys, openCheckpoint, type TensorType } from "../checkpoints/index.ts";
import { tensorBytes } from "../checkpoints/safetensors-header.ts";
import { elementCount } from "../checkpoints/weights.ts";
import { ConfigurationError } from "../errors.ts";
import type { Architecture, ModelSizes, ModelTask } from "./architecture.ts";
import { publishedName } from "./keys.ts";
import { namePattern } from "./load-weights.ts";
import { modelFolder } from "./model-source.ts";
import type { AnyModel, ModelClass, PreTrainedConfig } from "./pretrained-model.ts";
import { architectureOf } from "./registry.ts";

export interface ModelPart {
  /** As files name it, such as `embeddings.word_embeddings`; layers are one part. */
  readonly name: string;
  /** How many alike there are. */
  readonly count: number;
  /** Of all of them together. */
  readonly parameters: number;
}

export interface ModelUse {
  readonly task: ModelTask;
  readonly className: string;
  readonly parameters: number;
  /** Parameters that the folder lacks for it, such as a head that is yet to be trained. */
  readonly missingParameters: number;
  /** Their published names. */
  readonly missing: readonly string[];
}

export interface ModelSummary {
  readonly folder: string;
  readonly modelType: string;
  /** The class whose parameters are counted: the one that was saved, or the base model. */
  readonly className: string;
  readonly sizes: ModelSizes;
  readonly config: PreTrainedConfig;
  readonly parameters: number;
  readonly parts: readonly ModelPart[];
  readonly weights: { readonly file: string; readonly bytes: number; readonly types: readonly TensorType[] };
  readonly uses: readonly ModelUse[];
}

/**
 * Reads a folder's `config.json` and the list of its tensors.
 *
 * @throws CheckpointError for a folder that is missing or broken, ConfigurationError for an architecture that is unknown.
 */
export async function summarizeModel(
  source: string,
  options: { readonly onWarning?: (text: string) => void } = {},
): Promise<ModelSummary> {
  const { folder, config: file, modelType, weights } = await openCheckpoint(await modelFolder(source, options));
  const saved = savedClasses(file.text);
  const architecture = await architectureOf(modelType, saved, file.file);
  const config = architecture.configuration.parse(file.text, file.file, options) as PreTrainedConfig;
  const uses = usesOf(architecture, config, weights.tensors);
  const className = saved.find((name) => Object.hasOwn(architecture.classes, name)) ?? fullestUse(uses);
  const { keys, wanted } = namesOf(architecture.classes[className] as ModelClass, config);
  const tensors = [...weights.tensors.values()];
  return {
    folder,
    modelType: architecture.configuration.modelType,
    className,
    sizes: architecture.sizes(config),
    config,
    parameters: [...wanted.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0),
    parts: partsOf(new Map([...wanted].map(([name, { shape }]) => [name, elementCount(shape)])), keys.prefix),
    weights: {
      file: weights.file,
      bytes: tensors.reduce((sum, { dtype, shape }) => sum + (tensorBytes(dtype, shape) ?? 0), 0),
      types: [...new Set(tensors.map(({ dtype }) => dtype))],
    },
    uses,
  };
}

/** Of the classes for which the folder has everything, the one with the most parameters; old files do not name theirs. */
function fullestUse(uses: readonly ModelUse[]): string {
  const complete = uses.filter(({ missingParameters }) => missingParameters === 0);
  const [first] = complete.sort((a, b) => b.parameters - a.parameters);
  return (first ?? (uses[0] as ModelUse)).className;
}

function savedClasses(config: string): readonly string[] {
  const { architectures } = JSON.parse(config) as { architectures?: unknown };
  return Array.isArray(architectures) ? architectures.filter((name) => typeof name === "string") : [];
}

/** A class's parameters under their published names, each once, and further names of tied ones. */
function namesOf(modelClass: ModelClass, config: PreTrainedConfig) {
  const model: AnyModel = new modelClass(config);
  const { keys } = model;
  const entries = [...model.namedParameters()].map(
    ([path, parameter]) => [publishedName(path, keys.names), parameter] as const,
  );
  const nameOf = new Map(entries.map(([name, parameter]) => [parameter, name]));
  const tied = [...model.parameterPaths()].flatMap(([path, parameter]) => {
    const alias = publishedName(path, keys.names);
    const stored = nameOf.get(parameter);
    return stored === undefined || stored === alias ? [] : [[alias, stored] as const];
  });
  return { keys, wanted: new Map(entries), tied: Object.fromEntries(tied) };
}

function usesOf(
  { tasks, isCausal = () => true }: Architecture,
  config: PreTrainedConfig,
  tensors: Parameters<typeof matchKeys>[0],
): readonly ModelUse[] {
  const suiting = Object.entries(tasks).filter(([task]) => task !== "causalLM" || isCausal(config));
  return suiting.flatMap(([task, modelClass]) => {
    const names = namesUnlessRefused(modelClass, config);
    if (names === undefined) return [];
    const { keys, wanted, tied } = names;
    const { missing, shapeMismatch } = matchKeys(tensors, wanted, {
      basePrefix: keys.prefix,
      tied,
      ignore: keys.ignored.map(namePattern),
    });
    const absent = [...missing, ...shapeMismatch.map(({ name }) => name)];
    const sizeOf = (names: Iterable<string>): number =>
      [...names].reduce((sum, name) => sum + elementCount(wanted.get(name)?.shape ?? []), 0);
    return {
      task: task as ModelTask,
      className: modelClass.name,
      parameters: sizeOf(wanted.keys()),
      missingParameters: sizeOf(absent),
      missing: absent,
    };
  });
}

/** Undefined where the settings are another head's, such as three labels where two are needed. */
function namesUnlessRefused(modelClass: ModelClass, config: PreTrainedConfig): ReturnType<typeof namesOf> | undefined {
  try {
    return namesOf(modelClass, config);
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

/** Sums by the first two words of the names, the base model's prefix left out, layers together. */
function partsOf(parameters: ReadonlyMap<string, number>, prefix: string): readonly ModelPart[] {
  const parts = new Map<string, { indices: Set<string>; parameters: number }>();
  for (const [name, size] of parameters) {
    const words = (name.startsWith(`${prefix}.`) ? name.slice(prefix.length + 1) : name).split(".");
    const place = words.findIndex((word) => /^\d+$/.test(word));
    const end = place >= 0 ? place : Math.min(words.length - 1, 2);
    const key = words.slice(0, end).join(".");
    const part = parts.get(key) ?? { indices: new Set(), parameters: 0 };
    part.parameters += size;
    if (place >= 0) part.indices.add(words[place] as string);
    parts.set(key, part);
  }
  return [...parts].map(([name, part]) => ({
    name,
    count: Math.max(1, part.indices.size),
    parameters: part.parameters,
  }));
}
