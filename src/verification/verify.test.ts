/** The reference folders of the repository hold, and whatever is wrong with one is found. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type NamedTensor, openSafetensors, writeSafetensors } from "../checkpoints/index.ts";
import { type VerificationResult, verify } from "./index.ts";

const golden = fileURLToPath(new URL("../../test/golden/models/", import.meta.url));
const folders = readdirSync(golden, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
const scratch = mkdtempSync(join(tmpdir(), "cloze-verification-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const quiet = { threads: 1, onWarning: () => {} } as const;
const causal = join(golden, "gpt2-GPT2LMHeadModel");

/** A copy of a folder with its reference.json changed. */
function changed(name: string, change: (reference: Record<string, unknown>) => void): string {
  const copy = mkdtempSync(join(scratch, "copy-"));
  cpSync(join(golden, name), copy, { recursive: true });
  const file = join(copy, "reference.json");
  const reference = JSON.parse(readFileSync(file, "utf8"));
  change(reference);
  writeFileSync(file, JSON.stringify(reference));
  return copy;
}

/** A copy of a folder with the tensors of its reference changed. */
async function changedTensors(name: string, change: (tensors: Map<string, NamedTensor>) => void): Promise<string> {
  const copy = changed(name, () => {});
  const file = join(copy, "reference.safetensors");
  const source = await openSafetensors(file);
  const tensors = new Map<string, NamedTensor>();
  for (const [key, { shape }] of source.tensors) tensors.set(key, { name: key, shape, data: await source.read(key) });
  change(tensors);
  await writeSafetensors(file, tensors.values());
  return copy;
}

