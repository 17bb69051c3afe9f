/** What a classifier over layers says is what its formula says of the hidden states that it returns. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import entityStarts from "../../test/golden/pipelines/entity-starts.json" with { type: "json" };
import { goldenModel } from "../../test/support/pipeline-cases.ts";
import { Random } from "../random.ts";
import type { Tensor } from "../tensor/index.ts";
import { AutoModelForSequenceClassification } from "./auto.ts";
import { bert } from "./bert.ts";
import { layerClassifier } from "./layer-classifier.ts";

const sizes = { vocabSize: 30, hiddenSize: 8, numHiddenLayers: 4, numAttentionHeads: 2, intermediateSize: 12 };
const inputs = {
  inputIds: [
    [2, 7, 9, 3],
    [2, 5, 3, 0],
  ],
  attentionMask: [
    [1, 1, 1, 1],
    [1, 1, 1, 0],
  ],
};

function model(featureLayers: string, task: "sequenceClassification" | "tokenClassification") {
  const config = bert.configuration.create({ ...sizes, numLabels: 3, featureLayers, initializerRange: 0.4 });
  return new (layerClassifier(bert, task))(config).initialize(new Random(3), { threads: 1 });
}

/** [B][T][D] of each layer. */
const listed = ({ hiddenStates }: { hiddenStates: readonly Tensor[] }): number[][][][] =>
  hiddenStates.map((state) => state.tolist() as number[][][]);

const meanOf = (vectors: readonly number[][]): number[] =>
  (vectors[0] ?? []).map((_, at) => vectors.reduce((sum, vector) => sum + (vector[at] as number), 0) / vectors.length);

function classified(features: readonly number[], made: ReturnType<typeof model>): number[] {
  const [weight, bias] = ["classifier.weight", "classifier.bias"].map((name) => {
    const parameter = made.parameters.get(name);
    return parameter ? Array.from(made.store.view(parameter)) : [];
  }) as [number[], number[]];
  return bias.map((start, label) =>
    features.reduce((sum, value, at) => sum + value * (weight[label * features.length + at] as number), start),
  );
}

describe("a classifier over layers", () => {
  it.each(["0", "2", "last-four", "weighted-sum"])("reads %s", async (layers) => {
    const rows = model(layers, "sequenceClassification");
    const [weights, scale] = ["cloze_layers.weights", "cloze_layers.scale"].map((name) => rows.parameters.get(name));
    if (weights && scale) {
      rows.store.view(weights).set([0.3, -1, 0.5, 2, 0]);
      rows.store.view(scale).set([1.7]);
    }
    const outputs = await rows(inputs, { outputHiddenStates: true });
    const states = listed(outputs);
    const exponentials = [0.3, -1, 0.5, 2, 0].map(Math.exp);
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    const lengths = [4, 3];
    const expected = lengths.map((length, row) => {
      const pooled = states.map((layer) => meanOf((layer[row] ?? []).slice(0, length)));
      const features = {
        "last-four": pooled.slice(-4).flat(),
        "weighted-sum": (pooled[0] ?? []).map(
          (_, at) =>
            1.7 *
            pooled.reduce(
              (sum, own, layer) => sum + ((exponentials[layer] as number) / total) * (own[at] as number),
              0,
            ),
        ),
      }[layers];
      return classified(features ?? (pooled[Number(layers)] as number[]), rows);
    });
    const logits = outputs.logits.tolist() as number[][];
    logits.flat().forEach((value, at) => {
      expect(value).toBeCloseTo(expected.flat()[at] as number, 4);
    });
  });

  it("reads each token by itself", async () => {
    const tokens = model("3", "tokenClassification");
    const outputs = await tokens(inputs, { outputHiddenStates: true });
    const vector = listed(outputs)[3]?.[1]?.[2] as number[];
    const logits = (outputs.logits.tolist() as number[][][])[1]?.[2] as number[];
    classified(vector, tokens).forEach((value, label) => {
      expect(logits[label]).toBeCloseTo(value, 4);
    });
  });

  it.each(["5", "-1", "first", ""])("refuses %j of four layers", (layers) => {
    expect(() => model(layers, "sequenceClassification")).toThrow(expect.objectContaining({ field: "layers" }));
  });
});

describe("a classifier of the states where entities open", () => {
  const { inputIds, attentionMask, labels } = entityStarts;
  const silent = { threads: 1, onWarning: () => undefined };
  const loaded = async () => {
    const config = { entityStarts: entityStarts.entityStarts, numLabels: 3 };
    const made = await AutoModelForSequenceClassification.fromPretrained(goldenModel("bert"), { config, ...silent });
    const view = (name: string) => made.store.view(made.parameters.get(name) as never);
    view("classifier.weight").forEach((_, at, weight) => {
      weight[at] = Math.sin(1 + at);
    });
    view("classifier.bias").forEach((_, at, bias) => {
      bias[at] = Math.sin(-1 - at);
    });
    return made;
  };

  it("says what PyTorch says", async () => {
    const { logits, loss } = await (await loaded())({ inputIds, attentionMask, labels });
    const found = (logits.tolist() as number[][]).flat();
    for (const [at, value] of entityStarts.logits.flat().entries()) expect(found[at]).toBeCloseTo(value, 5);
    expect(loss?.tolist()).toBeCloseTo(entityStarts.loss, 5);
  });

  it("is saved as the encoder with our own key, and read back", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cloze-entity-starts-"));
    const made = await loaded();
    await made.savePretrained(folder);
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    expect(config).toMatchObject({ architectures: ["BertModel"], cloze_entity_starts: [18, 19] });
    const again = await AutoModelForSequenceClassification.fromPretrained(folder, silent);
    const [before, after] = [await made({ inputIds, attentionMask }), await again({ inputIds, attentionMask })];
    expect(after.logits.tolist()).toEqual(before.logits.tolist());
    await rm(folder, { recursive: true });
  });
});
