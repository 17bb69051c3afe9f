/** Graphs that are rewritten for inference give what plain ones give, on every engine. */
import { describe, expect, it } from "vitest";
import { createEngine } from "#runtime";
import { fuse, nodesOf, type Parameter, type SymbolicTensor, trace } from "../graph/index.ts";
import { Random } from "../random.ts";
import type { Buffers } from "../runtime/engine.ts";
import { Executable } from "../runtime/executable.ts";
import { BertModel, GPT2LMHeadModel } from "./classes.ts";
import { type AnyModel, AutoConfig, symbolicInputs } from "./index.ts";

const sizes = { vocabSize: 40, hiddenSize: 16, numHiddenLayers: 2, numAttentionHeads: 2, intermediateSize: 24 };
const narrow = { vocabSize: 40, nEmbd: 16, nLayer: 2, nHead: 2, nPositions: 32 };

async function bert(changes: object = {}): Promise<BertModel> {
  const config = await AutoConfig.forModel("bert", { ...sizes, initializerRange: 0.4, ...changes });
  return new BertModel(config as never).initialize(new Random(1));
}

async function gpt2(): Promise<GPT2LMHeadModel> {
  const config = await AutoConfig.forModel("gpt2", { ...narrow, initializerRange: 0.4 });
  return new GPT2LMHeadModel(config as never).initialize(new Random(2));
}

type Outputs = Record<string, SymbolicTensor>;

/** What `choose` takes of a model's outputs over inputs of these names. */
function traced(model: AnyModel, names: readonly string[], choose: (outputs: never) => Outputs): Outputs {
  const specs = model.inputSpecs(new Set(names));
  const { result } = trace({}, () => choose(model.forward(symbolicInputs(names, specs) as never) as never));
  return result;
}

function countOf(outputs: Outputs, operator: string): number {
  return nodesOf(Object.values(fuse(outputs))).filter((node) => node.operator === operator).length;
}

const int64 = (rows: readonly (readonly number[])[]): Buffers[string] => ({
  type: "int64",
  dims: [rows.length, rows[0]?.length ?? 0],
  data: BigInt64Array.from(rows.flat(), BigInt),
});

async function expectEqualRuns(model: AnyModel, outputs: Outputs, inputs: Buffers): Promise<void> {
  for (const device of ["cpu", "wasm"]) {
    const engine = await createEngine(device);
    const run = async (fused: boolean) => {
      const parameters = (parameter: Parameter): Float32Array => model.store.peek(parameter);
      const executable = await Executable.compile(engine, outputs, { parameters, fused }, { threads: 1 });
      const results = await executable.run(inputs);
      await executable.release();
      return results;
    };
    const [plain, fused] = [await run(false), await run(true)];
    for (const [name, { data, dims }] of Object.entries(plain)) {
      expect(fused[name]?.dims).toEqual(dims);
      const worst = (data as Float32Array).reduce(
        (most, value, index) => Math.max(most, Math.abs(value - Number(fused[name]?.data[index]))),
        0,
      );
      expect(worst, `${name} on ${device}`).toBeLessThan(2e-5);
    }
  }
}

const tokens = {
  inputIds: int64([
    [3, 4, 5, 6],
    [7, 8, 9, 0],
  ]),
  attentionMask: int64([
    [1, 1, 1, 1],
    [1, 1, 1, 0],
  ]),
};

describe("fused graphs", () => {
  it("equal plain ones in an encoder, masked or not", async () => {
    const model = await bert();
    const states = (outputs: { lastHiddenState: SymbolicTensor }): Outputs => ({ last: outputs.lastHiddenState });
    for (const names of [["inputIds"], ["inputIds", "attentionMask"]]) {
      const outputs = traced(model, names, states);
      expect(countOf(outputs, "linear")).toBe(0);
      await expectEqualRuns(model, outputs, tokens);
    }
  });

  it("equal plain ones where attention is asked for", async () => {
    const model = await bert({ hiddenAct: "gelu_new" });
    const outputs = traced(model, ["inputIds", "attentionMask"], (all: never) => {
      const { attentions, hiddenStates } = all as Record<string, SymbolicTensor[]>;
      return Object.fromEntries([...(attentions ?? []), ...(hiddenStates ?? [])].map((x, index) => [`x${index}`, x]));
    });
    await expectEqualRuns(model, outputs, tokens);
  });

  it("equal plain ones in a decoder, the states between its layers included", async () => {
    const model = await gpt2();
    const outputs = traced(model, ["inputIds", "attentionMask"], (all: never) => {
      const { logits, hiddenStates } = all as { logits: SymbolicTensor; hiddenStates: SymbolicTensor[] };
      return { logits, middle: hiddenStates[1] as SymbolicTensor };
    });
    await expectEqualRuns(model, outputs, tokens);
  });

  it("do not join a cache with what is added to it, an empty one included", async () => {
    const model = await gpt2();
    const caches = ["key", "value"].flatMap((part) => [0, 1].map((layer) => `pastKeyValues.${layer}.${part}`));
    const outputs = traced(model, ["inputIds", "attentionMask", ...caches], (all: never) => ({
      logits: (all as { logits: SymbolicTensor }).logits,
    }));
    expect(countOf(outputs, "concat")).toBe(2);
    for (const past of [0, 3]) {
      const data = Float32Array.from({ length: 2 * 2 * past * 8 }, (_, index) => Math.sin(index));
      const cache = { type: "float32", dims: [2, 2, past, 8], data } as const;
      const attentionMask = int64([0, 1].map((row) => [...Array(past).fill(1 - row), 1, 1, 1, 1]));
      const inputs = { ...tokens, attentionMask, ...Object.fromEntries(caches.map((name) => [name, cache])) };
      await expectEqualRuns(model, outputs, inputs);
    }
  });
});
