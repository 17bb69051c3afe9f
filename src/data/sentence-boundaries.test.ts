import { describe, expect, it } from "vitest";
import { splitSentences } from "./sentence-boundaries.ts";

describe("splitSentences", () => {
  it.each<[string, string[]]>([
    ["It rains. It pours.", ["It rains.", "It pours."]],
    ["Mr. Smith met Dr. Jones. They talked.", ["Mr. Smith met Dr. Jones.", "They talked."]],
    ["He lives in the U.S. The house is big.", ["He lives in the U.S.", "The house is big."]],
    ["The U.S. Senate met at 5 p.m. Friday.", ["The U.S. Senate met at 5 p.m. Friday."]],
    ["J. R. Jones wrote it. So did A. Smith.", ["J. R. Jones wrote it.", "So did A. Smith."]],
    ["It costs 3.5 dollars. See No. 5 and Fig. 2.", ["It costs 3.5 dollars.", "See No. 5 and Fig. 2."]],
    ['"Really?" he asked. "Yes!" She left.', ['"Really?" he asked.', '"Yes!"', "She left."]],
    ["He said (it rains.) Then he left.", ["He said (it rains.)", "Then he left."]],
    ["Wait... what? Well… Maybe.", ["Wait... what?", "Well…", "Maybe."]],
    ["1. The first. 2. The second.", ["1. The first.", "2. The second."]],
    ["and so on, e.g. Paris. It is", ["and so on, e.g. Paris.", "It is"]],
    ["今天天气很好。我们去公园吧！真的吗？是的", ["今天天气很好。", "我们去公园吧！", "真的吗？", "是的"]],
    ["他说：“你好。”然后走了。", ["他说：“你好。”", "然后走了。"]],
    ["“你好！”，他说。再见。", ["“你好！”，他说。", "再见。"]],
    ["价格是3.5元。GDP增长6.7%。", ["价格是3.5元。", "GDP增长6.7%。"]],
    ["好……我知道了。", ["好……我知道了。"]],
    ["It works!今天很好。", ["It works!", "今天很好。"]],
    ["no end", ["no end"]],
    ["  ", []],
    ["...", ["..."]],
    ["😀 😀", ["😀 😀"]],
  ])("%s", (text, sentences) => {
    expect(splitSentences(text)).toEqual(sentences);
  });

  it("keeps every character but white space between sentences", () => {
    const text = "A b. C? D! “E.” F e.g. G. 你好。再见！…… ) ] x.Y Z. ".repeat(20);
    expect(splitSentences(text).join("").replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
  });
});
