/**
 * A server on this machine that answers as the model hub does: revisions, lists of files, redirects of large files to
 * another host, ranges, checksums, refusals; and that breaks, stalls and lies where a test asks for it.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ImitatedModel {
  /** By path. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Paths that lie on the other host and are named by their SHA-256. */
  readonly large?: readonly string[];
  /** Revision → commit; `main` is a commit of forty ones when left out. */
  readonly revisions?: Record<string, string>;
  /** Who may read it; all when left out. */
  readonly token?: string;
  readonly isGated?: boolean;
}

/** What goes wrong when a file is asked for. */
export interface Fault {
  readonly path: string;
  readonly kind: "break" | "stall" | "damage" | "ignore-range" | number;
  /** Bytes that are sent before it breaks or stalls. */
  readonly afterBytes?: number;
  /** How often; always when left out. */
  times?: number;
}

export interface SeenRequest {
  readonly host: "hub" | "other";
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  /** Of a list of files: what was asked for. */
  readonly paths?: readonly string[];
}

export const firstCommit = "1".repeat(40);

function bytesOf(content: string | Uint8Array): Buffer {
  return Buffer.from(content as Uint8Array);
}

function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function gitHashOf(bytes: Buffer): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

export class ImitatedHub {
  readonly models: Record<string, ImitatedModel>;
  readonly faults: Fault[] = [];
  readonly requests: SeenRequest[] = [];
  /** All requests get this status when set. */
  status: number | undefined;
  readonly #hub = createServer((request, response) => void this.#answer(request, response));
  readonly #other = createServer((request, response) => void this.#answerFile(request, response, "other"));
  #hubPort = 0;
  #otherPort = 0;

  constructor(models: Record<string, ImitatedModel>) {
    this.models = models;
  }

