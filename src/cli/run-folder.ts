/** What every command that leaves a run in `--output` is told of the run that may be there already. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import type { GivenFlags } from "./command.ts";
import { toggle } from "./options.ts";

export const runFolderOptions = {
  resume: toggle("Go on with the run in --output; its run.json stands behind the flags"),
  overwrite: toggle("Replace what is in --output"),
};

/** The settings of the run that `--resume` goes on with, if there is one. */
export async function resumedRunFile(given: GivenFlags): Promise<string | undefined> {
  const output = given("output");
  if (given("resume") !== "true" || output === undefined) return undefined;
  const file = platform.join(platform.resolve(output), "run.json");
  return (await platform.stat(file, "configuration")) === undefined ? undefined : file;
}

/** Throws a ConfigurationError when the run is to be gone on with and replaced at once. */
export function refuseResumeAndOverwrite({ resume, overwrite }: { resume: boolean; overwrite: boolean }): void {
  if (!resume || !overwrite) return;
  throw new ConfigurationError("--resume and --overwrite contradict each other.", {
    field: "--resume",
    expected: "one of them",
    hint: "Leave one out.",
  });
}
