/** The files of a published model as a folder of this machine, as far as they are wanted. */
import { platform } from "#platform";
import { ConfigurationError } from "../../errors.ts";
import { download } from "./download.ts";
import { type FileState, HubCache } from "./hub-cache.ts";
import { type HubId, isCommit } from "./hub-id.ts";
import { HubConnectionError, HubServer, type RemoteFile } from "./hub-server.ts";
import { type HubOptions, type HubSettings, hubSettings, reportDownload } from "./settings.ts";
import { choicesFor, filesOfIndex, indexName, settingsFor, type WantedPart } from "./wanted-files.ts";

export interface SnapshotOptions extends HubOptions {
  /** Called when config.json is there and before larger files are fetched; can refuse the model by throwing. */
  readonly checkConfiguration?: ((file: string) => Promise<void>) | undefined;
}

/** What the hub said of a revision holds so long, so that a model and its tokenizer are of one commit. */
const answerHoldsMs = 60_000;
const answers = new Map<string, { readonly commit: string; readonly atMs: number }>();

/**
 * Sees to it that what exists of the wanted files is in the cache.
 *
 * @returns the folder of the commit.
 * @throws ConfigurationError for a model that the hub does not have, does not give, or that is not in the cache while
 *   offline; ResourceError when the connection fails.
 */
export async function snapshot(id: HubId, parts: readonly WantedPart[], options: SnapshotOptions): Promise<string> {
  const settings = await hubSettings(options);
  const cache = new HubCache(settings.cacheFolder, id);
  if (settings.isOffline) return cachedSnapshot(id, parts, cache, settings);
  const server = new HubServer(settings, id);
  try {
    const commit = await commitOf(id, server, settings);
    await new Download(id, commit, server, cache, settings, options).fetch(parts);
    await cache.rememberCommit(commit);
    return cache.snapshotFolder(commit);
  } catch (error) {
    const known = error instanceof HubConnectionError ? await cache.knownCommit() : undefined;
    if (known === undefined || !(await isComplete(parts, known, cache))) throw error;
    const { onWarning = console.warn } = options;
    onWarning(`The hub cannot be reached, so ${id.name} is taken as it was downloaded before.`);
    return cache.snapshotFolder(known);
  }
}

async function commitOf(id: HubId, server: HubServer, settings: HubSettings): Promise<string> {
  if (isCommit(id.revision)) return id.revision;
  const key = [settings.endpoint, settings.cacheFolder, id.name, id.revision].join(" ");
  const known = answers.get(key);
  if (known !== undefined && platform.now() - known.atMs < answerHoldsMs) return known.commit;
  const commit = await server.commit();
  answers.set(key, { commit, atMs: platform.now() });
  return commit;
}

async function cachedSnapshot(
  { name, revision }: HubId,
  parts: readonly WantedPart[],
  cache: HubCache,
  { cacheFolder }: HubSettings,
): Promise<string> {
  const commit = await cache.knownCommit();
  if (commit !== undefined && (await isComplete(parts, commit, cache))) return cache.snapshotFolder(commit);
  throw new ConfigurationError(`There is no folder ${name} here, and ${name} was not downloaded before.`, {
    file: name,
    expected: `${parts.join(" and ")} of ${name} at ${revision} in ${cacheFolder}`,
    received: commit === undefined ? "nothing of this revision" : "a part of it",
    hint: "Downloading is switched off: unset HF_HUB_OFFLINE, or name a folder of this machine.",
  });
}

/** Whether the cache holds what a model cannot do without. */
async function isComplete(parts: readonly WantedPart[], commit: string, cache: HubCache): Promise<boolean> {
  const isThere = async (path: string): Promise<boolean> => (await cache.state(commit, path)) === "present";
  const needsConfiguration = parts.includes("configuration") || parts.includes("weights");
  if (needsConfiguration && !(await isThere("config.json"))) return false;
  for (const choice of choicesFor(parts)) {
    const present: string[] = [];
    for (const path of choice.flat()) if (await isThere(path)) present.push(path);
    const chosen = choice.find((files) => files.some((path) => present.includes(path)));
    if (chosen === undefined) return false;
    if (!chosen.includes(indexName)) continue;
    const shards = await filesOfIndex(platform.join(cache.snapshotFolder(commit), indexName));
    for (const path of shards) if (!(await isThere(path))) return false;
  }
  return true;
}

