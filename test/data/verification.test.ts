/** Verification of references that are no models, over those beside the repository. */
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { verify } from "../../src/verification/index.ts";

const golden = fileURLToPath(new URL("../../../shared/golden", import.meta.url));
const available = existsSync(golden);
if (!available) console.warn(`The reference values are not at ${golden}: the verification suite is skipped.`);

describe.skipIf(!available)("other references (skipped without ../shared/golden)", () => {
  it.each([
    ["optimizers.json", 31],
    ["schedules.json", 38],
    ["clipping.json", 11],
  ])("training/%s", async (name, cases) => {
    const report = await verify(join(golden, "training", name));
    expect(report.results.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.checked).toBe(cases);
  });

  it.each([
    ["bleu.json", 84],
    ["chrf.json", 53],
    ["classification.json", 39],
    ["language_model.json", 29],
    ["qa.json", 65],
    ["retrieval.json", 32],
    ["rouge.json", 84],
    ["seqeval.json", 70],
    ["similarity.json", 30],
    ["spelling.json", 35],
    ["ter.json", 39],
  ])("metrics/%s", async (name, cases) => {
    const report = await verify(join(golden, "metrics", name));
    expect(report.results.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.checked).toBe(cases);
  });

  it("a kind that is not known yet is a failure, not a skip", async () => {
    expect(await verify(join(golden, "peft/ia3-bert"))).toMatchObject({ ok: false, failed: 1 });
  });

  it("a tokenizer that cannot be read is a failure, not a skip", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cloze-unreadable-"));
    try {
      cpSync(join(golden, "tokenizers", "bert-base-uncased"), folder, { recursive: true });
      writeFileSync(join(folder, "tokenizer.json"), "{");
      expect(await verify(folder)).toMatchObject({ ok: false, failed: 1 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
