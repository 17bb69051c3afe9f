import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { firstCommit, ImitatedHub, type ImitatedModel } from "../../../test/support/imitated-hub.ts";
import { ClozeError } from "../../errors.ts";
import { publishedFolder } from "./index.ts";
import type { DownloadProgress } from "./settings.ts";

const weights = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7919) >> 3);
const config = '{"model_type": "bert"}';
const whole: ImitatedModel = {
  files: {
    "config.json": config,
    "model.safetensors": weights,
    "pytorch_model.bin": "worse",
    "README.md": "much text",
  },
  large: ["model.safetensors", "pytorch_model.bin"],
};

let home: string;
let hub: ImitatedHub;

async function serve(models: Record<string, ImitatedModel>): Promise<void> {
  hub = await ImitatedHub.start(models);
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "cloze-hub-"));
  vi.stubEnv("HF_HUB_OFFLINE", "");
  vi.stubEnv("HF_HOME", home);
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"]) {
    vi.stubEnv(name, "");
  }
});

afterEach(() => {
  hub?.stop();
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const folderOf = (name: string): string => join(home, "hub", `models--${name.replace("/", "--")}`);

async function failure(action: Promise<unknown>): Promise<ClozeError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClozeError);
  return error as ClozeError;
}

/** Runs a module in a process of its own, with `publishedFolder` at hand; the server goes on answering meanwhile. */
function inProcess(source: string): Promise<number | null> {
  const place = JSON.stringify(join(import.meta.dirname, "index.ts"));
  const script = `import { publishedFolder } from ${place};\n${source}`;
  const flags = ["--conditions=@cloze/source", "--import", "tsx", "--input-type=module", "-e", script];
  const child = spawn(process.execPath, flags, { stdio: ["ignore", "ignore", "inherit"] });
  return new Promise((resolve) => child.on("close", resolve));
}

test("fetches the files that are needed, and no others, into Python's layout", async () => {
  await serve({ "owner/name": whole });
  const seen: DownloadProgress[] = [];
  const folder = await publishedFolder("owner/name", ["weights"], { onProgress: (progress) => seen.push(progress) });
  expect(folder).toBe(join(folderOf("owner/name"), "snapshots", firstCommit));
  expect(readdirSync(folder).sort()).toEqual(["config.json", "model.safetensors"]);
  expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
  expect(readlinkSync(join(folder, "model.safetensors"))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
  expect(readlinkSync(join(folder, "config.json"))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
  expect(readFileSync(join(folderOf("owner/name"), "refs/main"), "utf8")).toBe(firstCommit);
  expect(readdirSync(join(folderOf("owner/name"), "blobs"))).toHaveLength(2);
  expect(seen.at(-1)).toEqual({ name: "owner/name", doneBytes: weights.length, totalBytes: weights.length });
  expect(seen.length).toBeGreaterThan(3);
});

test("asks nothing of the server about a commit that is in the cache, and once about a branch", async () => {
  await serve({ name: whole });
  await publishedFolder("name", ["weights"]);
  hub.requests.length = 0;
  await publishedFolder(`name@${firstCommit}`, ["weights"]);
  await publishedFolder("name", ["weights"], { revision: firstCommit });
  expect(hub.requests).toEqual([]);
});

test("takes the revision that is asked for", async () => {
  const revisions = { main: firstCommit, "v1.0": "2".repeat(40), "refs/pr/3": "3".repeat(40) };
  await serve({ "owner/name": { ...whole, revisions } });
  expect(await publishedFolder("owner/name@v1.0", ["configuration"])).toMatch(/2{40}$/);
  expect(await publishedFolder("owner/name", ["configuration"], { revision: "refs/pr/3" })).toMatch(/3{40}$/);
  expect(readFileSync(join(folderOf("owner/name"), "refs/refs/pr/3"), "utf8")).toBe("3".repeat(40));
  const error = await failure(publishedFolder("owner/name@v9", ["configuration"]));
  expect(error).toMatchObject({ kind: "configuration", field: "revision", received: "v9" });
  for (const wrong of ["../../x", "a//b", "/a", "a b"]) {
    expect((await failure(publishedFolder("owner/name", [], { revision: wrong }))).field).toBe("revision");
  }
});

test("fetches the shards that the index names, and none that lie elsewhere", async () => {
  const index = (file: string): string => JSON.stringify({ weight_map: { a: "model-1.safetensors", b: file } });
  const files = {
    "config.json": config,
    "model-1.safetensors": "one",
    "model-2.safetensors": "two",
    "model-3.safetensors": "three",
  };
  await serve({
    good: { files: { ...files, "model.safetensors.index.json": index("model-2.safetensors") } },
    bad: { files: { ...files, "model.safetensors.index.json": index("../../../../model-2.safetensors") } },
  });
  const folder = await publishedFolder("good", ["weights"]);
  const names = ["config.json", "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json"];
  expect(readdirSync(folder).sort()).toEqual(names);
  expect(await failure(publishedFolder("bad", ["weights"]))).toMatchObject({ kind: "checkpoint", field: "b" });
});

test("takes pytorch_model.bin and separate vocabulary files where there is nothing better", async () => {
  const files = { "config.json": config, "pytorch_model.bin": "x", "vocab.txt": "y", "tokenizer_config.json": "{}" };
  await serve({ old: { files }, new: { files: { ...files, "tokenizer.json": "{}" } } });
  const old = await publishedFolder("old", ["weights", "tokenizer"]);
  expect(readdirSync(old).sort()).toEqual(["config.json", "pytorch_model.bin", "tokenizer_config.json", "vocab.txt"]);
  const recent = await publishedFolder("new", ["tokenizer"]);
  expect(readdirSync(recent).sort()).toEqual(["config.json", "tokenizer.json", "tokenizer_config.json"]);
});

test("goes on where the connection broke", async () => {
  await serve({ name: whole });
  hub.faults.push({ path: "model.safetensors", kind: "break", afterBytes: 1_000_000, times: 2 });
  const folder = await publishedFolder("name", ["weights"]);
  expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
  const ranges = hub
    .contentRequests("model.safetensors")
    .filter(({ host }) => host === "other")
    .map(({ range }) => range);
  expect(ranges).toHaveLength(3);
  expect(ranges[0]).toBeUndefined();
  const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]));
  expect(starts[0]).toBeGreaterThan(0);
  expect(starts[1]).toBeGreaterThan(starts[0] ?? 0);
});

