/** The model of a folder with the head that a task asks for. */
import { ConfigurationError } from "../errors.ts";
import {
  type AnyModel,
  type Architecture,
  AutoConfig,
  classFor,
  isLayerClassifierTask,
  type LoadOptions,
  loadArchitecture,
  type ModelTask,
  type PreTrainedConfig,
} from "../models/index.ts";
import type { AnyTask } from "../tasks/index.ts";

export interface TaskModel {
  readonly config: PreTrainedConfig;
  readonly architecture: Architecture;
  /** The first of the task's heads that the architecture has. */
  readonly modelTask: ModelTask;
  load(options: LoadOptions): Promise<AnyModel>;
}

/**
 * Throws a ConfigurationError if the architecture has no head for the task. `featureLayers` replaces what the folder says
 * of the layers that a classifier reads.
 */
export async function taskModel(
  { modelTasks, unread = [] }: AnyTask,
  folder: string,
  featureLayers?: string | null,
): Promise<TaskModel> {
  const published = await AutoConfig.fromPretrained(folder);
  const config = featureLayers === undefined ? published : { ...published, featureLayers };
  const architecture = await loadArchitecture(config.modelType);
  const known = modelTasks.find((name) => architecture.tasks[name] !== undefined);
  const modelTask = known ?? (modelTasks[0] as ModelTask);
  if (config.featureLayers !== null && !isLayerClassifierTask(modelTask)) throw noLayers(modelTask);
  const classOf = (own: LoadOptions["config"]) =>
    classFor(architecture, modelTask, { ...config, ...own }) as unknown as {
      fromPretrained(folder: string, options: LoadOptions): Promise<AnyModel>;
    };
  const isRead = (name: string): boolean => !unread.some((part) => name.startsWith(part) || name.includes(`.${part}`));
  return {
    ...{ config, architecture, modelTask },
    load: ({ onWarning, ...options }) =>
      classOf(options.config).fromPretrained(folder, {
        ...options,
        ...(featureLayers !== undefined && { config: { ...options.config, featureLayers } }),
        ...(onWarning && {
          onWarning(text, match) {
            // What the folder lacks and has too much is no matter where the task does not read it.
            if (match === undefined || unread.length === 0 || match.missing.some(isRead)) onWarning(text, match);
          },
        }),
      }),
  };
}

function noLayers(modelTask: ModelTask): ConfigurationError {
  return new ConfigurationError(`Layers cannot be chosen for ${modelTask}.`, {
    field: "layers",
    expected: "last, or a task that classifies texts or tokens",
    hint: "Leave --layers out.",
  });
}

const longestRow = 512;

/** Tokens of the longest row unless somebody says otherwise. */
export function usualRowLength({ architecture, config }: TaskModel): number {
  return Math.min(architecture.sizes(config).maximumLength, longestRow);
}
