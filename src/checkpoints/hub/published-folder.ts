/** Where a model is: a folder of this machine, or the id of a published one. */
import { platform } from "#platform";
import { CheckpointError, ConfigurationError } from "../../errors.ts";
import { type HubId, isPlace, parseHubId } from "./hub-id.ts";
import { type SnapshotOptions, snapshot } from "./snapshot.ts";
import type { WantedPart } from "./wanted-files.ts";

const publicEndpoint = "https://huggingface.co";

/**
 * The id of a published model that a name means: none for a name that begins with `.`, `/` or `~`, and none where a folder
 * or file of that name exists.
 *
 * @throws CheckpointError for what is neither a folder nor can be an id.
 */
export async function hubIdOf(source: string, revision?: string): Promise<HubId | undefined> {
  if (platform.name === "web") return parseHubId(source, revision);
  if ((await platform.stat(platform.resolve(source), "checkpoint")) !== undefined) return undefined;
  const id = parseHubId(source, revision);
  if (id !== undefined) return id;
  throw new CheckpointError(`There is no model folder ${source}.`, {
    file: source,
    expected: "a folder with config.json and model.safetensors, or the id of a published model such as owner/name",
    hint: isPlace(source) ? "Check the path." : "Check the spelling.",
  });
}

/**
 * The folder that a name means; what is wanted of a published model is downloaded unless the cache has it. In a browser,
 * an address.
 *
 * @throws CheckpointError when there is none, ConfigurationError and ResourceError when it cannot be had from the hub.
 */
export async function publishedFolder(
  source: string,
  parts: readonly WantedPart[],
  options: SnapshotOptions = {},
): Promise<string> {
  const id = await hubIdOf(source, options.revision);
  if (id === undefined) return platform.name === "web" ? source : platform.resolve(source);
  return platform.name === "web" ? addressOf(id, options) : snapshot(id, parts, options);
}

/** A browser reads each file when it is asked for, and keeps it in its own cache. */
function addressOf({ name, revision }: HubId, { token }: SnapshotOptions): string {
  if (token === undefined) return `${publicEndpoint}/${name}/resolve/${encodeURIComponent(revision)}`;
  throw new ConfigurationError("A browser loads public models only.", {
    field: "token",
    hint: "Leave the token out, which every visitor of the page could read, or serve the model's files yourself.",
  });
}
