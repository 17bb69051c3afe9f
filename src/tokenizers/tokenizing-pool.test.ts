import { afterEach, describe, expect, it, vi } from "vitest";
import { platform } from "#platform";
import type { WorkerThread } from "../platform/platform.ts";
import { readTokenizerJson } from "./tokenizer-json.ts";
import { type BlockOfTexts, encodeBlock, TokenizingPool } from "./tokenizing-pool.ts";
import { trainWordPiece } from "./trainers/index.ts";

const texts = Array.from({ length: 60 }, (_, index) => `the boat ${index} left${" the harbour".repeat(index % 4)}`);
const { pipeline } = await trainWordPiece(texts, { vocabSize: 60 });

/** A thread that answers late, the later the shorter its text is, and that breaks at its `lifetime`-th block. */
function fakeThread(program: string, lifetime: number): WorkerThread {
  const own = readTokenizerJson(program);
  let left = lifetime;
  let [answer, fail] = [(_: unknown) => {}, (_: unknown) => {}];
  return {
    post(message) {
      const { block, texts } = message as BlockOfTexts;
      const isBroken = left-- <= 0;
      const reply = (): void => (isBroken ? fail(new Error("broken")) : answer({ block, ...encodeBlock(own, texts) }));
      setTimeout(reply, 30 - texts[0]!.length / 2);
    },
    listen(onMessage, onFailure) {
      [answer, fail] = [onMessage, onFailure];
    },
    terminate: async () => {},
  };
}

afterEach(() => vi.restoreAllMocks());

describe("TokenizingPool", () => {
  it.each([Number.POSITIVE_INFINITY, 3, 0])(
    "gives what one thread gives, also if threads break (%d)",
    async (lifetime) => {
      vi.spyOn(platform, "startWorker").mockImplementation((_, data) => fakeThread(data as string, lifetime));
      const pool = TokenizingPool.start(pipeline, 3)!;
      expect(pool.threads).toBe(3);
      const blocks = Array.from({ length: 20 }, (_, index) => texts.slice(3 * index, 3 * index + 3));
      const encoded = await Promise.all(blocks.map((block) => pool.encode(block)));
      expect(encoded.flat()).toEqual(texts.map((text) => pipeline.encodeIds(text)));
      await pool.close();
      expect(await pool.encode(["the boat"])).toEqual([pipeline.encodeIds("the boat")]);
    },
  );

  it("is absent where there are no threads", () => {
    vi.spyOn(platform, "startWorker").mockReturnValue(undefined);
    expect(TokenizingPool.start(pipeline, 2)).toBeUndefined();
  });
});
