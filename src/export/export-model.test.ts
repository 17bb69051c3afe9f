/** Exported folders, opened by transformers.js and run by both engines: they give the model's own outputs. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  AutoModel as ForeignModel,
  Tensor as ForeignTensor,
  pipeline as foreignPipeline,
} from "@huggingface/transformers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEngine } from "#runtime";
import { ClozeError } from "../errors.ts";
import { type AnyModel, AutoConfig, loadArchitecture, type ModelTask } from "../models/index.ts";
import { pipeline } from "../pipelines/index.ts";
import { Random } from "../random.ts";
import { Executable } from "../runtime/executable.ts";
import { Tensor } from "../tensor/index.ts";
import { exportModel, type exportTasks } from "./index.ts";

const bert = fileURLToPath(new URL("../../test/golden/pipelines/bert", import.meta.url));
const gpt2 = fileURLToPath(new URL("../../test/golden/pipelines/gpt2", import.meta.url));
const small = { vocabSize: 48, hiddenSize: 32, numHiddenLayers: 2, numAttentionHeads: 4, intermediateSize: 40 };
/** Their settings; the classifiers have two labels, as question answering needs. */
const architectures: Readonly<Record<string, object>> = {
  bert: { ...small, maxPositionEmbeddings: 40, initializerRange: 0.3 },
  roberta: { ...small, maxPositionEmbeddings: 42, typeVocabSize: 1, padTokenId: 1, initializerRange: 0.3 },
  albert: { ...small, embeddingSize: 16, maxPositionEmbeddings: 40, initializerRange: 0.3 },
  distilbert: {
    vocabSize: 48,
    dim: 32,
    nLayers: 2,
    nHeads: 4,
    hiddenDim: 40,
    maxPositionEmbeddings: 40,
    initializerRange: 0.3,
  },
};
const heads: readonly (readonly [ModelTask, (typeof exportTasks)[number]])[] = [
  ["base", "feature-extraction"],
  ["maskedLM", "fill-mask"],
  ["sequenceClassification", "text-classification"],
  ["tokenClassification", "token-classification"],
  ["questionAnswering", "question-answering"],
  ["multipleChoice", "multiple-choice"],
  ["nextSentencePrediction", "next-sentence-prediction"],
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-export-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function madeModel(modelType: string, task: ModelTask, changes: object = {}): Promise<AnyModel> {
  const { tasks } = await loadArchitecture(modelType);
  const config = await AutoConfig.forModel(modelType, { ...architectures[modelType], ...changes });
  const model = new (tasks[task] as new (config: unknown) => AnyModel)(config);
  return model.initialize(new Random(7), { threads: 1 });
}

/** Rows of unequal length; [B, C, T] when `dims` are three. */
function inputsOf(names: readonly string[], dims: readonly number[], random: Random): Record<string, Tensor> {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const tokens = dims.at(-1) as number;
  const element = (name: string, index: number): number => {
    if (name === "input_ids") return 2 + random.integer(46);
    if (name === "token_type_ids") return random.integer(2);
    return index >= tokens && index % tokens > tokens / 2 ? 0 : 1;
  };
  const entries = names.map((name) => {
    const data = BigInt64Array.from({ length: size }, (_, index) => BigInt(element(name, index)));
    return [name, new Tensor("int64", data, dims)] as const;
  });
  return Object.fromEntries(entries);
}

const camelCase = (name: string): string => name.replace(/_[a-z]/g, (part) => part.charAt(1).toUpperCase());

function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [error, scale] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    error = Math.max(error, Math.abs(Number(actual[index]) - Number(expected[index])));
    scale = Math.max(scale, Math.abs(Number(expected[index])));
  }
  return expected.length === actual.length ? error / scale : Number.POSITIVE_INFINITY;
}

