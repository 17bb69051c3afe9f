import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors.ts";
import { nearestName, refuseUnknownNames } from "./option-names.ts";

const known = ["hiddenSize", "numHiddenLayers", "dropout", "eps", "k"];

describe("nearestName", () => {
  it.each([
    ["hiddenSzie", "hiddenSize"],
    ["hidden_size", "hiddenSize"],
    ["HIDDEN-SIZE", "hiddenSize"],
    ["numHidenLayer", "numHiddenLayers"],
    ["dropuot", "dropout"],
    ["dropot", "dropout"],
    ["hidden", undefined],
    ["esp", undefined],
    ["m", undefined],
    ["", undefined],
    ["x".repeat(1_000_000), undefined],
  ])("%s: %s", (name, expected) => {
    expect(nearestName(name, known)).toBe(expected);
  });

  it("prefers the nearer of two", () => {
    expect(nearestName("decoder_layer", ["encoder_layers", "decoder_layers"])).toBe("decoder_layers");
  });
});

describe("refuseUnknownNames", () => {
  it("names the option, the file and the nearest known one", () => {
    expect(() => refuseUnknownNames({ dropout: 0 }, known, "the options")).not.toThrow();
    try {
      refuseUnknownNames({ dropuot: 0 }, known, "the options", "run.yaml");
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error).toMatchObject({ file: "run.yaml", field: "dropuot", hint: "Did you mean dropout?" });
    }
  });
});
