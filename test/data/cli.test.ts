/** The commands over the reference data beside the repository. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runCloze } from "../support/fake-terminal.ts";

const golden = fileURLToPath(new URL("../../../shared/golden", import.meta.url));
const available = existsSync(golden);
if (!available) console.warn(`The reference folders are not at ${golden}: the command line suite is skipped.`);

const models = [
  ...["bert-BertModel", "bert-BertForPreTraining", "bert-BertForMaskedLM", "bert-BertForNextSentencePrediction"],
  ...["gpt2-GPT2Model", "gpt2-GPT2LMHeadModel"],
];

describe.skipIf(!available)("verify", () => {
  it.each(models)("finds %s equal to the reference, with a line for each value", async (name) => {
    const path = join(golden, "models", name);
    const { lines, exitCode, stderr } = await runCloze([
      ...["verify", path, "--only", "outputs,gradients,curve", "--json"],
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const { training } = JSON.parse(readFileSync(join(path, "reference.json"), "utf8"));
    const kinds = ["outputs", "gradients", ...(training === undefined ? [] : ["curve"])];
    expect(lines.at(-1)).toEqual({ path, ok: true, checked: lines.length - 1, failed: 0 });
    expect(new Set(lines.slice(0, -1).map(({ kind }) => kind))).toEqual(new Set(kinds));
    for (const line of lines.slice(0, -1)) {
      expect(Object.keys(line)).toEqual(["path", "name", "kind", "maxAbsoluteError", "maxRelativeError", "ok"]);
    }
  });

  it("takes several paths, and fails where an architecture is unknown", async () => {
    const paths = ["gpt2-GPT2Model", "torch-GRU"].map((name) => join(golden, "models", name));
    const { lines, exitCode, error } = await runCloze(["verify", ...paths, "--only", "outputs", "--json"]);
    const summaries = lines.filter((line) => "checked" in line);
    expect(summaries.map(({ path }) => path)).toEqual(paths);
    expect(summaries.map(({ ok }) => ok)[0]).toBe(true);
    if (summaries[1]?.ok === false) expect({ exitCode, kind: error.kind }).toEqual({ exitCode: 1, kind: "parity" });
  });
});

describe.skipIf(!available)("tokenizer encode", () => {
  it("gives the reference's ids, tokens and offsets for every plain case", async () => {
    const folder = join(golden, "tokenizers", "bert-base-chinese");
    const all = readFileSync(join(folder, "cases.jsonl"), "utf8").trimEnd().split("\n");
    const cases = all
      .map((line) => JSON.parse(line))
      .filter(({ text, pair, options, error }) => {
        const isLine = typeof text === "string" && text !== "" && !/[\n\r\u2028\u2029\u0085\f\v]/.test(text);
        return isLine && pair === undefined && error === undefined && Object.keys(options ?? {}).length === 0;
      });
    expect(cases.length).toBeGreaterThan(20);
    const inputs = cases.flatMap(({ text }) => ["--input", text]);
    const { lines, exitCode } = await runCloze(["tokenizer", "encode", "--tokenizer", folder, ...inputs]);
    expect(exitCode).toBe(0);
    for (const [index, reference] of cases.entries()) {
      expect(lines[index]).toMatchObject({
        inputIds: reference.input_ids,
        tokens: reference.tokens,
        offsetMapping: reference.offset_mapping_utf16 ?? reference.offset_mapping,
      });
    }
  });
});

describe.skipIf(!available)("inspect", () => {
  it("counts the parameters that the file holds, in files of every age", async () => {
    for (const name of [
      "bert-BertForPreTraining",
      "bert-BertForPreTraining-legacy-bin",
      "bert-BertForMaskedLM-sharded",
    ]) {
      const { lines, exitCode } = await runCloze(["inspect", join(golden, "models", name), "--json"]);
      expect(exitCode).toBe(0);
      const { parameters, weights, parts } = lines[0] as {
        parameters: number;
        weights: { bytes: number };
        parts: { parameters: number }[];
      };
      expect(parts.reduce((sum, part) => sum + part.parameters, 0)).toBe(parameters);
      // The oldest file also holds position numbers and the tied decoder.
      if (name.endsWith("bin")) expect(weights.bytes).toBeGreaterThan(4 * parameters);
      else expect(weights.bytes).toBe(4 * parameters);
    }
  });
});