describe.each(Object.keys(architectures))("%s", (modelType) => {
  it.each(heads)("exports %s for transformers.js", async (task, name) => {
    const { tasks } = await loadArchitecture(modelType);
    if (tasks[task] === undefined) return;
    const model = await madeModel(modelType, task);
    const [source, output] = ["saved", "exported"].map((what) => join(folder, `${modelType}-${task}-${what}`)) as [
      string,
      string,
    ];
    await model.savePretrained(source);
    const report = await exportModel(source, output, { maxDrift: 1, threads: 1 });
    expect(report.task).toBe(name);
    expect(report.className).toBe(tasks[task].name);
    expect(report.files.map(({ file }) => file)).toEqual(["onnx/model.onnx", "onnx/model_quantized.onnx"]);
    const [full, quantized] = report.files;
    expect(full?.drift.maxRelative).toBeLessThan(2e-5);
    expect(quantized?.drift.maxRelative).toBeGreaterThan(0);
    expect(readFileSync(join(output, "onnx/model.onnx")).includes("com.microsoft")).toBe(false);

    const names = report.inputs.map((port) => port.name);
    const open = async (device: string, file: string): Promise<Executable> =>
      Executable.open(await createEngine(device), readFileSync(join(output, file)), report, { threads: 1 });
    const [wasm, bytes] = [await open("wasm", "onnx/model.onnx"), await open("cpu", "onnx/model_quantized.onnx")];
    const foreign = await Promise.all(
      (["fp32", "q8"] as const).map((dtype) => ForeignModel.from_pretrained(output, { dtype, local_files_only: true })),
    );
    for (const [rows, tokens] of [
      [1, 5],
      [3, 17],
    ] as const) {
      const dims = task === "multipleChoice" ? [rows, 2, tokens] : [rows, tokens];
      const inputs = inputsOf(names, dims, new Random(tokens));
      const own = await model(
        Object.fromEntries(Object.entries(inputs).map(([key, value]) => [camelCase(key), value])),
      );
      const feeds = Object.entries(inputs).map(([key, value]) => [
        key,
        new ForeignTensor("int64", value.data, [...dims]),
      ]);
      const [theirs, eightBit] = await Promise.all(foreign.map((run) => run(Object.fromEntries(feeds))));
      const [inBrowser, ownEightBit] = [await wasm.run(inputs), await bytes.run(inputs)];
      for (const port of report.outputs) {
        const expected = own[camelCase(port.name)];
        expect(theirs[port.name].dims).toEqual(expected.dims);
        expect(relativeError(theirs[port.name].data, expected.data), port.name).toBeLessThan(2e-5);
        expect(relativeError(inBrowser[port.name]?.data as Float32Array, expected.data), port.name).toBeLessThan(2e-5);
        const ownBytes = ownEightBit[port.name]?.data as Float32Array;
        expect(relativeError(eightBit[port.name].data, ownBytes), port.name).toBeLessThan(1e-4);
      }
    }
    await Promise.all([wasm.release(), bytes.release()]);
    await Promise.all(foreign.map((run) => run.dispose()));
  });
});