  /** `models` by id; stop it by `stop`. */
  static async start(models: Record<string, ImitatedModel>): Promise<ImitatedHub> {
    const hub = new ImitatedHub(models);
    [hub.#hubPort, hub.#otherPort] = await Promise.all([listening(hub.#hub), listening(hub.#other)]);
    return hub;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#hubPort}`;
  }

  stop(): void {
    for (const server of [this.#hub, this.#other]) {
      server.closeAllConnections();
      server.close();
    }
  }

  /** The requests for one file's content. */
  contentRequests(path: string): SeenRequest[] {
    return this.requests.filter((request) => request.path.endsWith(`/${path}`));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "", this.endpoint);
    const api = /^\/api\/models\/(.+?)(?:\/(revision|paths-info)\/([^/]+))?$/.exec(pathname);
    if (api === null) return this.#answerFile(request, response, "hub");
    const [, id = "", what, encoded = "main"] = api;
    const paths: string[] = what === "paths-info" ? JSON.parse(await textOf(request)).paths : [];
    this.#note(request, "hub", pathname, what === "paths-info" ? paths : undefined);
    const found = this.#find(request, response, id, decodeURIComponent(encoded));
    if (found === undefined) return;
    const { model, commit } = found;
    if (what === "paths-info") return this.#json(response, this.#described(model, paths));
    const siblings = Object.keys(model.files).map((rfilename) => ({ rfilename }));
    const counts = { downloads: 0, likes: 0, lastModified: "2024-01-01T00:00:00.000Z" };
    this.#json(response, {
      _id: "1",
      id,
      sha: commit,
      private: false,
      gated: model.isGated === true,
      siblings,
      ...counts,
    });
  }

  #described(model: ImitatedModel, paths: readonly string[]): object[] {
    return paths.flatMap((path) => {
      const content = model.files[path];
      if (content === undefined) return [];
      const bytes = bytesOf(content);
      const lfs = { oid: sha256Of(bytes), size: bytes.length, pointerSize: 130 };
      const large = model.large?.includes(path) ? { lfs } : {};
      return [{ type: "file", path, size: bytes.length, oid: gitHashOf(bytes), ...large }];
    });
  }

  #answerFile(request: IncomingMessage, response: ServerResponse, host: "hub" | "other"): void {
    const { pathname } = new URL(request.url ?? "", this.endpoint);
    this.#note(request, host, pathname);
    const [, id = "", encoded = "", path = ""] = /^\/(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    const found = this.#find(request, response, id, decodeURIComponent(encoded), host);
    if (found === undefined) return;
    const content = found.model.files[decodeURIComponent(path)];
    if (content === undefined) {
      this.#refuse(response, 404, "EntryNotFound", found.commit);
      return;
    }
    const bytes = bytesOf(content);
    const isLarge = found.model.large?.includes(path) === true;
    response.setHeader("x-repo-commit", found.commit);
    response.setHeader("etag", `"${isLarge ? sha256Of(bytes) : gitHashOf(bytes)}"`);
    if (isLarge && host === "hub") {
      response.setHeader("x-linked-etag", `"${sha256Of(bytes)}"`);
      response.setHeader("x-linked-size", bytes.length);
      response.writeHead(302, { location: `http://localhost:${this.#otherPort}${pathname}` }).end();
      return;
    }
    this.#send(request, response, path, bytes);
  }

  #send(request: IncomingMessage, response: ServerResponse, path: string, bytes: Buffer): void {
    const fault = this.#fault(path);
    if (typeof fault?.kind === "number") {
      this.#refuse(response, fault.kind);
      return;
    }
    const asked = /^bytes=(\d+)-(\d*)$/.exec(fault?.kind === "ignore-range" ? "" : (request.headers.range ?? ""));
    const start = Number(asked?.[1] ?? 0);
    const end = asked?.[2] ? Number(asked[2]) + 1 : bytes.length;
    if (asked !== null) response.setHeader("content-range", `bytes ${start}-${end - 1}/${bytes.length}`);
    const part = Buffer.from(bytes.subarray(start, end));
    response.writeHead(asked === null ? 200 : 206, { "content-length": part.length, "accept-ranges": "bytes" });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    if (fault?.kind === "damage") part[0] = (part[0] ?? 0) ^ 1;
    if (fault?.kind !== "break" && fault?.kind !== "stall") {
      response.end(part);
      return;
    }
    // What is sent must be under way before the connection goes.
    response.write(part.subarray(0, fault.afterBytes ?? 0), () => {
      if (fault.kind === "break") setTimeout(() => response.destroy(), 20);
    });
  }

  #fault(path: string): Fault | undefined {
    const fault = this.faults.find((candidate) => candidate.path === path && (candidate.times ?? 1) > 0);
    if (fault?.times !== undefined) fault.times -= 1;
    return fault;
  }

  #find(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    revision: string,
    host = "hub",
  ): { model: ImitatedModel; commit: string } | undefined {
    const refused = (refusal: number, code?: string): undefined => {
      this.#refuse(response, refusal, code);
    };
    if (this.status !== undefined) return refused(this.status);
    const model = this.models[id];
    if (model === undefined) return refused(401, "RepoNotFound");
    const token = request.headers.authorization?.replace("Bearer ", "");
    const isAllowed = host === "other" || model.token === undefined || token === model.token;
    if (!isAllowed && token !== undefined && !model.isGated) return refused(401);
    if (!isAllowed) return refused(model.isGated ? 403 : 401, model.isGated ? "GatedRepo" : "RepoNotFound");
    const revisions = model.revisions ?? { main: firstCommit };
    const commit = Object.values(revisions).includes(revision) ? revision : revisions[revision];
    return commit === undefined ? refused(404, "RevisionNotFound") : { model, commit };
  }

  #note(request: IncomingMessage, host: "hub" | "other", path: string, paths?: readonly string[]): void {
    const { range, authorization } = request.headers;
    this.requests.push({ host, method: request.method ?? "", path, range, authorization, ...(paths && { paths }) });
  }

  #json(response: ServerResponse, value: unknown): void {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
  }

  #refuse(response: ServerResponse, status: number, code?: string, commit?: string): void {
    if (code !== undefined) response.setHeader("x-error-code", code);
    if (commit !== undefined) response.setHeader("x-repo-commit", commit);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error: "refused" }));
  }
}
