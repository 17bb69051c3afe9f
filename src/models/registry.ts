/** Every architecture, by its published `model_type`. Nothing is loaded before it is asked for. */
import { CheckpointError, ConfigurationError } from "../errors.ts";
import { nearestName } from "../platform/option-names.ts";
import type { Architecture } from "./architecture.ts";
import type { ModelClass } from "./pretrained-model.ts";

const loaders = {
  bert: async () => (await import("./bert.ts")).bert,
  distilbert: async () => (await import("./distilbert.ts")).distilbert,
  roberta: async () => (await import("./roberta.ts")).roberta,
  albert: async () => (await import("./albert.ts")).albert,
  "openai-gpt": async () => (await import("./openai-gpt.ts")).openaiGpt,
  gpt2: async () => (await import("./gpt2.ts")).gpt2,
} satisfies Readonly<Record<string, () => Promise<Architecture>>>;

/** A published `model_type` that is known here. */
export type ModelType = keyof typeof loaders;

/** In the order of the registry. */
export const modelTypes = Object.keys(loaders) as readonly ModelType[];

/** The architecture of a `model_type`, which a file may name. Throws a ConfigurationError that lists the known ones. */
export async function loadArchitecture(modelType: string, file?: string): Promise<Architecture> {
  if (Object.hasOwn(loaders, modelType)) return loaders[modelType as ModelType]();
  const nearest = nearestName(modelType, modelTypes);
  throw new ConfigurationError(`There is no architecture ${modelType} here.`, {
    file,
    field: "model_type",
    expected: modelTypes.join(", "),
    received: modelType,
    hint: nearest === undefined ? "Take one of the known ones." : `Did you mean ${nearest}?`,
  });
}

/** The architecture of a folder's configuration: by `model_type`, or by its classes in the oldest files, which lack it. */
export async function architectureOf(
  modelType: string | undefined,
  classNames: readonly string[],
  file: string,
): Promise<Architecture> {
  if (modelType !== undefined) return loadArchitecture(modelType, file);
  for (const name of classNames) {
    const found = await findClass(name);
    if (found !== undefined) return found.architecture;
  }
  throw new CheckpointError(`${file} does not say what kind of model it describes.`, {
    file,
    field: "model_type",
    expected: modelTypes.join(", "),
    received: "nothing",
    hint: "Open the folder with the class of the model, such as BertModel.fromPretrained.",
  });
}

/** The class of a published name, with its architecture; undefined for one that is not known. */
export async function findClass(
  name: string,
): Promise<{ readonly architecture: Architecture; readonly modelClass: ModelClass } | undefined> {
  for (const modelType of modelTypes) {
    const architecture = await loaders[modelType]();
    const modelClass = architecture.classes[name];
    if (modelClass !== undefined) return { architecture, modelClass };
  }
  return undefined;
}