describe("exportModel", () => {
  it("brings a tokenizer, so that pipelines answer alike", async () => {
    const output = join(folder, "with-tokenizer");
    const report = await exportModel(bert, output, { threads: 1 });
    expect(report).toMatchObject({ task: "fill-mask", className: "BertForMaskedLM", hasTokenizer: true });
    const text = "the [MASK] sat on the mat";
    const own = await (await pipeline("fill-mask", bert, { threads: 1 }))(text);
    const theirs = await (await foreignPipeline("fill-mask", output, { dtype: "fp32", local_files_only: true }))(text);
    expect(theirs).toHaveLength(5);
    for (const [index, answer] of (theirs as { token: number; score: number }[]).entries()) {
      const other = own[index] as (typeof own)[number] & { token: number; score: number };
      expect(other.token).toBe(answer.token);
      expect(other.score).toBeCloseTo(answer.score, 5);
    }
  });

  it("leaves out what the folder has no weights for, and refuses when nothing is left", async () => {
    const source = join(folder, "masked");
    await (await madeModel("bert", "maskedLM")).savePretrained(source);
    const base = await exportModel(source, join(folder, "base"), {
      task: "feature-extraction",
      types: ["fp32"],
      threads: 1,
    });
    expect(base.outputs.map(({ name }) => name)).toEqual(["last_hidden_state"]);
    expect(base.leftOut).toEqual(["pooler_output"]);
    const refused = exportModel(source, join(folder, "classes"), { task: "text-classification", threads: 1 });
    await expect(refused).rejects.toMatchObject({ kind: "configuration", field: "bert.pooler.dense.weight" });
    expect(existsSync(join(folder, "classes"))).toBe(false);
  });

  it("says in the settings that there is an 8-bit file alone", async () => {
    const output = join(folder, "bytes-alone");
    await exportModel(bert, output, { types: ["q8"], threads: 1 });
    expect(readdirSync(join(output, "onnx"))).toEqual(["model_quantized.onnx"]);
    const model = await ForeignModel.from_pretrained(output, { local_files_only: true });
    await model.dispose();
  });

  it("leaves nothing behind when a file drifts too far", async () => {
    const parent = join(folder, "drifting");
    const refused = exportModel(bert, join(parent, "out"), { maxDrift: 1e-9, threads: 1 });
    await expect(refused).rejects.toThrow(ClozeError);
    await expect(refused).rejects.toMatchObject({
      kind: "parity",
      file: "onnx/model_quantized.onnx",
      field: "--max-drift",
    });
    expect(readdirSync(parent)).toEqual([]);
  });

  it("keeps what was there until the new folder is whole", async () => {
    const output = join(folder, "replaced");
    cpSync(bert, output, { recursive: true });
    await expect(exportModel(bert, output, { maxDrift: 1e-9, overwrite: true, threads: 1 })).rejects.toThrow("differ");
    expect(readdirSync(output)).toEqual(readdirSync(bert));
    await exportModel(bert, output, { overwrite: true, threads: 1 });
    expect(existsSync(join(output, "model.safetensors"))).toBe(false);
  });

  it("exports GPT-2, which goes on from the keys and values of what it has read", async () => {
    const output = join(folder, "gpt2-out");
    const report = await exportModel(gpt2, output, { maxDrift: 1, threads: 1 });
    expect(report).toMatchObject({ task: "text-generation", className: "GPT2LMHeadModel", leftOut: [] });
    expect(report.inputs.map(({ name, shape }) => `${name} [${shape.join()}]`)).toEqual([
      "input_ids [batch_size,sequence_length]",
      "attention_mask [batch_size,past_sequence_length + sequence_length]",
      "position_ids [batch_size,sequence_length]",
      ...[0, 1].flatMap((layer) =>
        ["key", "value"].map((part) => `past_key_values.${layer}.${part} [batch_size,2,past_sequence_length,8]`),
      ),
    ]);
    for (const { type, drift } of report.files) {
      if (type === "fp32") expect(drift.maxRelative).toBeLessThan(2e-5);
      else expect(drift.minCosine).toBeGreaterThan(0.95);
    }
    const settings = { local_files_only: true, dtype: "fp32" } as const;
    const [own, theirs] = [
      await pipeline("text-generation", gpt2, { threads: 1 }),
      await foreignPipeline("text-generation", output, settings),
    ];
    for (const text of ["the cat sat on", "a", "the dog and the bird ran under the"]) {
      const [ours] = await own(text, { maxNewTokens: 12, doSample: false });
      const [answer] = (await theirs(text, { max_new_tokens: 12, do_sample: false })) as { generated_text: string }[];
      expect(answer?.generated_text).toBe(ours?.generatedText);
    }
  });

  it("refuses what transformers.js does not know", async () => {
    const source = join(folder, "openai-gpt");
    const config = await AutoConfig.forModel("openai-gpt", {
      vocabSize: 20,
      nEmbd: 8,
      nLayer: 1,
      nHead: 1,
      nPositions: 8,
    });
    const { tasks } = await loadArchitecture("openai-gpt");
    const model = new (tasks.causalLM as new (config: unknown) => AnyModel)(config).initialize(new Random(1));
    await model.savePretrained(source);
    const refused = exportModel(source, join(folder, "openai-gpt-out"));
    await expect(refused).rejects.toMatchObject({ kind: "configuration", field: "model_type", received: "openai-gpt" });
  });

  it.each([
    [gpt2, "text-classification"],
    [bert, "text-generation"],
  ] as const)("refuses %s for %s", async (source, task) => {
    const refused = exportModel(source, join(folder, "wrong-task"), { task });
    await expect(refused).rejects.toMatchObject({ kind: "configuration", field: "--task", received: task });
  });

  it("refuses a BERT that is a decoder", async () => {
    const source = join(folder, "decoder");
    await (await madeModel("bert", "causalLM", { isDecoder: true })).savePretrained(source);
    const refused = exportModel(source, join(folder, "decoder-out"));
    await expect(refused).rejects.toMatchObject({ kind: "configuration", received: "bert with is_decoder" });
  });

  it("exports a classifier of more than two labels", async () => {
    const source = join(folder, "three-labels");
    await (await madeModel("bert", "sequenceClassification", { numLabels: 3 })).savePretrained(source);
    const { outputs } = await exportModel(source, join(folder, "three-labels-out"), { types: ["fp32"], threads: 1 });
    expect(outputs.map(({ shape }) => shape.map(String))).toEqual([["batch_size", "3"]]);
  });

  it("refuses options that it does not know", async () => {
    await expect(exportModel(bert, join(folder, "never"), { dtype: "q8" } as never)).rejects.toThrow("dtype");
    writeFileSync(join(folder, "a-file"), "");
    await expect(exportModel(bert, join(folder, "a-file"), { types: ["q8"], threads: 1 })).rejects.toThrow(ClozeError);
  });
});
