/**
 * A test of the tests: models with one deliberate mistake each. Every one must fail verification; a mistake that passes
 * shows that the tolerances are too wide or that nothing looks there.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  add,
  addDimensions,
  at,
  concat,
  gelu,
  linear,
  matmul,
  mul,
  range,
  relu,
  reshape,
  type SymbolicTensor,
  slice,
} from "../graph/index.ts";
import {
  AlbertForPreTraining,
  BertForPreTraining,
  BertForQuestionAnswering,
  BertForSequenceClassification,
  BertLMHeadModel,
  type BertModel,
  DistilBertForMaskedLM,
  GPT2ForSequenceClassification,
  GPT2LMHeadModel,
  GPT2Model,
  OpenAIGPTDoubleHeadsModel,
  OpenAIGPTLMHeadModel,
  RobertaForCausalLM,
  RobertaForMaskedLM,
} from "../models/classes.ts";
import type { AnyModel, ModelClass } from "../models/index.ts";
import { Conv1DLinear, crossEntropy, type Linear } from "../nn/index.ts";
import { verify } from "./index.ts";

const folder = (name: string): string => fileURLToPath(new URL(`../../test/golden/models/${name}`, import.meta.url));

/** Any concrete class, so that others can extend it. */
type ConcreteClass = typeof BertModel;

/** The class with other settings than the folder's. */
function configured(modelClass: ModelClass, changes: object): ModelClass {
  return class extends (modelClass as unknown as ConcreteClass) {
    constructor(config: BertModel["config"]) {
      super({ ...config, ...changes });
    }
  };
}

/** The class with something done to each model. */
function altered<M extends AnyModel>(modelClass: ModelClass<M>, alter: (model: M) => void): ModelClass {
  return class extends (modelClass as unknown as ConcreteClass) {
    constructor(config: BertModel["config"]) {
      super(config);
      alter(this as unknown as M);
    }
  };
}

/** Replaces a module's `forward` by one that is given the true one. */
function wrap<A extends unknown[], R>(
  module: { forward(...args: A): R },
  forward: (original: (...args: A) => R, ...args: A) => R,
): void {
  const original = module.forward.bind(module);
  Object.assign(module, { forward: (...args: A) => forward(original, ...args) });
}

const withoutBias = (layer: Linear | Conv1DLinear): void =>
  wrap(layer, (_, x: SymbolicTensor) => matmul(x, layer.weight, { transposeRight: !(layer instanceof Conv1DLinear) }));

const shiftPositions = (model: { positions: { forward(positions: SymbolicTensor): SymbolicTensor } }): void =>
  wrap(model.positions, (look, positions) => look(add(positions, 1)));

/** mask [..., Tk] with everything one key to the right. */
function shiftKeys(mask: SymbolicTensor): SymbolicTensor {
  const axis = mask.rank - 1;
  const first = slice(mask, { axis, start: 0, length: 1 });
  const length = at(mask.shape, axis);
  return slice(concat(first, mask, { axis }), { axis, start: 0, length });
}

/** mask [B, 1, T, Tk]: what the last query may see, for all: only padding is hidden. */
function lastRow(mask: SymbolicTensor): SymbolicTensor {
  return slice(mask, { axis: 2, start: addDimensions(at(mask.shape, 2), 1, -1), length: 1 });
}

/** Every query sees what the next one may. */
function rowsUp(mask: SymbolicTensor): SymbolicTensor {
  const rest = addDimensions(at(mask.shape, 2), 1, -1);
  return concat(slice(mask, { axis: 2, start: 1, length: rest }), lastRow(mask), { axis: 2 });
}

const bert = (alter: (model: BertForPreTraining) => void): ModelClass => altered(BertForPreTraining, alter);
const layers = (alter: (layer: BertModel["layers"][number]) => void): ModelClass =>
  bert((model) => model.bert.layers.forEach(alter));
