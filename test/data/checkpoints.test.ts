/** Opens every folder of the reference data, and compares what is in it with what its own description says. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import {
  boolean,
  defineConfig,
  integer,
  matchKeys,
  nullable,
  number,
  oneOrMore,
  openCheckpoint,
  openSafetensors,
  openWeights,
  probability,
  requireFit,
  saveCheckpoint,
  size,
  text,
  type WantedTensor,
  type Weights,
} from "../../src/checkpoints/index.ts";

const models = fileURLToPath(new URL("../../../shared/golden/models", import.meta.url));
const available = existsSync(models);
if (!available) console.warn(`The reference folders are not at ${models}: the checkpoint suite is skipped.`);
const folders = available ? readdirSync(models).sort() : [];
const scratch = mkdtempSync(join(tmpdir(), "cloze-checkpoints-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Reference {
  tied: Record<string, string>;
  frozen: string[];
  no_gradient: string[];
}

const reference = (folder: string): Reference =>
  JSON.parse(readFileSync(join(models, folder, "reference.json"), "utf8"));

async function allValues(weights: Weights): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const name of weights.tensors.keys()) values.set(name, await weights.read(name));
  return values;
}

const withWeights = folders.filter((folder) =>
  readdirSync(join(models, folder)).some((file) => /^(model\.safetensors|pytorch_model\.bin)/.test(file)),
);

describe.skipIf(!available)("reference folders", () => {
  it("are all there", () => {
    expect(withWeights.length).toBe(118);
  });

  it.each(withWeights)("%s: weights, gradients and ties agree", async (folder) => {
    const { weights, modelType, config } = await openCheckpoint(join(models, folder));
    expect(modelType).toBe(JSON.parse(config.text).model_type);
    const { tied, frozen, no_gradient } = reference(folder);
    const vectors = await openSafetensors(join(models, folder, "reference.safetensors"));
    const gradients = new Map<string, WantedTensor>();
    for (const [name, info] of vectors.tensors) if (name.startsWith("grad.")) gradients.set(name.slice(5), info);

    // Everything that has a gradient is in the file, or given beside the vectors, or belongs to a head that the file lacks.
    const match = matchKeys(weights.tensors, gradients, { basePrefix: "bert", tied, ignore: [/position_ids$/] });
    requireFit(match, weights.file);
    const missing = match.missing.filter((name) => !vectors.tensors.has(`param.${name}`));
    expect(missing.filter((name) => !(folder.endsWith("-bare-bin") && name.startsWith("classifier.")))).toEqual([]);
    // Everything else in the file is said to have none, or belongs to a head that the class lacks.
    const explained = [...frozen, ...no_gradient, ...Object.keys(tied), "final_logits_bias"];
    const unexpected = match.unexpected.filter((name) => !explained.includes(name));
    expect(unexpected.filter((name) => !(folder.endsWith("-from-head") && name.startsWith("cls.")))).toEqual([]);
    const isThere = (name: string): boolean => weights.tensors.has(name) || vectors.tensors.has(`param.${name}`);
    if (!folder.endsWith("-bin")) expect(Object.values(tied).filter((name) => !isThere(name))).toEqual([]);

    for (const [name, values] of await allValues(weights)) {
      expect((values as Float32Array).length).toBe(weights.tensors.get(name)!.shape.reduce((a, b) => a * b, 1));
      if (values instanceof Float32Array) expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  it.each(["bert-BertForMaskedLM-sharded", "bert-BertForMaskedLM-float16", "roberta-RobertaForMaskedLM-bfloat16"])(
    "%s: written again, the values and the bytes of a single file are the same",
    async (folder) => {
      const weights = await openWeights(join(models, folder));
      const values = await allValues(weights);
      const [{ dtype } = { dtype: "F32" }] = weights.tensors.values();
      const tensors = [...weights.tensors].map(([name, { shape }]) => ({
        name,
        shape,
        data: values.get(name) as Float32Array,
      }));
      const type = ({ F32: "float32", F16: "float16", BF16: "bfloat16" } as const)[dtype as "F32" | "F16" | "BF16"];
      await saveCheckpoint(join(scratch, folder), { tensors, config: "{}", dtype: type });
      const again = await openWeights(join(scratch, folder));
      expect(await allValues(again)).toEqual(values);
      const single = join(models, folder, "model.safetensors");
      if (!existsSync(single)) return;
      expect(Buffer.compare(readFileSync(again.file), readFileSync(single))).toBe(0);
    },
  );
});

/** The published defaults of the reference's BertConfig and GPT2Config, with which config.json must come back unchanged. */
const bert = defineConfig("bert", {
  vocabSize: size(30522),
  hiddenSize: size(768),
  numHiddenLayers: size(12),
  numAttentionHeads: size(12),
  intermediateSize: size(3072),
  hiddenAct: text("gelu"),
  hiddenDropoutProb: probability(0.1),
  attentionProbsDropoutProb: probability(0.1),
  maxPositionEmbeddings: size(512),
  typeVocabSize: size(2),
  initializerRange: number(0.02),
  layerNormEps: number(1e-12),
  padTokenId: nullable(integer(), 0),
  bosTokenId: nullable(integer()),
  eosTokenId: nullable(oneOrMore(integer(), 0)),
  classifierDropout: nullable(number()),
  useCache: boolean(true),
  isDecoder: boolean(false),
  addCrossAttention: boolean(false),
  tieWordEmbeddings: boolean(true),
});

describe.skipIf(!available)("config.json", () => {
  it.each(folders.filter((folder) => folder.startsWith("bert-")))("%s comes back unchanged", (folder) => {
    const file = join(models, folder, "config.json");
    const original = readFileSync(file, "utf8");
    const config = bert.parse(original, file, { onWarning: (warning) => expect.fail(warning) });
    expect(Object.keys(config.extra).filter((key) => key !== "transformers_version")).toEqual([]);
    expect(bert.stringify(config)).toBe(original);
  });

  it.each(folders.filter((folder) => existsSync(join(models, folder, "config.json"))))(
    "%s: what no field knows comes back unchanged",
    (folder) => {
      const file = join(models, folder, "config.json");
      const original = readFileSync(file, "utf8");
      const modelType = JSON.parse(original).model_type;
      // T5's own default, which its encoder alone departs from.
      const definition = defineConfig(modelType, modelType === "t5" ? { isEncoderDecoder: boolean(true) } : {});
      const config = definition.parse(original, file);
      expect(JSON.parse(definition.stringify(config))).toEqual(renamed(JSON.parse(original)));
    },
  );
});

/** Version 4 wrote torch_dtype; it is written under today's name. */
function renamed({ torch_dtype, ...config }: Record<string, unknown>): Record<string, unknown> {
  return torch_dtype === undefined ? config : { ...config, dtype: torch_dtype };
}
