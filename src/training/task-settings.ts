/** The settings of fine-tuning that belong to some tasks only: refused with the others, where they would have no effect. */
import { ConfigurationError } from "../errors.ts";
import { type AnyTask, loadTask, type TaskSetting, taskNames, taskSettings } from "../tasks/index.ts";

/** Throws a ConfigurationError for a setting that is given (neither absent nor false) and that the task does not read. */
export async function checkTaskSettings(
  { name: task, settings = [] }: Pick<AnyTask, "name" | "settings">,
  given: Readonly<Partial<Record<TaskSetting, unknown>>>,
): Promise<void> {
  const foreign = taskSettings.find((name) => (given[name] ?? false) !== false && !settings.includes(name));
  if (foreign === undefined) return;
  const tasks = await Promise.all(taskNames.map(loadTask));
  const owners = tasks.filter((other) => other.settings?.includes(foreign)).map(({ name }) => name);
  throw new ConfigurationError(`${foreign} has no effect on ${task}.`, {
    field: foreign,
    expected: `nothing, or a task that it belongs to: ${owners.join(", ")}`,
    received: String(given[foreign]),
    hint: foreign === "stride" ? "Leave it out; sequenceLength says how much of a text is read." : "Leave it out.",
  });
}
