/** Folders that a command makes. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";

/** Throws a ConfigurationError unless there is nothing at the path, an empty folder, or one that may be replaced. */
export async function refuseFullFolder(folder: string, overwrite: boolean): Promise<void> {
  const stat = await platform.stat(folder, "configuration");
  if (stat === undefined) return;
  const isEmpty = stat.kind === "folder" && (await platform.list(folder, "configuration")).length === 0;
  if (isEmpty || (stat.kind === "folder" && overwrite)) return;
  throw new ConfigurationError(stat.kind === "folder" ? `${folder} is not empty.` : `${folder} is not a folder.`, {
    file: folder,
    field: "--output",
    expected: "a new or empty folder",
    hint: stat.kind === "folder" ? "Choose another folder, or add --overwrite." : "Choose another name.",
  });
}