test("goes on when nothing comes any more, and with a server that knows no ranges", async () => {
  vi.stubEnv("HF_HUB_DOWNLOAD_TIMEOUT", "0.3");
  await serve({ name: whole });
  hub.faults.push({ path: "model.safetensors", kind: "stall", afterBytes: 1_000_000, times: 1 });
  hub.faults.push({ path: "model.safetensors", kind: "ignore-range", times: 1 });
  const folder = await publishedFolder("name", ["weights"]);
  expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
});

test("gives up in the end, and goes on at the next call", async () => {
  await serve({ name: whole });
  hub.faults.push({ path: "model.safetensors", kind: "break", afterBytes: 1_000_000, times: 1 });
  const broken = { path: "model.safetensors", kind: 503, times: 5 } as const;
  hub.faults.push({ ...broken });
  expect(await failure(publishedFolder("name", ["weights"]))).toMatchObject({ kind: "resource", received: "HTTP 503" });
  hub.faults.length = 0;
  hub.requests.length = 0;
  await publishedFolder("name", ["weights"]);
  expect(hub.contentRequests("model.safetensors").at(-1)?.range).toMatch(/^bytes=[1-9]/);
});

test("goes on with what a killed process left", async () => {
  await serve({ name: whole });
  hub.faults.push({ path: "model.safetensors", kind: "stall", afterBytes: 2_000_000 });
  const onProgress = `({ doneBytes }) => doneBytes >= 1_000_000 && process.kill(process.pid, "SIGKILL")`;
  await inProcess(`await publishedFolder("name", ["weights"], { onProgress: ${onProgress} });`);
  const left = readdirSync(join(folderOf("name"), "blobs")).filter((name) => name.endsWith(".incomplete"));
  expect(left).toHaveLength(1);
  hub.faults.length = 0;
  hub.requests.length = 0;
  const folder = await publishedFolder("name", ["weights"]);
  expect(hub.contentRequests("model.safetensors").at(-1)?.range).toMatch(/^bytes=[1-9]/);
  expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
  expect(readdirSync(join(folderOf("name"), "blobs"))).toHaveLength(2);
});

