import { describe, expect, it } from "vitest";
import { compareCodePoints, duplicateKey, memberTexts, pythonFloat, valueText } from "./json-text.ts";

describe("duplicateKey", () => {
  it.each<[string, string | undefined]>([
    ['{"a":1,"b":{"a":2},"c":["a","a"]}', undefined],
    ['{"a":1,"b":{"a":2},"a":3}', "a"],
    ['{"b":[{"a":2, "a" : 3}]}', "a"],
    ['{"a":"}","b":"{\\"a\\":","c\\\\":1,"c":2}', undefined],
    ['{"a\\\\":1,"\\u0061\\\\":2}', "a\\"],
    ['["a","a"]', undefined],
    ['"a"', undefined],
  ])("%s: %s", (json, expected) => {
    JSON.parse(json);
    expect(duplicateKey(json)).toBe(expected);
  });

  it("is quick with long strings and many backslashes", () => {
    const long = "x".repeat(5_000_000) + "\\\\".repeat(1_000_000);
    expect(duplicateKey(`{"${long}":1,"a":"${long}"}`)).toBeUndefined();
  });
});

describe("memberTexts", () => {
  it("keeps values as they were written", () => {
    const json = '\n{ "a" : 1.0 ,"b":{"c":[1,{}],"d":"},"}, "e\\n":\t[ ] ,"f":"x:\\"y" , "a":2e0}';
    JSON.parse(json);
    expect([...memberTexts(json)]).toEqual([
      ["a", "2e0"],
      ["b", '{"c":[1,{}],"d":"},"}'],
      ["e\n", "[ ]"],
      ["f", '"x:\\"y"'],
    ]);
    expect(memberTexts("{}").size).toBe(0);
    expect([...memberTexts('{"":{"":{}}}')]).toEqual([["", '{"":{}}']]);
  });
});

describe("as Python writes", () => {
  // Left: the value; right: Python's repr.
  it.each([
    [1e16, "1e+16"],
    [1.5e16, "1.5e+16"],
    [123456789012345680, "1.2345678901234568e+17"],
    [1e15, "1000000000000000.0"],
    [0.0001, "0.0001"],
    [0.00012345, "0.00012345"],
    [1e-5, "1e-05"],
    [0.02, "0.02"],
    [-2.5, "-2.5"],
    [100, "100.0"],
    [1e22, "1e+22"],
    [5e-324, "5e-324"],
    [0, "0.0"],
    [-0, "-0.0"],
    [1 / 3, "0.3333333333333333"],
  ])("%d", (value, expected) => {
    expect(pythonFloat(value)).toBe(expected);
  });

  it("escapes all that is not ASCII", () => {
    expect(valueText("a\x7fé中😀/\u2028")).toBe('"a\\u007f\\u00e9\\u4e2d\\ud83d\\ude00/\\u2028"');
    expect(valueText({ b: [], a: {}, c: [1, 0.5, null, true] })).toBe(
      '{\n  "a": {},\n  "b": [],\n  "c": [\n    1,\n    0.5,\n    null,\n    true\n  ]\n}',
    );
  });

  it("sorts by code point", () => {
    const names = ["😀", "\ue000", "b", "ba", "", "a", "😁", "\uffff"];
    expect(names.sort(compareCodePoints)).toEqual(["", "a", "b", "ba", "\ue000", "\uffff", "😀", "😁"]);
  });
});