const gpt2 = (alter: (model: GPT2LMHeadModel) => void): ModelClass => altered(GPT2LMHeadModel, alter);
const blocks = (alter: (layer: GPT2Model["layers"][number]) => void): ModelClass =>
  gpt2((model) => model.transformer.layers.forEach(alter));

const bertMutants: Record<string, ModelClass> = {
  "LayerNorm ε of 1e-5 for 1e-12": configured(BertForPreTraining, { layerNormEps: 1e-5 }),
  "GELU by tanh for erf": configured(BertForPreTraining, { hiddenAct: "gelu_new" }),
  "another padding row": configured(BertForPreTraining, { padTokenId: 0 }),
  "no padding row": configured(BertForPreTraining, { padTokenId: null }),
  "no bias in a value": bert((model) =>
    withoutBias((model.bert.layers[0] as BertModel["layers"][number]).attention.value),
  ),
  "no bias in the last output": bert((model) =>
    withoutBias((model.bert.layers[1] as BertModel["layers"][number]).output),
  ),
  "no bias in the pooler": bert((model) => withoutBias(model.bert.pooler as Linear)),
  "positions shifted by one": bert((model) => shiftPositions(model.bert.embeddings)),
  "segments ignored": bert((model) => wrap(model.bert.embeddings.tokenTypes, (look, types) => look(mul(types, 0)))),
  "no LayerNorm over the embeddings": bert((model) => wrap(model.bert.embeddings.norm, (_, x) => x)),
  "no mask": layers((layer) => wrap(layer.attention, (attend, hidden) => attend(hidden))),
  "a mask off by one": layers((layer) =>
    wrap(layer.attention, (attend, hidden, inputs) =>
      attend(hidden, { mask: shiftKeys(inputs?.mask as SymbolicTensor) }),
    ),
  ),
  "scores divided by √d + 1": layers((layer) =>
    wrap(layer.attention.query, (project, x) => mul(project(x), 2 / (2 + 1))),
  ),
  "no activation in the vocabulary head": bert((model) => {
    const { predictions } = model;
    wrap(predictions, (_, hidden) =>
      matmul(predictions.norm.forward(predictions.dense.forward(hidden)), predictions.decoder, {
        transposeRight: true,
      }),
    );
  }),
  "next-sentence labels the other way round": bert((model) =>
    wrap(model, (forward, inputs) => {
      const next = inputs.nextSentenceLabel as SymbolicTensor;
      return forward({ ...inputs, nextSentenceLabel: add(mul(next, -1), 1) });
    }),
  ),
  "word vectors too long by 6e-5": bert((model) =>
    wrap(model.bert.embeddings.words, (look, ids) => mul(look(ids), 1 + 6e-5)),
  ),
};

const gpt2Mutants: Record<string, ModelClass> = {
  "LayerNorm ε of 1e-6 for 1e-5": configured(GPT2LMHeadModel, { layerNormEpsilon: 1e-6 }),
  "GELU by erf for tanh": configured(GPT2LMHeadModel, { activationFunction: "gelu" }),
  "layers not scaled by their number": configured(GPT2LMHeadModel, { scaleAttnByInverseLayerIdx: false }),
  "scores not divided by √d": configured(GPT2LMHeadModel, { scaleAttnWeights: false }),
  "no bias in queries, keys and values": blocks((layer) => withoutBias(layer.attention.queryKeyValue)),
  "no bias in the last contraction": gpt2((model) =>
    withoutBias((model.transformer.layers[1] as GPT2Model["layers"][number]).contraction),
  ),
  "positions shifted by one": gpt2((model) => shiftPositions(model.transformer)),
  "no final LayerNorm": gpt2((model) => wrap(model.transformer.norm, (_, x) => x)),
  "a triangle off by one": blocks((layer) =>
    wrap(layer.attention, (attend, hidden, inputs) =>
      attend(hidden, { ...inputs, mask: rowsUp(inputs.mask as SymbolicTensor) }),
    ),
  ),
  "no triangle": blocks((layer) =>
    wrap(layer.attention, (attend, hidden, inputs) =>
      attend(hidden, { ...inputs, mask: lastRow(inputs.mask as SymbolicTensor) }),
    ),
  ),
  "padding seen": gpt2((model) =>
    wrap(model.transformer, (forward, { attentionMask: _, ...inputs }) => forward(inputs)),
  ),
  "labels not shifted": gpt2((model) =>
    wrap(model, (forward, { labels, ...inputs }) => {
      const outputs = forward(inputs);
      return labels === undefined ? outputs : { ...outputs, loss: crossEntropy(outputs.logits, labels) };
    }),
  ),
  "a query seen one window too short": gpt2((model) =>
    wrap(model.transformer, (forward, inputs) => forward({ ...inputs, attentionWindows: [7, 7] })),
  ),
};