test("keeps nothing whose checksum is wrong", async () => {
  await serve({ name: whole });
  hub.faults.push({ path: "model.safetensors", kind: "damage", times: 1 });
  const error = await failure(publishedFolder("name", ["weights"]));
  expect(error).toMatchObject({ kind: "resource", file: "model.safetensors" });
  expect(readdirSync(join(folderOf("name"), "snapshots", firstCommit))).toEqual(["config.json"]);
  await publishedFolder("name", ["weights"]);
  hub.faults.push({ path: "config.json", kind: "damage", times: 1 });
  rmSync(folderOf("name"), { recursive: true });
  expect(await failure(publishedFolder("name", ["configuration"]))).toMatchObject({ file: "config.json" });
});

test("begins anew where what was left is damaged", async () => {
  await serve({ name: whole });
  hub.faults.push({ path: "model.safetensors", kind: "break", afterBytes: 1_000_000, times: 1 });
  hub.faults.push({ path: "model.safetensors", kind: 503, times: 5 });
  await failure(publishedFolder("name", ["weights"]));
  const blobs = join(folderOf("name"), "blobs");
  const left = join(blobs, readdirSync(blobs).find((name) => name.endsWith(".incomplete")) ?? "");
  const bytes = readFileSync(left);
  bytes[0] = 99;
  writeFileSync(left, bytes);
  hub.faults.length = 0;
  const folder = await publishedFolder("name", ["weights"]);
  expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
});

test("says what the hub refuses, and what to do next", async () => {
  await serve({
    "owner/private": { ...whole, token: "hf_right" },
    "owner/gated": { ...whole, token: "hf_right", isGated: true },
  });
  const hints = async (name: string, token?: string): Promise<string> => {
    const error = await failure(publishedFolder(name, ["weights"], { token }));
    expect(error.kind).toBe("configuration");
    expect(JSON.stringify(error)).not.toContain("hf_wrong");
    return `${error.message} ${error.hint}`;
  };
  expect(await hints("owner/nothing")).toMatch(/no folder owner\/nothing here, and no model owner\/nothing on the hub/);
  expect(await hints("owner/private")).toMatch(/private.*HF_TOKEN/);
  expect(await hints("owner/private", "hf_wrong")).toMatch(/refuses.*token is valid/);
  expect(await hints("owner/gated")).toMatch(/gated.*Ask for access at http.*owner\/gated/);
  expect(await hints("owner/private", "hf_\n")).toMatch(/Copy it again/);
  await publishedFolder("owner/gated", ["configuration"], { token: "hf_right" });
});

test("tells a failing, a silent and an absent server apart from a wrong request", async () => {
  await serve({ name: whole });
  hub.status = 500;
  expect(await failure(publishedFolder("name", ["weights"]))).toMatchObject({ kind: "resource", received: "HTTP 500" });
  hub.status = 429;
  expect((await failure(publishedFolder("name", ["weights"]))).message).toContain("asks to wait");
  hub.stop();
  expect(await failure(publishedFolder("name", ["weights"]))).toMatchObject({
    kind: "resource",
    received: expect.stringContaining("ECONNREFUSED"),
  });
  vi.stubEnv("HF_ENDPOINT", "no address");
  expect((await failure(publishedFolder("name", ["weights"]))).field).toBe("HF_ENDPOINT");
});

test("gives the token to the hub and not to the host that it redirects to", async () => {
  await serve({ name: { ...whole, token: "hf_secret" } });
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "token"), "hf_secret\n");
  await publishedFolder("name", ["weights"]);
  const authorizations = (host: string) =>
    new Set(hub.requests.filter((request) => request.host === host).map(({ authorization }) => authorization));
  expect(authorizations("hub")).toEqual(new Set(["Bearer hf_secret"]));
  expect(authorizations("other")).toEqual(new Set([undefined]));
});

test("offline takes what is there and asks nothing", async () => {
  await serve({ name: whole });
  await publishedFolder("name", ["configuration"]);
  hub.requests.length = 0;
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  expect(await publishedFolder("name", ["configuration"])).toContain(firstCommit);
  const partly = await failure(publishedFolder("name", ["weights"]));
  expect(partly).toMatchObject({ kind: "configuration", received: "a part of it" });
  expect(partly.hint).toContain("HF_HUB_OFFLINE");
  expect((await failure(publishedFolder("other", ["weights"]))).message).toContain("was not downloaded before");
  vi.stubEnv("HF_HUB_OFFLINE", "");
  expect((await failure(publishedFolder("other", ["weights"], { localFilesOnly: true }))).kind).toBe("configuration");
  expect(hub.requests).toEqual([]);
});

