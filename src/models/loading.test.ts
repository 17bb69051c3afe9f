/** Folders in and out: what is read where, what is drawn anew, what is written back. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type NamedTensor, openSafetensors, writeSafetensors } from "../checkpoints/index.ts";
import { Random } from "../random.ts";
import { BertForMaskedLM, BertForPreTraining, BertModel, GPT2LMHeadModel } from "./classes.ts";
import { AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForPreTraining } from "./index.ts";

const golden = (name: string): string => fileURLToPath(new URL(`../../test/golden/models/${name}`, import.meta.url));
const bertFolder = golden("bert-BertForPreTraining");
const gpt2Folder = golden("gpt2-GPT2LMHeadModel");
const scratch = mkdtempSync(join(tmpdir(), "cloze-models-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const fresh = (): string => mkdtempSync(join(scratch, "folder-"));

const options = (warnings: string[] = []) => ({ threads: 1, onWarning: (text: string) => warnings.push(text) });
const ids = { inputIds: [[5, 6, 7]] };

describe("fromPretrained", () => {
  it("says what is odd in one line of the console", async () => {
    const lines: unknown[][] = [];
    const spy = vi.spyOn(console, "warn").mockImplementation((...words) => void lines.push(words));
    await BertModel.fromPretrained(bertFolder);
    spy.mockRestore();
    expect(lines).toEqual([[expect.stringMatching(/in the file, but not part of this model: cls\./)]]);
  });

  it("reads every parameter without a word", async () => {
    const warnings: string[] = [];
    const model = await BertForPreTraining.fromPretrained(bertFolder, options(warnings));
    expect(warnings).toEqual([]);
    const file = await openSafetensors(join(bertFolder, "model.safetensors"));
    expect(new Set(model.parameters.keys())).toEqual(new Set(file.names));
    for (const [name, parameter] of model.parameters)
      expect(model.store.view(parameter)).toEqual(await file.read(name));
    expect(model.tied).toEqual(
      new Map([
        ["cls.predictions.decoder.weight", "bert.embeddings.word_embeddings.weight"],
        ["cls.predictions.decoder.bias", "cls.predictions.bias"],
      ]),
    );
  });

  it("takes a base model out of a file with a head, and says what is left over, in one line", async () => {
    const warnings: string[] = [];
    const model = await BertModel.fromPretrained(bertFolder, options(warnings));
    expect(warnings).toEqual([expect.stringMatching(/not part of this model: cls\..* and 3 more\.$/)]);
    const whole = await BertForPreTraining.fromPretrained(bertFolder, options());
    expect((await model(ids)).poolerOutput?.dims).toEqual([1, 12]);
    const word = model.parameters.get("embeddings.word_embeddings.weight");
    expect(model.store.view(word as never)).toEqual(whole.store.view(whole.bert.embeddings.words.weight));
  });

  it("draws what a file lacks from the given stream, and says so", async () => {
    const base = fresh();
    await (await BertModel.fromPretrained(bertFolder, options())).savePretrained(base);
    const load = async (seed: number, warnings: string[]) => {
      const model = await BertForMaskedLM.fromPretrained(base, { ...options(warnings), random: new Random(seed) });
      return model.store.view(model.predictions.dense.weight);
    };
    const warnings: string[] = [];
    const first = await load(1, warnings);
    expect(warnings).toEqual([expect.stringMatching(/newly drawn: cls\.predictions.*Train the model/)]);
    expect(first.some((value) => value !== 0)).toBe(true);
    expect(await load(1, [])).toEqual(first);
    expect(await load(2, [])).not.toEqual(first);
  });

  it("reads files as they were published: no prefix, stored masks, old names, a tied weight twice", async () => {
    const published = async (from: string, rename: (name: string) => string, more: Record<string, number[]>) => {
      const folder = fresh();
      const file = await openSafetensors(join(from, "model.safetensors"));
      const tensors: NamedTensor[] = [];
      for (const [name, { shape }] of file.tensors)
        tensors.push({ name: rename(name), shape, data: await file.read(name) });
      for (const [name, shape] of Object.entries(more)) {
        const isHead = name === "lm_head.weight";
        const size = shape.reduce((product, length) => product * length, 1);
        tensors.push({
          name,
          shape,
          data: isHead ? await file.read("transformer.wte.weight") : new Float32Array(size),
        });
      }
      await writeSafetensors(join(folder, "model.safetensors"), tensors);
      cpSync(join(from, "config.json"), join(folder, "config.json"));
      return folder;
    };
    const warnings: string[] = [];
    const gpt2 = await published(gpt2Folder, (name) => name.replace("transformer.", ""), {
      "h.0.attn.bias": [1, 1, 16, 16],
      "h.1.attn.masked_bias": [1],
      "lm_head.weight": [43, 12],
    });
    const ours = await GPT2LMHeadModel.fromPretrained(gpt2, options(warnings));
    const reference = await GPT2LMHeadModel.fromPretrained(gpt2Folder, options());
    expect(ours.store.values).toEqual(reference.store.values);
    const old = (name: string): string =>
      name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
    const bert = await published(bertFolder, old, { "bert.embeddings.position_ids": [1, 16] });
    expect((await BertForPreTraining.fromPretrained(bert, options(warnings))).store.values).toEqual(
      (await BertForPreTraining.fromPretrained(bertFolder, options())).store.values,
    );
    expect(warnings).toEqual([]);
  });

  it("takes two weights as two where the file holds two, whatever its config says", async () => {
    const folder = fresh();
    const untied = golden("bert-BertForMaskedLM-untied");
    const file = await openSafetensors(join(untied, "model.safetensors"));
    const tensors: NamedTensor[] = [];
    for (const [name, { shape }] of file.tensors) {
      // The bias has one name only, and stands for both.
      if (name !== "cls.predictions.bias") tensors.push({ name, shape, data: await file.read(name) });
    }
    await writeSafetensors(join(folder, "model.safetensors"), tensors);
    const config = JSON.parse(readFileSync(join(untied, "config.json"), "utf8"));
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, tie_word_embeddings: true }));
    const warnings: string[] = [];
    const model = await BertForMaskedLM.fromPretrained(folder, options(warnings));
    expect(warnings).toEqual([expect.stringMatching(/cls\.predictions\.decoder\.weight should be tied/)]);
    const reference = await BertForMaskedLM.fromPretrained(untied, options());
    expect((await model(ids)).logits.data).toEqual((await reference(ids)).logits.data);
    expect(model.config.tieWordEmbeddings).toBe(false);
  });

  it("replaces settings, and refuses unknown ones and unknown options", async () => {
    const model = await BertModel.fromPretrained(bertFolder, { ...options(), config: { layerNormEps: 1e-5 } });
    expect(model.config.layerNormEps).toBe(1e-5);
    expect(model.config.vocabSize).toBe(41);
    const wrong = BertModel.fromPretrained(bertFolder, { ...options(), config: { layerNormEpsilon: 1 } });
    await expect(wrong).rejects.toMatchObject({ kind: "configuration", field: "layerNormEpsilon" });
    const misspelt = BertModel.fromPretrained(bertFolder, { thread: 1 } as never);
    await expect(misspelt).rejects.toMatchObject({ kind: "configuration", hint: "Did you mean threads?" });
  });

  it("refuses folders that do not fit, naming file and field", async () => {
    await expect(BertModel.fromPretrained(gpt2Folder)).rejects.toMatchObject({
      kind: "checkpoint",
      field: "model_type",
    });
    const other = fresh();
    cpSync(bertFolder, other, { recursive: true });
    const config = JSON.parse(readFileSync(join(other, "config.json"), "utf8"));
    writeFileSync(join(other, "config.json"), JSON.stringify({ ...config, intermediate_size: 21 }));
    await expect(BertModel.fromPretrained(other, options())).rejects.toMatchObject({
      kind: "checkpoint",
      file: join(other, "model.safetensors"),
      expected: "[21, 12]",
      received: "[20, 12]",
    });
    writeFileSync(join(other, "config.json"), JSON.stringify({ ...config, num_attention_heads: 5 }));
    await expect(BertModel.fromPretrained(other, options())).rejects.toMatchObject({ field: "num_attention_heads" });
    writeFileSync(join(other, "config.json"), JSON.stringify({ ...config, add_cross_attention: true }));
    await expect(BertModel.fromPretrained(other, options())).rejects.toMatchObject({ field: "add_cross_attention" });
    writeFileSync(join(other, "config.json"), JSON.stringify({ ...config, position_embedding_type: "relative_key" }));
    await expect(BertModel.fromPretrained(other, options())).rejects.toMatchObject({
      field: "position_embedding_type",
    });
    rmSync(join(other, "model.safetensors"));
    writeFileSync(join(other, "config.json"), JSON.stringify(config));
    await expect(BertModel.fromPretrained(other)).rejects.toMatchObject({ kind: "checkpoint", file: other });
  });

  it("never looks for a path elsewhere, and offline says that a name was not downloaded", async () => {
    for (const path of ["./nowhere", "../nowhere", "/nowhere", "~/nowhere"]) {
      await expect(AutoModel.fromPretrained(path)).rejects.toMatchObject({ kind: "checkpoint", file: path });
    }
    for (const id of ["bert-base-uncased", "google-bert/bert-base-uncased"]) {
      await expect(AutoModel.fromPretrained(id)).rejects.toMatchObject({ kind: "configuration", file: id });
    }
  });
});

describe("savePretrained", () => {
  it.each(["bert-BertForPreTraining", "bert-BertForMaskedLM-untied", "gpt2-GPT2LMHeadModel"])(
    "%s: the same bytes come back",
    async (name) => {
      const folder = fresh();
      const warnings: string[] = [];
      const loader = name.includes("MaskedLM") ? AutoModelForMaskedLM : AutoModelForPreTraining;
      await (await loader.fromPretrained(golden(name), options(warnings))).savePretrained(folder);
      expect(warnings).toEqual([]);
      for (const file of ["model.safetensors", "config.json"]) {
        expect(readFileSync(join(folder, file)).equals(readFileSync(join(golden(name), file))), file).toBe(true);
      }
    },
  );

  it("stores halves when asked, names the class, and keeps unknown settings and the generation's", async () => {
    const source = fresh();
    cpSync(gpt2Folder, source, { recursive: true });
    const config = JSON.parse(readFileSync(join(source, "config.json"), "utf8"));
    const { architectures: _, ...unnamed } = config;
    writeFileSync(join(source, "config.json"), JSON.stringify({ ...unnamed, my_own_note: { kept: [1.0, "x"] } }));
    writeFileSync(join(source, "generation_config.json"), '{"eos_token_id": 7}\n');
    const folder = fresh();
    const model = await GPT2LMHeadModel.fromPretrained(source, options());
    await model.savePretrained(folder, { dtype: "bfloat16" });
    const saved = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    expect(saved).toEqual({ ...config, dtype: "bfloat16", my_own_note: { kept: [1, "x"] } });
    expect(readFileSync(join(folder, "generation_config.json"), "utf8")).toBe('{"eos_token_id": 7}\n');
    const weights = await openSafetensors(join(folder, "model.safetensors"));
    for (const { dtype } of weights.tensors.values()) expect(dtype).toBe("BF16");
    const again = await GPT2LMHeadModel.fromPretrained(folder, options());
    const [first, second] = [model.store.values, again.store.values];
    for (const [at, value] of first.entries()) {
      expect(Math.abs((second[at] as number) - value)).toBeLessThanOrEqual(Math.abs(value) / 256);
    }
  });

  it("refuses a model without values, and unknown options", async () => {
    const model = new BertModel((await AutoConfig.fromPretrained(bertFolder)) as never);
    await expect(model.savePretrained(fresh())).rejects.toMatchObject({ kind: "configuration" });
    await expect(model.savePretrained(fresh(), { dType: "x" } as never)).rejects.toMatchObject({ field: "dType" });
  });
});

describe("the automatic classes", () => {
  it("load the class of a folder's architecture for their task", async () => {
    expect((await AutoModel.fromPretrained(bertFolder, options())).constructor.name).toBe("BertModel");
    expect((await AutoModel.fromPretrained(gpt2Folder, options())).constructor.name).toBe("GPT2Model");
    expect((await AutoModelForMaskedLM.fromPretrained(bertFolder, options())).constructor.name).toBe("BertForMaskedLM");
    const model = await AutoModelForCausalLM.fromPretrained(gpt2Folder, options());
    expect((await model(ids)).logits.dims).toEqual([1, 3, 43]);
    await expect(AutoModelForMaskedLM.fromPretrained(gpt2Folder)).rejects.toMatchObject({
      kind: "configuration",
      received: "maskedLM",
    });
  });

  it("know the oldest files by their class, and say when nothing is known", async () => {
    const old = fresh();
    cpSync(bertFolder, old, { recursive: true });
    const { model_type: _, ...config } = JSON.parse(readFileSync(join(old, "config.json"), "utf8"));
    writeFileSync(join(old, "config.json"), JSON.stringify(config));
    expect((await AutoModel.fromPretrained(old, options())).constructor.name).toBe("BertModel");
    writeFileSync(join(old, "config.json"), JSON.stringify({ ...config, architectures: null }));
    await expect(AutoModel.fromPretrained(old)).rejects.toMatchObject({ kind: "checkpoint", field: "model_type" });
    writeFileSync(join(old, "config.json"), JSON.stringify({ ...config, model_type: 3 }));
    await expect(AutoModel.fromPretrained(old)).rejects.toMatchObject({ kind: "configuration", received: "3" });
    writeFileSync(join(old, "config.json"), "[]");
    await expect(AutoModel.fromPretrained(old)).rejects.toMatchObject({ kind: "checkpoint" });
  });

  it("make a new model from a configuration", async () => {
    const config = await AutoConfig.forModel("gpt2", { vocabSize: 30, nEmbd: 8, nHead: 2, nLayer: 1, nPositions: 6 });
    const model = await AutoModelForCausalLM.fromConfig(config, { random: new Random(3), threads: 1 });
    expect((await model(ids)).logits.dims).toEqual([1, 3, 30]);
  });
});
