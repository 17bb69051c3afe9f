/**
 * Where downloads lie: Python's layout, so that both find what the other downloaded.
 *
 *     models--owner--name/
 *       blobs/<etag>                  the content, once
 *       snapshots/<commit>/<path>     a link to it
 *       refs/<revision>               the commit of a branch or tag, when last asked
 *       .no_exist/<commit>/<path>     files that the commit does not have
 */
import { platform } from "#platform";
import { ClozeError } from "../../errors.ts";
import { type HubId, isCommit } from "./hub-id.ts";

/** Whether the cache has a file of a commit; `absent`: it is known that the commit has none. */
export type FileState = "present" | "absent" | "unknown";

async function isFile(path: string): Promise<boolean> {
  return (await platform.stat(path, "checkpoint"))?.kind === "file";
}

/** A cache that cannot be written, such as a shared one, serves what it holds. */
async function ifWritable(action: Promise<void>): Promise<void> {
  await action.catch((error: unknown) => {
    if (!(error instanceof ClozeError)) throw error;
  });
}

export class HubCache {
  readonly #folder: string;
  readonly #revision: string;

  constructor(cacheFolder: string, { name, revision }: HubId) {
    this.#folder = platform.join(cacheFolder, `models--${name.replace("/", "--")}`);
    this.#revision = revision;
  }

  snapshotFolder(commit: string): string {
    return platform.join(this.#folder, "snapshots", commit);
  }

  blobFile(etag: string): string {
    return platform.join(this.#folder, "blobs", etag);
  }

  async state(commit: string, path: string): Promise<FileState> {
    if (await isFile(platform.join(this.snapshotFolder(commit), path))) return "present";
    return (await isFile(this.#absenceFile(commit, path))) ? "absent" : "unknown";
  }

  /** The commit that the revision had when it was last asked for; undefined if it never was. */
  async knownCommit(): Promise<string | undefined> {
    if (isCommit(this.#revision)) return this.#revision;
    if (!(await isFile(this.#refFile))) return undefined;
    const commit = (await platform.readText(this.#refFile, "checkpoint")).trim();
    return isCommit(commit) ? commit : undefined;
  }

  async rememberCommit(commit: string): Promise<void> {
    if (commit === (await this.knownCommit())) return;
    await ifWritable(platform.writeFileAtomically(this.#refFile, commit));
  }

  async rememberAbsence(commit: string, path: string): Promise<void> {
    await ifWritable(platform.writeFileAtomically(this.#absenceFile(commit, path), ""));
  }

  /** Gives a blob its name in a snapshot. */
  async link(etag: string, commit: string, path: string): Promise<void> {
    await platform.linkSymbolically(this.blobFile(etag), platform.join(this.snapshotFolder(commit), path));
  }

  get #refFile(): string {
    return platform.join(this.#folder, "refs", this.#revision);
  }

  #absenceFile(commit: string, path: string): string {
    return platform.join(this.#folder, ".no_exist", commit, path);
  }
}