test("takes what was downloaded before, with a warning, when the server fails", async () => {
  await serve({ name: whole, part: whole });
  await publishedFolder("name", ["weights"], { cacheDir: join(home, "hub") });
  await publishedFolder("part", ["configuration"]);
  const [first, warnings] = [hub, [] as string[]];
  await serve({});
  hub.status = 503;
  const onWarning = (text: string): void => void warnings.push(text);
  expect(await publishedFolder("name", ["weights"], { onWarning })).toContain(firstCommit);
  expect(warnings).toEqual(["The hub cannot be reached, so name is taken as it was downloaded before."]);
  expect((await failure(publishedFolder("part", ["weights"], { onWarning }))).kind).toBe("resource");
  first.stop();
});

test("several calls at a time fetch a file once; several processes do not disturb each other", async () => {
  await serve({ name: whole });
  await Promise.all([1, 2, 3].map(() => publishedFolder("name", ["weights"])));
  expect(hub.contentRequests("model.safetensors").filter(({ host }) => host === "other")).toHaveLength(1);
  rmSync(folderOf("name"), { recursive: true });
  const source = `await publishedFolder("name", ["weights"]);`;
  const codes = await Promise.all([1, 2, 3].map(() => inProcess(source)));
  expect(codes).toEqual([0, 0, 0]);
  expect(readdirSync(join(folderOf("name"), "blobs"))).toHaveLength(2);
  const folder = join(folderOf("name"), "snapshots", firstCommit);
  expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
});

test("never asks the hub about a path, nor about a folder that exists", async () => {
  await serve({});
  for (const path of ["./nothing", "/nothing/here", "../up", "a/b/c", "C:\\models"]) {
    expect((await failure(publishedFolder(path, ["weights"]))).message).toBe(`There is no model folder ${path}.`);
  }
  expect(await publishedFolder("src/checkpoints", ["weights"])).toBe(join(process.cwd(), "src/checkpoints"));
  expect(hub.requests).toEqual([]);
});

test("a configuration can be refused before the weights come", async () => {
  await serve({ name: whole });
  const { modelFolder } = await import("../../models/index.ts");
  await serve({ name: { ...whole, files: { ...whole.files, "config.json": '{"model_type": "berd"}' } } });
  expect((await failure(modelFolder("name"))).hint).toBe("Did you mean bert?");
  expect(hub.contentRequests("model.safetensors")).toEqual([]);
});

/** Made by test/golden/hub/compare-caches.ts: path → content, or where a link leads. */
interface CacheListing {
  readonly files: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, string>>;
}

test("reads a cache that Python made", async () => {
  const file = join(import.meta.dirname, "../../../test/golden/hub/python-cache.json");
  const listing: CacheListing = JSON.parse(readFileSync(file, "utf8"));
  const place = (path: string): string => {
    const absolute = join(home, "hub", path);
    mkdirSync(dirname(absolute), { recursive: true });
    return absolute;
  };
  for (const [path, content] of Object.entries(listing.files)) writeFileSync(place(path), content);
  for (const [path, target] of Object.entries(listing.links)) symlinkSync(target, place(path));
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  const folder = await publishedFolder("owner/name", ["weights", "tokenizer", "pooling"]);
  expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")).model_type).toBe("bert");
  expect(existsSync(join(folder, "1_Pooling/config.json"))).toBe(true);
  // Where the server is there, nothing is fetched again.
  vi.stubEnv("HF_HUB_OFFLINE", "");
  const files = Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      return entry.isDirectory() ? [] : [[path.slice(folder.length + 1), readFileSync(path)]];
    }),
  );
  await serve({ "owner/name": { files, large: ["model.safetensors"] } });
  expect(await publishedFolder("owner/name", ["weights", "tokenizer", "pooling"])).toBe(folder);
  expect(hub.requests.filter(({ path }) => path.includes("/resolve/"))).toEqual([]);
});
