/** The same graph in a browser: a forward pass and training steps give Node's losses. */
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePage } from "./bundle-page.ts";
import { runScenario, type ScenarioResult } from "./scenario.ts";

const executablePath = process.env.CLOZE_CHROMIUM ?? "/usr/bin/chromium";
const runtimeFolder = fileURLToPath(new URL("../../node_modules/onnxruntime-web/dist/", import.meta.url));
const contentTypes: Record<string, string> = {
  mjs: "text/javascript",
  js: "text/javascript",
  wasm: "application/wasm",
};

/** Serves the page; isolated pages may share memory between threads, others may not. */
async function servePage(script: string, isolated: boolean): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (isolated) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    if (path === "/") {
      response.setHeader("Content-Type", "text/html");
      response.end('<!doctype html><title>cloze</title><script type="module" src="/page.js"></script>');
    } else if (path === "/page.js") {
      response.setHeader("Content-Type", "text/javascript");
      response.end(script);
    } else if (/^\/onnxruntime-web\/[\w.-]+$/.test(path)) {
      const name = path.slice("/onnxruntime-web/".length);
      response.setHeader("Content-Type", contentTypes[name.split(".").at(-1) ?? ""] ?? "application/octet-stream");
      response.end(await readFile(runtimeFolder + name));
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

describe("training in a browser", () => {
  let browser: Browser;
  let script: string;
  let expected: ScenarioResult;

  beforeAll(async () => {
    const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
    const quiet = ["--disable-background-networking", "--disable-component-update"];
    browser = await chromium.launch({ executablePath, headless: true, args: [...flags, ...quiet] });
    script = await bundlePage("page.ts");
    expected = await runScenario();
  });
  afterAll(() => browser?.close());

  it.each([
    { isolated: false, memory: "unshared" },
    { isolated: true, memory: "shared" },
  ])("gives the losses of Node over $memory memory", async ({ isolated }) => {
    const server = await servePage(script, isolated);
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on("pageerror", (error) => failures.push(String(error)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => globalThis.scenarioResult !== undefined, undefined, { timeout: 20_000 });
    const result = await page.evaluate(() => globalThis.scenarioResult);
    await page.close();
    server.close();
    expect(failures).toEqual([]);
    expect(result?.device).toBe("wasm");
    expect(expected.device).toBe("cpu");
    expect(result?.losses).toHaveLength(4);
    for (const [index, loss] of expected.losses.entries()) expect(result?.losses[index]).toBeCloseTo(loss, 4);
    for (const [index, logit] of expected.logits.entries()) expect(result?.logits[index]).toBeCloseTo(logit, 4);
  });
});
