/** Where a model is: a folder of this machine, or the id of a published one, which is downloaded. */
import { platform } from "#platform";
import { type HubOptions, hubOptionsOf, publishedFolder, type WantedPart } from "../checkpoints/index.ts";
import { parseJson } from "../platform/file-errors.ts";
import { loadArchitecture } from "./registry.ts";

/** What a model and its tokenizer need. */
const wholeModel: readonly WantedPart[] = ["weights", "tokenizer", "pooling"];

/**
 * The folder that a name means, with the model and its tokenizer in it, or only with `parts`.
 *
 * @throws CheckpointError when there is none; ConfigurationError for a published model that cannot be had, or whose
 *   architecture is not known here, before its weights are downloaded; ResourceError when the connection fails.
 */
export async function modelFolder(
  source: string,
  options: HubOptions = {},
  parts: readonly WantedPart[] = wholeModel,
): Promise<string> {
  return publishedFolder(source, parts, { ...hubOptionsOf(options), checkConfiguration });
}

async function checkConfiguration(file: string): Promise<void> {
  const { model_type: modelType } = Object(parseJson(await platform.readText(file, "checkpoint"), file, "checkpoint"));
  if (modelType !== undefined) await loadArchitecture(String(modelType));
}
