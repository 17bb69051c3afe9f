/** What is asked of the hub's server, and its refusals as typed errors. */
import { platform } from "#platform";
import { ConfigurationError, ResourceError } from "../../errors.ts";
import type { HubId } from "./hub-id.ts";
import type { HubSettings } from "./settings.ts";

/** The server cannot be reached, broke off or failed: trying again, or what was downloaded before, may help. */
export class HubConnectionError extends ResourceError {}

/** A file as the server describes it. */
export interface RemoteFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Names the content: its SHA-256 for large files, git's hash for others. */
  readonly etag: string;
}

const sha256Pattern = /^[0-9a-f]{64}$/;
const gitHashPattern = /^[0-9a-f]{40}$/;

/** Whether the etag is a SHA-256 and not git's hash. */
export function isSha256(etag: string): boolean {
  return sha256Pattern.test(etag);
}

export class HubServer {
  readonly #settings: HubSettings;
  readonly #id: HubId;

  constructor(settings: HubSettings, id: HubId) {
    this.#settings = settings;
    this.#id = id;
  }

  /** The commit of the revision. */
  async commit(): Promise<string> {
    const { name, revision } = this.#id;
    const { sha } = await this.#understood(async () => {
      const { modelInfo } = await platform.hubLibrary();
      return modelInfo({ name, revision, additionalFields: ["sha"], ...this.#access });
    });
    if (typeof sha === "string" && gitHashPattern.test(sha)) return sha;
    throw this.#notUnderstood("the model has no commit");
  }

  /** Those of the paths that are files of the commit. */
  async files(commit: string, paths: readonly string[]): Promise<RemoteFile[]> {
    const found = await this.#understood(async () => {
      const { pathsInfo } = await platform.hubLibrary();
      return pathsInfo({ repo: this.#id.name, revision: commit, paths: [...paths], ...this.#access });
    });
    return found.flatMap(({ path, type, oid, size, lfs }) => {
      // Only what was asked for, so that no other path comes from outside.
      if (type !== "file" || !paths.includes(path)) return [];
      const etag = lfs?.oid ?? oid ?? "";
      const sizeBytes = lfs?.size ?? size;
      const isNamed = lfs === undefined ? gitHashPattern.test(etag) : sha256Pattern.test(etag);
      if (isNamed && Number.isSafeInteger(sizeBytes) && sizeBytes >= 0) return [{ path, sizeBytes, etag }];
      throw this.#notUnderstood(`${path} has no checksum or size`);
    });
  }

  /** The content from byte `start` on, or from the beginning, as the status says: 206 or 200. */
  async content(commit: string, path: string, start: number, signal: AbortSignal): Promise<Response> {
    const { endpoint } = this.#settings;
    const place = path.split("/").map(encodeURIComponent).join("/");
    const headers = start === 0 ? {} : { range: `bytes=${start}-` };
    // Numbers of bytes are those of the file, so it must not be packed on the way.
    return this.#request(`${endpoint}/${this.#id.name}/resolve/${commit}/${place}`, {
      headers: { ...headers, "accept-encoding": "identity" },
      signal,
    });
  }

  /** For the library: where to ask, and how. */
  get #access() {
    const { endpoint, answerTimeoutMs } = this.#settings;
    return {
      hubUrl: endpoint,
      fetch: (url: string | URL | Request, init?: RequestInit): Promise<Response> =>
        this.#request(url, { ...init, signal: AbortSignal.timeout(answerTimeoutMs) }),
    };
  }

  async #request(url: string | URL | Request, init: RequestInit): Promise<Response> {
    const { token } = this.#settings;
    const headers = new Headers(init.headers);
    // Where the server sends us to another host, fetch takes the token off again.
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers });
    } catch (cause) {
      throw this.unreachable(cause);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw this.#refusal(response);
  }

  /** What a failed connection becomes. */
  unreachable(cause: unknown): HubConnectionError {
    const { endpoint } = this.#settings;
    const { name } = this.#id;
    return new HubConnectionError(`There is no folder ${name} here, and the hub at ${endpoint} cannot be reached.`, {
      file: name,
      received: reasonOf(cause),
      hint: "Check the connection and HF_ENDPOINT. For a folder of this machine, check the path.",
      cause,
    });
  }

  async #understood<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof ResourceError || error instanceof ConfigurationError) throw error;
      throw this.#notUnderstood(error instanceof Error ? error.message : String(error));
    }
  }

  #notUnderstood(what: string): HubConnectionError {
    const { endpoint } = this.#settings;
    return new HubConnectionError(`The answer of ${endpoint} about ${this.#id.name} is not that of a hub.`, {
      file: this.#id.name,
      received: what,
      hint: "Check HF_ENDPOINT, and whether a proxy or a login page answers in the hub's place.",
    });
  }

  #refusal({ status, headers }: Response): ConfigurationError | HubConnectionError {
    const { endpoint, token } = this.#settings;
    const { name, revision } = this.#id;
    const code = headers.get("x-error-code");
    const file = name;
    const received = `HTTP ${status}${code === null ? "" : ` ${code}`}`;
    if (status === 429 || status >= 500) {
      const problem = status === 429 ? "asks to wait" : "failed";
      return new HubConnectionError(`The hub at ${endpoint} ${problem}.`, { file, received, hint: "Try again later." });
    }
    if (code === "RevisionNotFound") {
      return new ConfigurationError(`${name} has no revision ${revision}.`, {
        file,
        field: "revision",
        expected: "a branch, a tag or a commit of this model",
        received: revision,
        hint: `See ${endpoint}/${name}, or leave the revision out for the newest version.`,
      });
    }
    if (code === "GatedRepo") {
      return new ConfigurationError(`${name} is gated: its owner decides who may download it.`, {
        file,
        received,
        hint: `Ask for access at ${endpoint}/${name}, then give your token as HF_TOKEN.`,
      });
    }
    const isUnknown = status === 404 || (status === 401 && (token === undefined || code === "RepoNotFound"));
    if (isUnknown) {
      return new ConfigurationError(
        `There is no folder ${name} here, and no model ${name} on the hub, or it is private.`,
        {
          file,
          expected: "a model folder, or the id of a published model such as owner/name",
          received,
          hint: "Check the spelling. For a private model give a token as HF_TOKEN.",
        },
      );
    }
    return new ConfigurationError(`The hub at ${endpoint} refuses ${name}.`, {
      file,
      received,
      hint:
        token === undefined ? "Give a token as HF_TOKEN." : "Check that the token is valid and may read this model.",
    });
  }
}

/** fetch hides the reason one or two levels down. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === "TimeoutError") return "no answer in time";
  return cause.cause instanceof Error ? reasonOf(cause.cause) : cause.message || cause.name;
}
