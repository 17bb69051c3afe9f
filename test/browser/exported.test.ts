/** A folder that `cloze export` made, opened by transformers.js in a browser: both files answer as the model does. */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportModel } from "../../src/export/index.ts";
import { pipeline } from "../../src/pipelines/index.ts";
import { bundlePage } from "./bundle-page.ts";
import type {} from "./exported-page.ts";

const executablePath = process.env.CLOZE_CHROMIUM ?? "/usr/bin/chromium";
const bert = fileURLToPath(new URL("../golden/pipelines/bert", import.meta.url));
const runtime = fileURLToPath(new URL("../../node_modules/onnxruntime-web/dist/", import.meta.url));
const contentTypes: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  mjs: "text/javascript",
  json: "application/json",
  wasm: "application/wasm",
};

describe("an exported folder in a browser", () => {
  let folder: string;
  let browser: Browser;
  let page: Page;
  let server: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "cloze-exported-page-"));
    await exportModel(bert, join(folder, "bert"), { threads: 1 });
    const script = await bundlePage("exported-page.ts", { sources: false });
    server = createServer(async (request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      const [, place = "", ...rest] = pathname.split("/");
      const root = { models: folder, "onnxruntime-web": runtime }[place];
      const own = { "": '<!doctype html><script type="module" src="/page.js"></script>', "page.js": script }[place];
      const content =
        own ?? (root && !rest.includes("..") ? await readFile(join(root, ...rest)).catch(() => undefined) : undefined);
      const ending = own === undefined ? (pathname.split(".").at(-1) ?? "") : place === "" ? "html" : "js";
      response.statusCode = content === undefined ? 404 : 200;
      response.setHeader("Content-Type", contentTypes[ending] ?? "application/octet-stream");
      response.end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
    const quiet = ["--disable-background-networking", "--disable-component-update"];
    browser = await chromium.launch({ executablePath, headless: true, args: [...flags, ...quiet] });
    page = await browser.newPage();
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => globalThis.transformersJs !== undefined, undefined, { timeout: 60_000 });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ["fp32", 5],
    ["q8", 1],
  ] as const)("fills a mask by the file for %s as the model does", async (dtype, digits) => {
    const text = "the [MASK] sat on the mat";
    const answers = await page.evaluate(
      async ([kind, given]) => {
        const run = await globalThis.transformersJs?.pipeline("fill-mask", "bert", { dtype: kind, device: "wasm" });
        return (await run?.(given)) as { token: number; score: number }[];
      },
      [dtype, text] as const,
    );
    const own = (await (await pipeline("fill-mask", bert, { threads: 1 }))(text)) as unknown as typeof answers;
    expect(answers).toHaveLength(own.length);
    const scores = new Map(answers.map(({ token, score }) => [token, score]));
    const [best] = own;
    expect(scores.get(best?.token ?? -1)).toBeCloseTo(best?.score ?? -1, digits);
    if (dtype === "fp32") expect(answers.map(({ token }) => token)).toEqual(own.map(({ token }) => token));
    expect(asked.some((url) => url.endsWith(dtype === "q8" ? "/model_quantized.onnx" : "/model.onnx"))).toBe(true);
  });

  it("asked nobody but the page's own server", () => {
    const { port } = server.address() as AddressInfo;
    expect(asked.filter((url) => !url.startsWith(`http://127.0.0.1:${port}/`) && !url.startsWith("blob:"))).toEqual([]);
  });
});
