/** What the environment and a call say about the hub, under the names that Python's `huggingface_hub` obeys. */
import { platform } from "#platform";
import { ConfigurationError } from "../../errors.ts";

/** How far a download is. */
export interface DownloadProgress {
  /** The model's id. */
  readonly name: string;
  /** Of all files of this download; what an earlier attempt left counts. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** Of everything that takes the id of a published model. */
export interface HubOptions {
  /** Branch, tag or commit; `main` when left out. `owner/name@revision` says the same. */
  readonly revision?: string | undefined;
  /** For private and gated models; `HF_TOKEN`, or what `hf auth login` stored, when left out. */
  readonly token?: string | undefined;
  /** Where downloads are kept; `HF_HUB_CACHE`, or `~/.cache/huggingface/hub`, which Python shares, when left out. */
  readonly cacheDir?: string | undefined;
  /** Whether only what was downloaded before is used, as `HF_HUB_OFFLINE=1` says for all. */
  readonly localFilesOnly?: boolean | undefined;
  /** Is told how far a download is. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Is told what is odd; `console.warn` when left out. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

let watcher: ((progress: DownloadProgress) => void) | undefined;

/** Sets what is told of the downloads of this process that have no `onProgress` of their own. */
export function watchDownloads(onProgress: (progress: DownloadProgress) => void): void {
  watcher = onProgress;
}

/** Tells how far a download is. */
export function reportDownload(progress: DownloadProgress, { onProgress = watcher }: HubOptions): void {
  onProgress?.(progress);
}

/** Names of `HubOptions`, without `onWarning`, which its holders have anyway. */
export const hubOptionNames = ["revision", "token", "cacheDir", "localFilesOnly", "onProgress"] as const;

/** The options for the hub among others, without those that are undefined. */
export function hubOptionsOf(options: HubOptions): HubOptions {
  const names = [...hubOptionNames, "onWarning"] as const;
  return Object.fromEntries(names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}

export interface HubSettings {
  /** `https://huggingface.co`, without a slash at its end. */
  readonly endpoint: string;
  readonly cacheFolder: string;
  readonly token: string | undefined;
  readonly isOffline: boolean;
  /** Longest wait for an answer, in milliseconds. */
  readonly answerTimeoutMs: number;
  /** Longest silence while a file comes, in milliseconds. */
  readonly downloadTimeoutMs: number;
}

const publicEndpoint = "https://huggingface.co";
const defaultTimeoutSeconds = 10;

/** Undefined for an empty variable, as in Python. */
function variable(name: string): string | undefined {
  return platform.environment(name) || undefined;
}

function isSet(name: string): boolean {
  return ["1", "ON", "YES", "TRUE"].includes((platform.environment(name) ?? "").toUpperCase());
}

export async function hubSettings(options: HubOptions): Promise<HubSettings> {
  const home = variable("HF_HOME") ?? platform.join(variable("XDG_CACHE_HOME") ?? "~/.cache", "huggingface");
  const cacheFolder =
    options.cacheDir ??
    variable("HF_HUB_CACHE") ??
    variable("HUGGINGFACE_HUB_CACHE") ??
    platform.join(platform.resolve(home), "hub");
  return {
    endpoint: endpointOf(variable("HF_ENDPOINT") ?? publicEndpoint),
    cacheFolder: platform.resolve(cacheFolder),
    token: await tokenOf(options.token, home),
    isOffline: options.localFilesOnly === true || isSet("HF_HUB_OFFLINE") || isSet("TRANSFORMERS_OFFLINE"),
    answerTimeoutMs: timeoutMs("HF_HUB_ETAG_TIMEOUT"),
    downloadTimeoutMs: timeoutMs("HF_HUB_DOWNLOAD_TIMEOUT"),
  };
}

function endpointOf(text: string): string {
  const address = URL.canParse(text) ? new URL(text) : undefined;
  if (address?.protocol === "https:" || address?.protocol === "http:") return text.replace(/\/+$/, "");
  throw new ConfigurationError("HF_ENDPOINT is not an address.", {
    field: "HF_ENDPOINT",
    expected: `an address such as ${publicEndpoint}`,
    received: text,
    hint: "Correct the variable, or unset it.",
  });
}

async function tokenOf(given: string | undefined, home: string): Promise<string | undefined> {
  const token = given ?? (isSet("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? undefined : await implicitToken(home));
  // Anything else would not be a header, and the failure would print it.
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new ConfigurationError("The token for the hub holds characters that no token has.", {
    field: "token",
    expected: "a token such as hf_…, without spaces",
    hint: "Copy it again from the hub's settings.",
  });
}

async function implicitToken(home: string): Promise<string | undefined> {
  const inEnvironment = variable("HF_TOKEN") ?? variable("HUGGING_FACE_HUB_TOKEN");
  if (inEnvironment !== undefined) return inEnvironment.trim() || undefined;
  const file = platform.resolve(variable("HF_TOKEN_PATH") ?? platform.join(platform.resolve(home), "token"));
  if ((await platform.stat(file, "configuration"))?.kind !== "file") return undefined;
  return (await platform.readText(file, "configuration")).trim() || undefined;
}

function timeoutMs(name: string): number {
  const seconds = Number(variable(name) ?? defaultTimeoutSeconds);
  return 1000 * (seconds > 0 && seconds < 1e6 ? seconds : defaultTimeoutSeconds);
}