describe("verify", () => {
  it.each(folders)("%s: all that it holds", async (folder) => {
    const path = join(golden, folder);
    const report = await verify(path, quiet);
    expect(report.results.filter((result) => !result.ok)).toEqual([]);
    expect(report).toMatchObject({ path, ok: true, failed: 0, checked: report.results.length });
    const reference = await openSafetensors(join(path, "reference.safetensors"));
    const names = (prefix: string) =>
      reference.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    const found = (kind: string) => report.results.filter((result) => result.kind === kind).map(({ name }) => name);
    expect(found("outputs")).toEqual(names("output.").filter((name) => !name.startsWith("trained.")));
    expect(found("gradients")).toEqual(names("grad."));
    const trained = names("output.").filter((name) => name.startsWith("trained."));
    const { generation = [] } = JSON.parse(readFileSync(join(path, "reference.json"), "utf8"));
    expect(found("generation").length).toBe(generation.length);
    expect(found("curve")).toEqual(trained.length > 0 ? ["losses", ...trained] : []);
  });

  it("narrows to the kinds that are asked for, and tells each result as it comes", async () => {
    const told: VerificationResult[] = [];
    const report = await verify(causal, { ...quiet, only: ["curve"], onResult: (result) => told.push(result) });
    expect(new Set(report.results.map(({ kind }) => kind))).toEqual(new Set(["curve"]));
    expect(told).toEqual(report.results);
  });

  it("fails when nothing was checked", async () => {
    const report = await verify(join(golden, "gpt2-GPT2Model-past"), { ...quiet, only: ["curve"] });
    expect(report).toMatchObject({ ok: false, checked: 0, failed: 0 });
  });

  it("fails on an output, a parameter or a class that is not known here", async () => {
    const more = await changedTensors("gpt2-GPT2LMHeadModel", (tensors) => {
      const logits = tensors.get("output.logits") as NamedTensor;
      tensors.set("output.cross_attentions.0", { ...logits, name: "output.cross_attentions.0" });
      tensors.set("grad.transformer.h.9.ln_1.bias", {
        name: "grad.transformer.h.9.ln_1.bias",
        shape: [1],
        data: new Float32Array(1),
      });
    });
    const failed = (await verify(more, quiet)).results.filter(({ ok }) => !ok);
    expect(failed.map(({ name }) => name)).toEqual(["cross_attentions.0", "transformer.h.9.ln_1.bias"]);
    const unknown = changed("gpt2-GPT2LMHeadModel", (reference) => {
      reference.class = "NoSuchModel";
    });
    expect(await verify(unknown, quiet)).toMatchObject({ ok: false, checked: 1, failed: 1 });
  });

  it("fails when a parameter has a gradient that it should not have", async () => {
    const path = changed("bert-BertForPreTraining", (reference) => {
      reference.no_gradient = ["bert.pooler.dense.bias", "bert.no.such.weight"];
    });
    const failed = (await verify(path, { ...quiet, only: ["gradients"] })).results.filter(({ ok }) => !ok);
    expect(failed.map(({ name }) => name)).toEqual(["bert.pooler.dense.bias", "bert.no.such.weight"]);
  });

  it("compares gradients that are zero but for rounding absolutely", async () => {
    const name = "bert.encoder.layer.0.attention.self.key.bias";
    const path = await changedTensors("bert-BertForPreTraining", (tensors) => {
      const { data } = tensors.get(`grad.${name}`) as NamedTensor;
      (data as Float32Array).fill(1.2e-6);
    });
    const failed = (await verify(path, { ...quiet, only: ["gradients"] })).results.filter(({ ok }) => !ok);
    expect(failed.map((result) => result.name)).toEqual([name]);
  });

  it("loads parameters that the file lacks from the reference", async () => {
    const weights = await openSafetensors(join(golden, "bert-BertForPreTraining", "model.safetensors"));
    const name = "cls.seq_relationship.weight";
    const head = { name, shape: weights.tensors.get(name)?.shape ?? [], data: await weights.read(name) };
    const path = await changedTensors("bert-BertForPreTraining", (tensors) => {
      tensors.set(`param.${name}`, { ...head, name: `param.${name}` });
    });
    const rest: NamedTensor[] = [];
    for (const [key, { shape }] of weights.tensors) {
      if (key !== name) rest.push({ name: key, shape, data: await weights.read(key) });
    }
    await writeSafetensors(join(path, "model.safetensors"), rest);
    const warnings: string[] = [];
    expect((await verify(path, { ...quiet, onWarning: (text) => warnings.push(text) })).ok).toBe(true);
    expect(warnings).toEqual([expect.stringContaining(name)]);
  });

  it("compares generated ids exactly, and the scores of beams", async () => {
    const path = changed("gpt2-GPT2LMHeadModel", ({ generation }) => {
      const [greedy, beams] = generation as { output_ids: number[][]; sequences_scores: number[] }[];
      greedy?.output_ids[1]?.splice(-1, 1, 1);
      beams?.sequences_scores.splice(0, 1, 0);
      (generation as object[]).push({ kwargs: { dola_layers: "low" }, input_ids: [[5]], output_ids: [[5, 6]] });
    });
    const { results } = await verify(path, { ...quiet, only: ["generation"] });
    expect(results.map(({ ok }) => ok)).toEqual([false, false, true, true, false]);
    expect(results[0]?.reason).toBe("output_ids");
    expect(results[1]?.reason).toBe("sequences_scores");
    expect(results[4]?.reason).toMatch(/dolaLayers/);
    const base = changed("gpt2-GPT2Model-past", (reference) => {
      reference.generation = [{ kwargs: {}, input_ids: [[5]], output_ids: [[5, 6]] }];
    });
    expect((await verify(base, { ...quiet, only: ["generation"] })).failed).toBe(1);
  });

  it("refuses a path without a reference, a broken one, and options that it does not know", async () => {
    await expect(verify(golden)).rejects.toMatchObject({ kind: "checkpoint", file: golden });
    await expect(verify(join(golden, "nowhere"))).rejects.toMatchObject({ kind: "checkpoint" });
    const broken = changed("gpt2-GPT2LMHeadModel", (reference) => {
      reference.class = 7;
    });
    await expect(verify(broken)).rejects.toMatchObject({ kind: "checkpoint", field: "class" });
    writeFileSync(join(broken, "reference.json"), "{");
    await expect(verify(broken)).rejects.toMatchObject({ kind: "checkpoint" });
    await expect(verify(causal, { only: ["outptus" as never] })).rejects.toMatchObject({ kind: "configuration" });
    await expect(verify(causal, { tolerence: 1 } as never)).rejects.toMatchObject({ hint: "Did you mean tolerance?" });
    await expect(verify(causal, { tolerance: Number.NaN })).rejects.toMatchObject({ field: "tolerance" });
  });
});
