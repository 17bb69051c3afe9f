import { describe, expect, it, vi } from "vitest";
import { CheckpointError, ConfigurationError } from "../errors.ts";
import { type ConfigOf, defineConfig } from "./config.ts";
import { boolean, integer, list, nullable, number, oneOf, oneOrMore, probability, size } from "./fields.ts";

const tinyConfig = defineConfig("tiny", {
  vocabSize: size(100),
  nEmbd: size(8, { otherKeys: ["hidden_size"] }),
  hiddenAct: oneOf(["gelu", "relu"], "gelu"),
  dropout: probability(0.1),
  layerNormEps: number(1e-12),
  initializerFactor: number(1),
  clampLen: integer(-1),
  tieWordEmbeddings: boolean(true),
  padTokenId: nullable(integer(), 0),
  eosTokenId: nullable(oneOrMore(integer(), 0)),
  sizes: list(size(), []),
  odd: integer(3, { key: "ODD-key" }),
});
type TinyConfig = ConfigOf<typeof tinyConfig>;

const parse = (members: object, onWarning: (text: string) => void = (text) => expect.fail(text)): TinyConfig =>
  tinyConfig.parse(JSON.stringify(members), "config.json", { onWarning });

describe("reading", () => {
  it("fills in the published defaults and types every field", () => {
    const config = parse({});
    const types: {
      act: "gelu" | "relu";
      pad: number | null;
      eos: number | readonly number[] | null;
      labels: number;
      dtype: string | null;
    } = {
      act: config.hiddenAct,
      pad: config.padTokenId,
      eos: config.eosTokenId,
      labels: config.numLabels,
      dtype: config.dtype,
    };
    expect(types).toEqual({ act: "gelu", pad: 0, eos: null, labels: 2, dtype: null });
    expect(config).toMatchObject({ modelType: "tiny", vocabSize: 100, layerNormEps: 1e-12, extra: {}, odd: 3 });
    // @ts-expect-error no such field
    expect(config.hiddenDropout).toBeUndefined();
  });

  it("takes published names, other names and null", () => {
    const config = parse({
      hidden_size: 16,
      pad_token_id: null,
      eos_token_id: [1, 2],
      "ODD-key": 5,
      model_type: "tiny",
    });
    expect(config).toMatchObject({ nEmbd: 16, padTokenId: null, eosTokenId: [1, 2], odd: 5 });
    expect(parse({ hidden_size: 16, n_embd: 32 }).nEmbd).toBe(32);
    expect(parse({ torch_dtype: "float16" }).dtype).toBe("float16");
    expect(parse({ torch_dtype: "float16", dtype: "bfloat16" }).dtype).toBe("bfloat16");
  });

  it.each<[string, unknown, string]>([
    ["vocab_size", "100", "an integer from 1 to 2147483647"],
    ["vocab_size", 0, "an integer from 1 to 2147483647"],
    ["vocab_size", 1.5, "an integer from 1 to 2147483647"],
    ["vocab_size", null, "an integer from 1 to 2147483647"],
    ["vocab_size", 1e15, "an integer from 1 to 2147483647"],
    ["hidden_size", -1, "an integer from 1 to 2147483647"],
    ["hidden_act", "swish", 'one of "gelu", "relu"'],
    ["dropout", 1.5, "a number from 0 to 1"],
    ["layer_norm_eps", "1e-12", "a number"],
    ["tie_word_embeddings", 1, "true or false"],
    ["pad_token_id", "0", "an integer, or null"],
    ["eos_token_id", [1, "2"], "an integer, or a list of such, or null"],
    ["sizes", [1, 0], "a list, each an integer from 1 to 2147483647"],
    ["sizes", { length: 0 }, "a list, each an integer from 1 to 2147483647"],
    ["id2label", { a: "0" }, "an object from integers to texts, or null"],
    ["id2label", { "-1": "a" }, "an object from integers to texts, or null"],
    ["id2label", { 0: 1 }, "an object from integers to texts, or null"],
    ["label2id", { a: "0" }, "an object of integers, or null"],
    ["num_labels", -1, "an integer from 0 to 100000"],
    ["num_labels", 1e300, "an integer from 0 to 100000"],
    ["architectures", "TinyModel", "a list, each a text, or null"],
    ["model_type", "bert", '"tiny"'],
  ])("refuses %s: %j", (key, value, expected) => {
    try {
      parse({ [key]: value });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CheckpointError);
      expect(error).toMatchObject({ file: "config.json", field: key, expected, received: JSON.stringify(value) });
    }
  });

  it.each(["", "{", "[]", "null", "3", '{"vocab_size": NaN}', "[".repeat(1e6)])("refuses %.20j", (json) => {
    expect(() => tinyConfig.parse(json, "config.json")).toThrow(CheckpointError);
  });

  it("warns of a near miss, and only of that", () => {
    const onWarning = vi.fn();
    const config = parse({ vocab_szie: 7, n_ctx: 1, output_past: true, numlabels: 3 }, onWarning);
    expect(onWarning.mock.calls.flat()).toEqual([
      "config.json: vocab_szie is not known and has no effect. Was vocab_size meant?",
      "config.json: numlabels is not known and has no effect. Was num_labels meant?",
    ]);
    expect(config.vocabSize).toBe(100);
    expect(config.extra).toEqual({ vocab_szie: "7", n_ctx: "1", output_past: "true", numlabels: "3" });
    parse({ encoder_layer: 1, "ODD-kye": 3, "ODD-key": 4 });
  });
});

