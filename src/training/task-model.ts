/** The model of a folder with the head that a task asks for. */
import {
  type AnyModel,
  type Architecture,
  AutoConfig,
  classFor,
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

/** Throws a ConfigurationError if the architecture has no head for the task. */
export async function taskModel({ modelTasks, unread = [] }: AnyTask, folder: string): Promise<TaskModel> {
  const config = await AutoConfig.fromPretrained(folder);
  const architecture = await loadArchitecture(config.modelType);
  const known = modelTasks.find((name) => architecture.tasks[name] !== undefined);
  const modelTask = known ?? (modelTasks[0] as ModelTask);
  const modelClass = classFor(architecture, modelTask) as unknown as {
    fromPretrained(folder: string, options: LoadOptions): Promise<AnyModel>;
  };
  const isRead = (name: string): boolean => !unread.some((part) => name.startsWith(part) || name.includes(`.${part}`));
  return {
    ...{ config, architecture, modelTask },
    load: ({ onWarning, ...options }) =>
      modelClass.fromPretrained(folder, {
        ...options,
        ...(onWarning && {
          onWarning(text, match) {
            // What the folder lacks and has too much is no matter where the task does not read it.
            if (match === undefined || unread.length === 0 || match.missing.some(isRead)) onWarning(text, match);
          },
        }),
      }),
  };
}

const longestRow = 512;

/** Tokens of the longest row unless somebody says otherwise. */
export function usualRowLength({ architecture, config }: TaskModel): number {
  return Math.min(architecture.sizes(config).maximumLength, longestRow);
}