const pastMutants: Record<string, ModelClass> = {
  "positions that do not count the past": altered(GPT2Model, (model) =>
    wrap(model.positions, (look, positions) => look(add(positions, -4))),
  ),
  "the past behind the present": altered(GPT2Model, (model) => {
    for (const layer of model.layers) {
      wrap(layer.attention, (attend, hidden, { mask, past }) =>
        attend(hidden, { mask, past: past && { key: past.value, value: past.key } }),
      );
    }
  }),
};

/** Positions that are counted over padding too. */
const countAll = (model: RobertaForMaskedLM): void =>
  wrap(model.roberta.embeddings, (embed, inputs) => {
    const length = at((inputs.inputIds as SymbolicTensor).shape, 1);
    const positionIds = reshape(range({ start: 4, length }), { shape: [1, length] });
    return embed({ ...inputs, positionIds });
  });

const robertaMutants: Record<string, ModelClass> = {
  "positions that count padding": altered(RobertaForMaskedLM, countAll),
  "a vocabulary head with the layers' activation": altered(RobertaForMaskedLM, (model) =>
    wrap(model.predictions, (_, hidden) => {
      const { dense, norm, decoder, decoderBias } = model.predictions;
      return linear(norm.forward(relu(dense.forward(hidden))), decoder, decoderBias, { transposeWeight: true });
    }),
  ),
  "a position table without a padding row": altered(RobertaForMaskedLM, ({ roberta: { embeddings } }) =>
    Object.assign(embeddings.positions, { paddingIndex: undefined }),
  ),
};

const crossMutants = (modelClass: ModelClass): Record<string, ModelClass> => ({
  "no attention to the encoder": altered(modelClass, (model) =>
    wrap(model, (forward, { encoderHiddenStates: _, encoderAttentionMask: __, ...inputs }) => forward(inputs)),
  ),
  "the encoder's padding seen": altered(modelClass, (model) =>
    wrap(model, (forward, { encoderAttentionMask: _, ...inputs }) => forward(inputs)),
  ),
});

const albertMutants: Record<string, ModelClass> = {
  "the first group for all layers": altered(AlbertForPreTraining, ({ albert }) =>
    Object.assign(albert, { config: { ...albert.config, numHiddenGroups: 1 } }),
  ),
  "no bias from words to layers": altered(AlbertForPreTraining, ({ albert }) => withoutBias(albert.widening)),
  "orders the other way round": altered(AlbertForPreTraining, (model) =>
    wrap(model, (forward, inputs) => {
      const order = inputs.sentenceOrderLabel as SymbolicTensor;
      return forward({ ...inputs, sentenceOrderLabel: add(mul(order, -1), 1) });
    }),
  ),
};

const gptMutants: Record<string, ModelClass> = {
  "GELU by erf for tanh": altered(OpenAIGPTLMHeadModel, (model) => {
    for (const layer of model.transformer.layers) {
      wrap(layer, (_, hidden, masks) => {
        const attended = layer.attention.forward(hidden, masks);
        const normed = layer.attentionNorm.forward(add(hidden, attended.output));
        const expanded = gelu(layer.expansion.forward(normed), { approximate: "none" });
        const output = layer.outputNorm.forward(add(normed, layer.contraction.forward(expanded)));
        return { output, probabilities: attended.probabilities };
      });
    }
  }),
  "padding seen": altered(OpenAIGPTLMHeadModel, (model) =>
    wrap(model.transformer, (forward, { attentionMask: _, ...inputs }) => forward(inputs)),
  ),
};