class Download {
  readonly #id: HubId;
  readonly #commit: string;
  readonly #server: HubServer;
  readonly #cache: HubCache;
  readonly #settings: HubSettings;
  readonly #options: SnapshotOptions;
  /** What the server has of the files that are not in the cache. */
  readonly #remote = new Map<string, RemoteFile>();
  readonly #states = new Map<string, FileState>();

  constructor(
    id: HubId,
    commit: string,
    server: HubServer,
    cache: HubCache,
    settings: HubSettings,
    options: SnapshotOptions,
  ) {
    this.#id = id;
    this.#commit = commit;
    this.#server = server;
    this.#cache = cache;
    this.#settings = settings;
    this.#options = options;
  }

  async fetch(parts: readonly WantedPart[]): Promise<void> {
    const names = settingsFor(parts);
    const choices = choicesFor(parts);
    await this.#look([...names, ...(await this.#openChoices(choices))]);
    const chosen = choices.flatMap((choice) => choice.find((files) => files.some((path) => this.#exists(path))) ?? []);
    const weights = chosen.includes(indexName);
    await this.#download(names.filter((path) => path === "config.json"));
    if (this.#exists("config.json")) {
      await this.#options.checkConfiguration?.(this.#pathOf("config.json"));
    }
    if (weights) await this.#download([indexName]);
    const shards = weights ? await filesOfIndex(this.#pathOf(indexName)) : [];
    await this.#look(shards);
    await this.#download([...names, ...chosen, ...shards]);
  }

  #pathOf(path: string): string {
    return platform.join(this.#cache.snapshotFolder(this.#commit), path);
  }

  /** Of each choice what the cache cannot settle: nothing where it has the preferred entry. */
  async #openChoices(choices: readonly (readonly (readonly string[])[])[]): Promise<string[]> {
    const open: string[] = [];
    for (const choice of choices) {
      for (const files of choice) {
        const states = await Promise.all(files.map((path) => this.#cache.state(this.#commit, path)));
        open.push(...files);
        if (states.includes("present")) break;
      }
    }
    return open;
  }

  /** Finds out which of the files exist: from the cache, else from the server. */
  async #look(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.#states.set(path, await this.#cache.state(this.#commit, path));
    const unknown = paths.filter((path) => this.#states.get(path) === "unknown");
    if (unknown.length === 0) return;
    for (const file of await this.#server.files(this.#commit, unknown)) this.#remote.set(file.path, file);
    const absent = unknown.filter((path) => !this.#remote.has(path));
    await Promise.all(absent.map((path) => this.#cache.rememberAbsence(this.#commit, path)));
  }

  #exists(path: string): boolean {
    return this.#states.get(path) === "present" || this.#remote.has(path);
  }

  /** Fetches those of the files that the server has and the cache has not. */
  async #download(paths: readonly string[]): Promise<void> {
    const files = [...new Set(paths)].flatMap((path) => this.#remote.get(path) ?? []);
    const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    let doneBytes = 0;
    for (const file of files) {
      const { path, etag, sizeBytes } = file;
      await download(this.#server, file, {
        commit: this.#commit,
        blobFile: this.#cache.blobFile(etag),
        timeoutMs: this.#settings.downloadTimeoutMs,
        onBytes: (bytes) =>
          reportDownload({ name: this.#id.name, doneBytes: doneBytes + bytes, totalBytes }, this.#options),
      });
      await this.#cache.link(etag, this.#commit, path);
      doneBytes += sizeBytes;
      this.#remote.delete(path);
      this.#states.set(path, "present");
    }
  }
}
