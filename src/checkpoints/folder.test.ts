import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CheckpointError } from "../errors.ts";
import { openCheckpoint, openWeights, saveCheckpoint } from "./folder.ts";
import { writeSafetensors } from "./safetensors.ts";

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-folder-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const tensor = (name: string, ...values: number[]) => ({
  name,
  shape: [values.length],
  data: Float32Array.from(values),
});
const tensors = [tensor("a", 1, 2), tensor("b", 3)];

async function writeShards(weightMap: unknown): Promise<void> {
  await writeSafetensors(at("model-00001-of-00002.safetensors"), [tensors[0]!]);
  await writeSafetensors(at("model-00002-of-00002.safetensors"), [tensors[1]!]);
  writeFileSync(at("model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map: weightMap }));
}

describe("saving and opening", () => {
  it("gives back what was saved, in a new folder and in an existing one", async () => {
    const contents = { tensors, config: '{"model_type": "tiny"}', generationConfig: '{"max_length": 3}' };
    await saveCheckpoint(at("new", "model"), contents);
    const checkpoint = await openCheckpoint(at("new", "model"));
    expect(checkpoint).toMatchObject({
      modelType: "tiny",
      config: { file: at("new", "model", "config.json"), text: contents.config },
      generationConfig: { text: contents.generationConfig },
    });
    expect(await checkpoint.weights.readFloat32("a")).toEqual(new Float32Array([1, 2]));
    expect(readdirSync(at("new", "model")).sort()).toEqual([
      "config.json",
      "generation_config.json",
      "model.safetensors",
    ]);

    writeFileSync(at("vocab.txt"), "kept");
    await saveCheckpoint(folder, { tensors, config: "{}", dtype: "float16" });
    const again = await openCheckpoint(folder);
    expect(again.modelType).toBeUndefined();
    expect(again.generationConfig).toBeUndefined();
    expect(again.weights.tensors.get("b")?.dtype).toBe("F16");
    expect(await again.weights.readFloat32("b")).toEqual(new Float32Array([3]));
    expect(readFileSync(at("vocab.txt"), "utf8")).toBe("kept");
  });

  it("leaves no folder behind when saving fails", async () => {
    const broken = { ...tensors[0]!, shape: [7] };
    await expect(saveCheckpoint(at("new"), { tensors: [broken], config: "{}" })).rejects.toBeInstanceOf(
      CheckpointError,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it("takes safetensors before PyTorch's own file", async () => {
    copyFileSync(
      fileURLToPath(new URL("../../test/golden/checkpoints/pytorch.bin", import.meta.url)),
      at("pytorch_model.bin"),
    );
    expect((await openWeights(folder)).file).toBe(at("pytorch_model.bin"));
    await writeSafetensors(at("model.safetensors"), tensors);
    expect((await openWeights(folder)).file).toBe(at("model.safetensors"));
  });
});

describe("several files", () => {
  it("reads through the index", async () => {
    await writeShards({ b: "model-00002-of-00002.safetensors", a: "model-00001-of-00002.safetensors" });
    const weights = await openWeights(folder);
    expect([...weights.tensors.keys()]).toEqual(["b", "a"]);
    expect(await weights.read("a")).toEqual(new Float32Array([1, 2]));
    const into = new Float32Array(1);
    expect(await weights.readFloat32("b", into)).toBe(into);
    expect(into[0]).toBe(3);
    await expect(weights.read("c")).rejects.toBeInstanceOf(CheckpointError);
  });

  it.each<[string, unknown]>([
    ["no map", undefined],
    ["a list", []],
    ["a number for a file", { a: 1 }],
    ["a file above", { a: "../model.safetensors" }],
    ["a file below", { a: "x/model.safetensors" }],
    ["a file elsewhere", { a: "/etc/model.safetensors" }],
    ["a path of Windows", { a: "..\\model.safetensors" }],
    ["a drive of Windows", { a: "C:model.safetensors" }],
    ["a name with a null", { a: "model\0.safetensors" }],
    ["another kind of file", { a: "config.json" }],
    ["a file that is absent", { a: "other.safetensors" }],
    ["a tensor that its file has not", { c: "model-00001-of-00002.safetensors" }],
  ])("refuses an index with %s", async (_, weightMap) => {
    await writeShards(weightMap);
    await expect(openWeights(folder)).rejects.toBeInstanceOf(CheckpointError);
  });

  it("refuses an index that names a tensor twice", async () => {
    await writeShards({});
    const shard = '"model-00001-of-00002.safetensors"';
    writeFileSync(at("model.safetensors.index.json"), `{"weight_map": {"a": ${shard}, "a": ${shard}}}`);
    await expect(openWeights(folder)).rejects.toMatchObject({ kind: "checkpoint", field: "a" });
  });
});

describe("what cannot be opened", () => {
  it("is named", async () => {
    await expect(openCheckpoint(at("absent"))).rejects.toMatchObject({ file: at("absent", "config.json") });
    writeFileSync(at("config.json"), "{}");
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ file: folder, received: "none of them" });
    writeFileSync(at("tf_model.h5"), "");
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ received: "tf_model.h5 (TensorFlow weights)" });
    await expect(openCheckpoint(at("config.json"))).rejects.toBeInstanceOf(CheckpointError);
    mkdirSync(at("model.safetensors"));
    await expect(openCheckpoint(folder)).rejects.toBeInstanceOf(CheckpointError);
  });

  it.each(["", "[]", "3", "{", '{"model_type": 3}', '{"model_type": null}'])("is a config of %j", async (config) => {
    await writeSafetensors(at("model.safetensors"), tensors);
    writeFileSync(at("config.json"), config);
    await expect(openCheckpoint(folder)).rejects.toMatchObject({ kind: "checkpoint", file: at("config.json") });
  });
});
