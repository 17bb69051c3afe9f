/** Where a model is: a folder of this machine, or the id of a published one. */
import { platform } from "#platform";
import { CheckpointError, ConfigurationError } from "../errors.ts";

/** Names that always mean a folder; others do when the folder exists. */
const folderPattern = /^[./~\\]|^[A-Za-z]:[\\/]/;

/** `owner/name` or a bare name, as the hub has them. */
const hubPattern = /^[\w.-]+(\/[\w.-]+)?$/;

/**
 * The folder that a name means.
 *
 * @throws CheckpointError when there is none, ConfigurationError for the id of a published model.
 */
export async function modelFolder(source: string): Promise<string> {
  const folder = platform.resolve(source);
  if ((await platform.stat(folder, "checkpoint"))?.kind === "folder") return folder;
  if (folderPattern.test(source) || !hubPattern.test(source)) {
    throw new CheckpointError(`There is no model folder ${source}.`, {
      file: source,
      expected: "a folder with config.json and model.safetensors",
      hint: "Check the path.",
    });
  }
  throw new ConfigurationError(`There is no folder ${source}, and models cannot be downloaded by name yet.`, {
    field: "model",
    expected: "a folder with config.json and model.safetensors",
    received: source,
    hint: `Download ${source} by other means and name its folder, or begin a folder's name with ./`,
  });
}
