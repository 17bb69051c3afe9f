/** `cloze export` as it is typed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCloze } from "../../test/support/fake-terminal.ts";

const bert = fileURLToPath(new URL("../../test/golden/pipelines/bert", import.meta.url));
const gpt2 = fileURLToPath(new URL("../../test/golden/pipelines/gpt2", import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-export-command-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = (...words: string[]): Promise<Awaited<ReturnType<typeof runCloze>>> =>
  runCloze(["export", "--model", bert, "--threads", "1", ...words]);

describe("cloze export", () => {
  it("tells what it made, as a table and as JSON", async () => {
    const output = join(folder, "made");
    const shown = await command("--output", output);
    expect(shown).toMatchObject({ exitCode: 0, stderr: "" });
    expect(shown.stdout).toMatch(/onnx\/model\.onnx +\d+ kB +\S+ +2e-5 +1\.00000\n/);
    expect(shown.stdout).toContain('pipeline("fill-mask", "made", { dtype: "q8" })');
    const json = await command("--output", output, "--overwrite", "--json", "--dtype", "fp32");
    expect(json).toMatchObject({ exitCode: 0, stderr: "" });
    expect(json.lines).toEqual([
      {
        model: bert,
        output,
        task: "fill-mask",
        class: "BertForMaskedLM",
        inputs: ["input_ids", "attention_mask", "token_type_ids"].map((name) => ({
          name,
          dims: ["batch_size", "sequence_length"],
        })),
        outputs: [{ name: "logits", dims: ["batch_size", "sequence_length", 44] }],
        leftOut: [],
        hasTokenizer: true,
        files: [
          {
            file: "onnx/model.onnx",
            dtype: "fp32",
            bytes: expect.any(Number),
            maxRelative: expect.any(Number),
            minCosine: expect.any(Number),
            allowedDrift: 2e-5,
          },
        ],
      },
    ]);
    expect(readdirSync(join(output, "onnx"))).toEqual(["model.onnx"]);
  });

  it("ends with 1 for drift and 2 for what cannot be asked, and leaves nothing", async () => {
    const output = join(folder, "refused");
    const drifted = await command("--output", output, "--max-drift", "1e-9", "--json");
    expect(drifted.exitCode).toBe(1);
    expect(drifted.error).toMatchObject({ kind: "parity", file: "onnx/model_quantized.onnx" });
    const words = ["export", "--model", gpt2, "--task", "fill-mask", "--output", output, "--json"];
    const decoder = await runCloze(words);
    expect(decoder.exitCode).toBe(2);
    expect(decoder.error).toMatchObject({ kind: "configuration", field: "--task", expected: "text-generation" });
    const unknown = await command("--output", output, "--dtype", "q4", "--json");
    expect(unknown).toMatchObject({ exitCode: 2, error: { field: "--dtype", received: "q4" } });
    expect(existsSync(output)).toBe(false);
    mkdirSync(output);
    writeFileSync(join(output, "mine.txt"), "");
    const full = await command("--output", output, "--json");
    expect(full).toMatchObject({ exitCode: 2, error: { field: "--output", file: output } });
    expect(readdirSync(output)).toEqual(["mine.txt"]);
  });
});
