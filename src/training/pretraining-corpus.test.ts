import { describe, expect, it } from "vitest";
import { usualHoldOut } from "./pretraining-corpus.ts";

describe("usualHoldOut", () => {
  it("holds out one document in 20, and about a million tokens of what is larger", () => {
    expect([0, 1_160_000, 20_000_000].map(usualHoldOut)).toEqual([20, 20, 20]);
    const tokens = 471_118_783;
    expect(tokens / usualHoldOut(tokens)).toBeLessThanOrEqual(1e6);
    expect(tokens / usualHoldOut(tokens)).toBeGreaterThan(0.99e6);
  });
});
