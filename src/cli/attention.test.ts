/** `cloze inspect --attention`: the model's own weights, summed up and drawn. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCloze } from "../../test/support/fake-terminal.ts";
import { columnsOf } from "../demo/report.ts";
import { AutoModel, AutoTokenizer } from "../index.ts";
import { attentionPage } from "./attention-page.ts";
import { attentionOfText, headWeights, pointingHead, sharesOfHeads, type TextAttention } from "./attention-weights.ts";

const golden = fileURLToPath(new URL("../../test/golden/pipelines/", import.meta.url));
const [bert, gpt2] = [join(golden, "bert"), join(golden, "gpt2")];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-attention-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One layer of two heads over `[CLS] a b c`: the first rests, the second points. */
const made: TextAttention = {
  tokens: ["[CLS]", "a", "b", "c"].map((label, place) => ({ label, isAnchor: place === 0 })),
  hasSpecialTokens: true,
  isCausal: false,
  heads: 2,
  layers: [
    Float32Array.of(
      ...[1, 0, 0, 0, 1, 0, 0, 0, 0.5, 0.25, 0.25, 0, 0.5, 0, 0, 0.5],
      ...[1, 0, 0, 0, 0, 0, 0, 1, 0, 0.5, 0, 0.5, 0, 1, 0, 0],
    ),
  ],
};

describe("sharesOfHeads", () => {
  it("counts every weight once", () => {
    const [resting, pointing] = sharesOfHeads(made);
    expect(resting).toMatchObject({ layer: 0, head: 0, anchors: 0.75, itself: 0.1875, before: 0.0625, after: 0 });
    expect(pointing).toMatchObject({ anchors: 0.25, itself: 0, before: 0.125, after: 0.125, elsewhere: 0.5 });
    // a gives 1 to c, which gets 3/8 of all on average, c likewise to a; b looks at its neighbours alone.
    expect(pointing?.pointing).toBeCloseTo((0.625 + 0 + 0.625) / 3, 6);
    expect(pointingHead(sharesOfHeads(made)).head).toBe(1);
  });
});

describe("attentionOfText", () => {
  it.each([
    ["bert", bert, undefined],
    ["bert with a pair", bert, "the dog ran"],
    ["gpt2", gpt2, undefined],
  ])("gives the weights that the model returns: %s", async (_, path, pair) => {
    const attention = await attentionOfText(path, { text: "the cat sat", pair, threads: 1 });
    const [tokenizer, model] = [
      await AutoTokenizer.fromPretrained(path),
      await AutoModel.fromPretrained(path, { onWarning: () => {} }),
    ];
    const inputs = tokenizer("the cat sat", pair === undefined ? {} : { textPair: pair });
    const { attentions } = await model(inputs as never, { outputAttentions: true });
    expect(attention.layers).toHaveLength(attentions.length);
    expect(attention.tokens).toHaveLength(attentions[0]?.dims[2] ?? 0);
    for (const [layer, { data, dims }] of attentions.entries()) {
      expect(attention.heads).toBe(dims[1]);
      for (const [index, weight] of attention.layers[layer]?.entries() ?? [])
        expect(weight).toBeCloseTo(Number(data[index]), 6);
    }
    expect(attention.isCausal).toBe(path === gpt2);
    expect(attention.hasSpecialTokens).toBe(path === bert);
    const anchors = attention.tokens.filter(({ isAnchor }) => isAnchor).map(({ label }) => label);
    expect(anchors).toEqual(path === gpt2 ? ["the"] : ["[CLS]", ...(pair === undefined ? [] : ["[SEP]"]), "[SEP]"]);
    await model.release();
  });
});

