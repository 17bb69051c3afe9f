/** Names of published models among a command's flags and arguments: which revision is meant, and how downloads are shown. */
import { hubIdOf, watchDownloads } from "../checkpoints/index.ts";
import { CheckpointError, ConfigurationError } from "../errors.ts";
import type { AnyCommand } from "./command.ts";
import { type Options, optionalText } from "./options.ts";
import type { Progress } from "./progress.ts";

/** The flag of every command that takes the id of a published model. */
const revisionOption = {
  revision: optionalText("REVISION", "Of a model from the hub: a branch, tag or commit", "the newest"),
} satisfies Options;

export function publishedOptions(command: AnyCommand): Options {
  const takers = [...Object.values(command.options as Options), ...(command.arguments ?? [])];
  return takers.some(({ isPublished }) => isPublished) ? revisionOption : {};
}

export function showDownloads(progress: Progress): void {
  watchDownloads(({ name, doneBytes, totalBytes }) =>
    progress.report({ stage: `downloading ${name}`, done: doneBytes, total: totalBytes, unit: "bytes" }),
  );
}

/** What a command is asked, after its options are read. */
export interface Asked {
  readonly positional: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** The name with the revision, or undefined for a name of no published model. */
async function withRevision(name: string, revision: string): Promise<string | undefined> {
  try {
    const id = await hubIdOf(name, revision);
    return id && `${id.name}@${id.revision}`;
  } catch (error) {
    // The command says in its own words that there is nothing.
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}

/**
 * Adds the revision to the names of published models.
 *
 * @throws ConfigurationError where no published model is named.
 */
export async function addRevision(command: AnyCommand, asked: Asked, revision: string): Promise<Asked> {
  const options = command.options as Options;
  // A tokenizer beside a model is of another model, with revisions of its own.
  const isMeant = (name: string): boolean =>
    options[name]?.isPublished === true && (name === "model" || asked.values.model === undefined);
  let isUsed = false;
  const named = async (name: string): Promise<string> => {
    const full = await withRevision(name, revision);
    if (full !== undefined) isUsed = true;
    return full ?? name;
  };
  const values: Record<string, unknown> = { ...asked.values };
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "string" && isMeant(name)) values[name] = await named(value);
  }
  const isArgument = command.arguments?.some(({ isPublished }) => isPublished) === true;
  const positional = isArgument ? await Promise.all(asked.positional.map(named)) : asked.positional;
  if (isUsed) return { positional, values };
  throw new ConfigurationError("--revision has no effect: no model from the hub is named.", {
    field: "--revision",
    expected: "the id of a published model",
    received: "names of this machine",
    hint: "Leave it out.",
  });
}