const doubleMutants: Record<string, ModelClass> = {
  "the last token for the choice": altered(OpenAIGPTDoubleHeadsModel, (model) =>
    wrap(model, (forward, { mcTokenIds: _, ...inputs }) => forward(inputs)),
  ),
  "a choice without activation": configured(OpenAIGPTDoubleHeadsModel, { summaryActivation: null }),
};

const headMutants: [reference: string, unchanged: ModelClass, mutants: Record<string, ModelClass>][] = [
  [
    "bert-BertForSequenceClassification-several",
    BertForSequenceClassification,
    { "numbers for yes or no": configured(BertForSequenceClassification, { problemType: "regression" }) },
  ],
  [
    "bert-BertForQuestionAnswering",
    BertForQuestionAnswering,
    {
      "beginnings for ends": altered(BertForQuestionAnswering, (model) =>
        wrap(model, (forward, inputs) => {
          const { startLogits, endLogits, ...rest } = forward(inputs);
          return { ...rest, startLogits: endLogits, endLogits: startLogits };
        }),
      ),
    },
  ],
  [
    "distilbert-DistilBertForMaskedLM",
    DistilBertForMaskedLM,
    {
      "another padding row": configured(DistilBertForMaskedLM, { padTokenId: 0 }),
      "the layers' activation left out": configured(DistilBertForMaskedLM, { activation: "linear" }),
    },
  ],
  [
    "gpt2-GPT2ForSequenceClassification",
    GPT2ForSequenceClassification,
    { "padding taken for text": configured(GPT2ForSequenceClassification, { padTokenId: 0 }) },
  ],
];

const suites: [reference: string, unchanged: ModelClass, mutants: Record<string, ModelClass>][] = [
  ["bert-BertForPreTraining", BertForPreTraining, bertMutants],
  ["gpt2-GPT2LMHeadModel", GPT2LMHeadModel, gpt2Mutants],
  ["gpt2-GPT2Model-past", GPT2Model, pastMutants],
  ["roberta-RobertaForMaskedLM", RobertaForMaskedLM, robertaMutants],
  ["roberta-RobertaForCausalLM-cross", RobertaForCausalLM, crossMutants(RobertaForCausalLM)],
  ["bert-BertLMHeadModel-cross", BertLMHeadModel, crossMutants(BertLMHeadModel)],
  ["gpt2-GPT2LMHeadModel-cross", GPT2LMHeadModel, crossMutants(GPT2LMHeadModel)],
  ["albert-AlbertForPreTraining", AlbertForPreTraining, albertMutants],
  ["openai-gpt-OpenAIGPTLMHeadModel", OpenAIGPTLMHeadModel, gptMutants],
  ["openai-gpt-OpenAIGPTDoubleHeadsModel", OpenAIGPTDoubleHeadsModel, doubleMutants],
  ...headMutants,
];

describe.each(suites)("mutants of %s", (reference, unchanged, mutants) => {
  const failures = async (modelClass: ModelClass) => {
    const report = await verify(folder(reference), { modelClass, threads: 1, onWarning: () => {} });
    return report.results.filter(({ ok }) => !ok);
  };

  it("without a mistake, it passes", async () => {
    expect(await failures(altered(unchanged, () => {}))).toEqual([]);
  });

  it.each(Object.entries(mutants))("%s is found", async (_, mutant) => {
    const found = await failures(mutant);
    expect(found.length).toBeGreaterThan(0);
    // By its numbers, not because it could not be run.
    expect(found.some(({ maxAbsoluteError }) => maxAbsoluteError > 0)).toBe(true);
  });
});
