/** The page of `cloze inspect --attention`: opens without a request, shows what it is asked for, runs nothing of the text. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attentionPage } from "../../src/cli/attention-page.ts";
import { sharesOfHeads, type TextAttention } from "../../src/cli/attention-weights.ts";

const executablePath = process.env.CLOZE_CHROMIUM ?? "/usr/bin/chromium";
const hostile = '<img src=x onerror="globalThis.hacked = true">';
const labels = ["[CLS]", "one", hostile, "今天", "[SEP]"];
const size = labels.length;

/** Head 1: each token looks at the next one with 0.75, at the first with 0.25. Head 2: all look at the second. */
const attention: TextAttention = {
  tokens: labels.map((label, place) => ({ label, isAnchor: place === 0 || place === size - 1 })),
  hasSpecialTokens: true,
  isCausal: false,
  heads: 2,
  layers: [1, 2].map(() => {
    const weights = new Float32Array(2 * size * size);
    for (let from = 0; from < size; from++) {
      weights[from * size] = 0.25;
      const next = from * size + ((from + 1) % size);
      weights[next] = (weights[next] as number) + 0.75;
      weights[size * size + from * size + 1] = 1;
    }
    return weights;
  }),
};

describe("the page of attention", () => {
  let browser: Browser;
  let page: Page;
  let folder: string;
  const failures: string[] = [];
  const requests: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "cloze-attention-page-"));
    const file = join(folder, "attention.html");
    const shares = sharesOfHeads(attention);
    writeFileSync(
      file,
      attentionPage({
        title: hostile,
        text: hostile,
        pair: "</script>",
        attention,
        shares,
        drawn: { layer: 1, head: 0 },
      }),
    );
    const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
    const quiet = ["--disable-background-networking", "--disable-component-update"];
    browser = await chromium.launch({ executablePath, headless: true, args: [...flags, ...quiet] });
    page = await browser.newPage();
    page.on("pageerror", (error) => failures.push(String(error)));
    page.on("console", (message) => failures.push(message.text()));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("shows every head and the tokens as they are", async () => {
    expect(await page.locator("#heads button").count()).toBe(4);
    expect(await page.locator("#one").textContent()).toBe("Layer 2, head 1");
    const tokens = await page
      .locator("#tokens button")
      .evaluateAll((chips) => chips.map((chip) => chip.firstChild?.textContent));
    expect(tokens).toEqual(labels);
    expect(await page.locator(".given").innerText()).toBe(`${hostile}\n</script>`);
  });

  it("shows where a token looks that is hovered, and holds it at a click", async () => {
    const chips = page.locator("#tokens button");
    await chips.nth(1).hover();
    expect(await page.locator("#told").textContent()).toBe(`one → ${hostile} 75%,  [CLS] 25%`);
    expect(await page.locator("#tokens small").allTextContents()).toEqual(["25%", "", "75%", "", ""]);
    await chips.nth(1).click();
    await chips.nth(3).hover();
    expect(await page.locator("#told").textContent()).toContain("one →");
    await chips.nth(1).click();
    await chips.nth(3).hover();
    expect(await page.locator("#told").textContent()).toBe("今天 → [SEP] 75%,  [CLS] 25%");
  });

  it("draws the head that is picked, with or without the special tokens", async () => {
    await page.getByRole("button", { name: "Layer 1, head 2" }).click();
    expect(await page.locator("#one").textContent()).toBe("Layer 1, head 2");
    expect(await page.locator('#heads button[aria-pressed="true"]').count()).toBe(1);
    expect(await page.locator("#told").textContent()).toBe("今天 → one 100%");
    await page.getByRole("button", { name: "Layer 1, head 1" }).click();
    await page.locator("#rescale input").check();
    await page.locator("#tokens button").nth(1).hover();
    expect(await page.locator("#told").textContent()).toBe(`one → ${hostile} 100%`);
    const dark = await page.locator("#matrix").evaluate((canvas: HTMLCanvasElement) => {
      const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(
        0,
        0,
        canvas.width,
        canvas.height,
      );
      return data.filter((value, index) => index % 4 === 3 && value > 200).length;
    });
    expect(dark).toBeGreaterThan(500);
  });

  it("asked nobody for anything, and ran nothing of the text", async () => {
    expect(requests).toHaveLength(1);
    expect(failures).toEqual([]);
    expect(await page.evaluate(() => "hacked" in globalThis)).toBe(false);
  });
});
