import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ended, runClozeProcess } from "../../test/support/cloze-process.ts";
import { ImitatedHub } from "../../test/support/imitated-hub.ts";

const model = join(import.meta.dirname, "../../test/golden/pipelines/bert");
const files = Object.fromEntries(readdirSync(model).map((name) => [name, readFileSync(join(model, name))]));
const second = "2".repeat(40);

let home: string;
let hub: ImitatedHub;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "cloze-hub-"));
  const revisions = { main: "1".repeat(40), small: second };
  hub = await ImitatedHub.start({ "tiny/bert": { files, large: ["model.safetensors"], revisions } });
});

afterAll(() => {
  hub.stop();
  rmSync(home, { recursive: true });
});

function cloze(words: readonly string[], variables: Record<string, string> = {}): Promise<Ended> {
  const place = { HF_HUB_OFFLINE: "", HF_ENDPOINT: hub.endpoint, HF_HOME: home };
  return runClozeProcess(words, { variables: { ...place, ...variables }, folder: home });
}

test("a model is run by its id, once with the server and then without it", async () => {
  const words = ["run", "fill-mask", "--model", "tiny/bert", "--input", "the [MASK]", "--json"];
  const online = await cloze(words);
  expect(online.stderr).toBe("");
  const offline = await cloze(words, { HF_HUB_OFFLINE: "1" });
  const local = await cloze([...words.slice(0, 3), model, ...words.slice(4)]);
  expect(offline.stdout).toBe(online.stdout);
  expect(local.stdout).toBe(online.stdout);
  expect(JSON.parse(online.stdout)).toHaveLength(5);
});

test("every command that takes a model takes an id, with a revision", { timeout: 120_000 }, async () => {
  writeFileSync(join(home, "corpus.txt"), "the cat sees the dog\n\nthe dog sees the cat\n\n".repeat(40));
  const encoded = await cloze([
    "tokenizer",
    "encode",
    "--tokenizer",
    "tiny/bert",
    "--revision",
    "small",
    "--input",
    "a",
  ]);
  expect(JSON.parse(encoded.stdout).inputIds).toBeDefined();
  expect(hub.requests.at(-1)?.path).toContain(second);
  const inspected = await cloze(["inspect", "tiny/bert@small", "--json"]);
  expect(JSON.parse(inspected.stdout)).toMatchObject({ path: "tiny/bert@small", modelType: "bert" });
  const planned = await cloze([
    "pretrain",
    "--model",
    "tiny/bert",
    "--revision",
    "small",
    "--corpus",
    "corpus.txt",
    "--dry-run",
    "--json",
    "--steps",
    "2",
  ]);
  expect(planned).toMatchObject({ code: 0 });
});

test("says what is wrong with a name, a revision or a server", async () => {
  const error = async (words: readonly string[], variables?: Record<string, string>) => {
    const { code, stdout, stderr } = await cloze([...words, "--json"], variables);
    expect(stdout).toBe("");
    return { code, ...JSON.parse(stderr.trim().split("\n").at(-1) ?? "").error };
  };
  expect(await error(["inspect", "tiny/berd"])).toMatchObject({ code: 2, kind: "configuration", file: "tiny/berd" });
  expect(await error(["inspect", "tiny/bert", "--revision", "no"])).toMatchObject({ code: 2, field: "revision" });
  expect(await error(["inspect", model, "--revision", "main"])).toMatchObject({ code: 2, field: "--revision" });
  expect(await error(["inspect", "tiny/other"], { HF_ENDPOINT: "http://127.0.0.1:1" })).toMatchObject({
    code: 1,
    kind: "resource",
  });
});
