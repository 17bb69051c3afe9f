/** Pairs whose order says nothing, as GPT reads them: Radford et al. 2018, figure 1. */
import { rmSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { variantOf } from "../../test/support/pipeline-cases.ts";
import { pipeline } from "./index.ts";

const config = { pad_token_id: 0, num_labels: 3 };
const folders = [variantOf("gpt2", { config }), variantOf("gpt2", { config: { ...config, cloze_both_orders: true } })];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

describe("text-classification in both orders", () => {
  it("adds what the model says of each order", async () => {
    const [plain, both] = await Promise.all(
      folders.map((folder) => pipeline("text-classification", folder, { threads: 1, onWarning: () => {} })),
    );
    if (plain === undefined || both === undefined) throw new Error("two pipelines were loaded");
    const given = { text: "the cat sat", textPair: "it rains in paris" };
    const turned = { text: given.textPair, textPair: given.text };
    const options = { topK: null, functionToApply: "none" } as const;
    const named = async (classify: typeof plain, pair: typeof given) =>
      Object.fromEntries((await classify(pair, options)).map(({ label, score }) => [label, score]));
    const [first, second] = [await named(plain, given), await named(plain, turned)];
    const sums = Object.keys(first).map((label) => [
      label,
      expect.closeTo((first[label] as number) + (second[label] as number), 5),
    ]);
    expect(await named(both, given)).toEqual(Object.fromEntries(sums));
    expect(await named(both, turned)).toEqual(Object.fromEntries(sums));
    const { states } = await both(given, { ...options, outputHiddenStates: true });
    expect(states).toHaveLength(2);
    expect(await both("the cat sat", options)).toEqual(await plain("the cat sat", options));
    await Promise.all([plain.release(), both.release()]);
  });
});
