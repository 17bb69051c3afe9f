/** Published models by their id in a browser: each file is fetched from the hub's address when it is read. */
import { type Browser, chromium, type Page, type Route } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../src/checkpoints/index.ts";
import { ImitatedHub } from "../support/imitated-hub.ts";
import { bundlePage } from "./bundle-page.ts";

const executablePath = process.env.CLOZE_CHROMIUM ?? "/usr/bin/chromium";
const endpoint = "https://huggingface.co";
const tagged = "2".repeat(40);

const vector = (name: string, values: readonly number[]) => ({
  name,
  shape: [values.length],
  data: Float32Array.from(values),
});
const model = { type: "BPE", vocab: { a: 0, b: 1, ab: 2, Ġ: 3 }, merges: [["a", "b"]] };
const files = {
  "config.json": '{"model_type": "bert"}',
  "tokenizer.json": JSON.stringify({ model, pre_tokenizer: { type: "ByteLevel", add_prefix_space: false } }),
  "model.safetensors": encodeSafetensors([vector("first", [1, 2, 3]), vector("second", [0.5, -4])]),
};

describe("published models in a browser", () => {
  let hub: ImitatedHub;
  let browser: Browser;
  let page: Page;

  /** What the page asks of the hub's own address the imitated one answers, as one that any page may read. */
  async function answer(route: Route): Promise<void> {
    const request = route.request();
    const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
    if (request.method() === "OPTIONS") return route.fulfill({ status: 204, headers: cors });
    const { range, authorization } = request.headers();
    const response = await fetch(request.url().replace(endpoint, hub.endpoint), {
      method: request.method(),
      headers: { ...(range && { range }), ...(authorization && { authorization }) },
    });
    const headers = { ...Object.fromEntries(response.headers), ...cors, "access-control-expose-headers": "*" };
    await route.fulfill({ status: response.status, headers, body: Buffer.from(await response.arrayBuffer()) });
  }

  beforeAll(async () => {
    hub = await ImitatedHub.start({
      "owner/small": { files, large: ["model.safetensors"], revisions: { main: "1".repeat(40), "v1/old": tagged } },
      "owner/damaged": { files: { ...files, "tokenizer.json": "{" } },
    });
    browser = await chromium.launch({ executablePath, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
    page = await browser.newPage();
    await page.route(`${endpoint}/**`, answer);
    await page.setContent("<!doctype html><title>cloze</title>");
    await page.addScriptTag({ type: "module", content: await bundlePage("published-page.ts") });
    await page.waitForFunction(() => globalThis.loadPublishedInPage !== undefined);
  });
  afterAll(async () => {
    await browser?.close();
    hub?.stop();
  });
  beforeEach(() => {
    hub.requests.length = 0;
  });

  const load = (id: string, options: { readonly token?: string } = {}) =>
    page.evaluate(([name, given]) => globalThis.loadPublishedInPage!(name, given), [id, options] as const);

  it("reads what it asks for, and of the weights only the tensor", async () => {
    expect(await load("owner/small")).toEqual({ ids: [2, 3, 1], modelType: "bert", values: [0.5, -4] });
    const weights = hub.contentRequests("model.safetensors").filter(({ method }) => method === "GET");
    expect(weights.length).toBeGreaterThan(0);
    for (const { range } of weights) expect(range).toMatch(/^bytes=\d+-\d+$/);
    expect(hub.requests.every(({ path }) => path.startsWith("/owner/small/resolve/main/"))).toBe(true);
  });

  it("takes a revision, whatever it is called", async () => {
    expect(await load("owner/small@v1/old")).toMatchObject({ modelType: "bert" });
    expect(hub.requests.every(({ path }) => path.startsWith("/owner/small/resolve/v1%2Fold/"))).toBe(true);
  });

  it("names the address of what is not there or damaged", async () => {
    expect(await load("owner/none")).toMatchObject({ kind: "tokenizer", file: `${endpoint}/owner/none/resolve/main` });
    const damaged = `${endpoint}/owner/damaged/resolve/main/tokenizer.json`;
    expect(await load("owner/damaged")).toMatchObject({ kind: "tokenizer", file: damaged });
  });

  it("sends no token, which every visitor could read", async () => {
    expect(await load("owner/small", { token: "hf_secret" })).toMatchObject({ kind: "configuration", field: "token" });
    expect(hub.requests).toEqual([]);
  });

  it("says so when the hub fails", async () => {
    hub.status = 503;
    expect(await load("owner/small")).toMatchObject({ kind: "resource" });
    hub.status = undefined;
  });
});