describe("labels", () => {
  it("come from id2label, from num_labels, or are two", () => {
    expect(parse({ id2label: { 0: "a", 1: "b", 2: "c" } })).toMatchObject({
      numLabels: 3,
      label2id: { a: 0, b: 1, c: 2 },
    });
    expect(parse({ num_labels: 3 }).id2label).toEqual({ 0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2" });
    expect(parse({ num_labels: 3, id2label: { 0: "a" } }).numLabels).toBe(1);
    expect(parse({ id2label: null }).label2id).toEqual({ LABEL_0: 0, LABEL_1: 1 });
  });

  it("can be changed", () => {
    const base = parse({ id2label: { 0: "a" }, vocab_size: 7 });
    expect(tinyConfig.create({ numLabels: 2 }, base)).toMatchObject({
      vocabSize: 7,
      id2label: { 0: "LABEL_0", 1: "LABEL_1" },
      label2id: { LABEL_0: 0, LABEL_1: 1 },
    });
    expect(tinyConfig.create({ id2label: { 0: "x", 1: "y" } }, base)).toMatchObject({
      numLabels: 2,
      label2id: { x: 0, y: 1 },
    });
    expect(tinyConfig.create({ dropout: 0 }, base)).toEqual({ ...base, dropout: 0 });
    expect(() => tinyConfig.create({ numLabels: 2, id2label: { 0: "a" } })).toThrow(ConfigurationError);
    expect(() => tinyConfig.create({ numLabels: 0 })).toThrow(ConfigurationError);
  });
});

describe("creating", () => {
  it("refuses unknown names and wrong values", () => {
    const create = (values: object) => () => tinyConfig.create(values);
    expect(create({ vocabSzie: 3 })).toThrow(expect.objectContaining({ hint: "Did you mean vocabSize?" }));
    expect(create({ vocab_size: 3 })).toThrow(expect.objectContaining({ hint: "Did you mean vocabSize?" }));
    expect(create({ toString: 3 })).toThrow(ConfigurationError);
    expect(create({ vocabSize: "3" })).toThrow(expect.objectContaining({ kind: "configuration", field: "vocabSize" }));
    expect(tinyConfig.create({ ...tinyConfig.create({ vocabSize: 3 }) }).vocabSize).toBe(3);
  });
});

describe("writing", () => {
  it("lays the file out as Python's json.dumps with sorted keys", () => {
    const config = tinyConfig.create({
      architectures: ["TinyModel"],
      id2label: { 0: "好", 1: "b", 2: 'c"', 10: "d" },
      label2id: { 好: 0, b: 1, 'c"': 2, d: 10 },
      eosTokenId: [1, 2],
      dropout: 0.00001,
    });
    // From Python: json.dumps(values, indent=2, sort_keys=True) with integers as the keys of id2label.
    expect(tinyConfig.stringify({ ...config, extra: { hidden_act_fn: '{ "kept":1.0}' } })).toBe(`{
  "ODD-key": 3,
  "architectures": [
    "TinyModel"
  ],
  "clamp_len": -1,
  "dropout": 1e-05,
  "eos_token_id": [
    1,
    2
  ],
  "hidden_act": "gelu",
  "hidden_act_fn": { "kept":1.0},
  "id2label": {
    "0": "\\u597d",
    "1": "b",
    "2": "c\\"",
    "10": "d"
  },
  "initializer_factor": 1.0,
  "label2id": {
    "b": 1,
    "c\\"": 2,
    "d": 10,
    "\\u597d": 0
  },
  "layer_norm_eps": 1e-12,
  "model_type": "tiny",
  "n_embd": 8,
  "pad_token_id": 0,
  "sizes": [],
  "tie_word_embeddings": true,
  "vocab_size": 100
}
`);
  });

  it("gives back what it read", () => {
    const written = tinyConfig.stringify(parse({ id2label: { 0: "a" }, n_ctx: 5, problem_type: "regression" }));
    expect(tinyConfig.stringify(tinyConfig.parse(written, "config.json"))).toBe(written);
    expect(written).toContain('"problem_type": "regression"');
    const unknown = '{"b": [1.0, {"b\\"]": 1e2}], "a": "x,}", "big": 12345678901234567890, "__proto__": {"c": 1}}';
    const config = tinyConfig.parse(unknown, "config.json");
    expect(tinyConfig.parse(tinyConfig.stringify(config), "config.json").extra).toEqual(config.extra);
    expect(Object.entries(config.extra)).toEqual([
      ["b", '[1.0, {"b\\"]": 1e2}]'],
      ["a", '"x,}"'],
      ["big", "12345678901234567890"],
      ["__proto__", '{"c": 1}'],
    ]);
  });
});