describe("cloze inspect --attention", () => {
  const inspect = (path: string, text: string, ...words: string[]) =>
    runCloze(["inspect", path, "--attention", text, "--threads", "1", ...words]);

  it("draws within 80 columns, short texts as a matrix and longer ones as lists", async () => {
    for (const text of ["the cat", "the cat sat on the mat . ".repeat(3), "x"]) {
      for (const path of [bert, gpt2]) {
        const { stdout, stderr, exitCode } = await inspect(path, text, "--quiet");
        expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
        for (const line of stdout.split("\n")) expect(columnsOf(line), line).toBeLessThanOrEqual(80);
        expect(stdout).toContain("layer  head");
      }
    }
  });

  it("has colours on a terminal alone, and the same words there", async () => {
    const plain = await inspect(bert, "the cat sat");
    const onTerminal = await runCloze(["inspect", bert, "--attention", "the cat sat", "--threads", "1"], {
      isTerminal: true,
    });
    expect(onTerminal.stdout).not.toBe(plain.stdout);
    const words = (text: string): string => stripVTControlCharacters(text).replace(/ +$/gm, "");
    expect(words(onTerminal.stdout)).toBe(words(plain.stdout));
  });

  it("prints every head's shares and the drawn one's weights as JSON", async () => {
    const [line] = (await inspect(bert, "the cat", "--json", "--layer", "2", "--head", "1")).lines as [
      Record<string, never>,
    ];
    expect(line).toMatchObject({ tokens: ["[CLS]", "the", "cat", "[SEP]"], anchors: [0, 3], isCausal: false });
    const { heads, drawn } = line as unknown as { heads: Record<string, number>[]; drawn: { weights: number[][] } };
    expect(heads.map(({ layer, head }) => [layer, head])).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ]);
    expect(drawn).toMatchObject({ layer: 2, head: 1 });
    const attention = await attentionOfText(bert, { text: "the cat", threads: 1 });
    expect(drawn.weights.flat()).toEqual([...headWeights(attention, { layer: 1, head: 0 })]);
    for (const row of drawn.weights) expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
  });

  it("writes a page that needs nothing and holds the text as text", async () => {
    const file = join(folder, "attention.html");
    const text = "the </script><script>1";
    expect(await inspect(gpt2, text, "--output", file)).toMatchObject({ exitCode: 0, stderr: "" });
    const page = readFileSync(file, "utf8");
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).not.toMatch(/(src|href)=|url\(|@import|https?:/);
    const data = JSON.parse(/id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? "");
    expect(data).toMatchObject({ layers: 2, heads: 2, isCausal: true });
    const weights = new Uint16Array(Uint8Array.from(Buffer.from(data.weights, "base64")).buffer);
    const attention = await attentionOfText(gpt2, { text, threads: 1 });
    const expected = attention.layers.flatMap((layer) => [...layer]);
    expect(weights).toHaveLength(expected.length);
    for (const [index, weight] of expected.entries())
      expect(Math.abs((weights[index] as number) / 65535 - weight)).toBeLessThan(1e-5);
  });

  it("escapes what stands outside of the data, too", () => {
    const text = `<img src=x onerror="alert(1)"> & '`;
    const [drawn] = sharesOfHeads(made);
    const page = attentionPage({
      title: text,
      text,
      pair: text,
      attention: made,
      shares: sharesOfHeads(made),
      drawn: drawn as never,
    });
    expect(page).not.toContain("<img");
    expect(page.split("&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &#39;")).toHaveLength(5);
  });

  it.each([
    [["--layer", "3"], "--layer"],
    [["--head", "3"], "--head"],
  ])("refuses %j", async (words, field) => {
    const refused = await inspect(bert, "the cat", "--json", ...words);
    expect(refused).toMatchObject({ exitCode: 2, error: { field, expected: "a whole number from 1 to 2" } });
  });

  it("refuses texts that are too long to draw, and flags that would do nothing", async () => {
    const long = await inspect(gpt2, "the cat ".repeat(200), "--json");
    expect(long).toMatchObject({ exitCode: 2, error: { kind: "data", expected: "1 to 128 tokens" } });
    const idle = await runCloze(["inspect", bert, "--head", "1", "--json"]);
    expect(idle).toMatchObject({ exitCode: 2, error: { field: "--head" } });
  });
});
