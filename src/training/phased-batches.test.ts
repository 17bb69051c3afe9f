import { describe, expect, it } from "vitest";
import type { BatchPosition, BatchStream, CorpusPosition, TokenBatch } from "../data/index.ts";
import { PhasedBatches } from "./phased-batches.ts";

/** Batches that only say which stream they come from and where they stand. */
function counting(name: string): BatchStream {
  const at = (batch: number): CorpusPosition => ({ epoch: 0, shard: 0, batch });
  return {
    start: at(0),
    async *from(position: BatchPosition = at(0)) {
      for (let batch = (position as CorpusPosition).batch; ; batch++) {
        yield { key: [name, batch], position: at(batch), next: at(batch + 1) } as unknown as TokenBatch;
      }
    },
    parsePosition: (value) => value as CorpusPosition,
  };
}

async function take(stream: PhasedBatches, count: number, from?: BatchPosition): Promise<TokenBatch[]> {
  const taken: TokenBatch[] = [];
  for await (const batch of stream.from(from)) {
    taken.push(batch);
    if (taken.length === count) break;
  }
  return taken;
}

const phases = (total: () => number): PhasedBatches =>
  new PhasedBatches(
    [
      { stream: counting("short"), share: 0.2 },
      { stream: counting("long"), share: 0.8 },
    ],
    total,
  );

describe("PhasedBatches", () => {
  it("gives each phase its share, one after the other, and goes on with the last", async () => {
    const names = (
      await take(
        phases(() => 10),
        12,
      )
    ).map(({ key }) => key.slice(1).join(" "));
    expect(names.slice(0, 4)).toEqual(["short 0", "short 1", "long 0", "long 1"]);
    expect(names.at(-1)).toBe("long 9");
  });

  it("goes on from any position as if it had not stopped", async () => {
    const whole = await take(
      phases(() => 10),
      8,
    );
    for (const stop of [1, 2, 5]) {
      const position = JSON.parse(JSON.stringify(whole[stop - 1]?.next));
      expect(
        await take(
          phases(() => 10),
          8 - stop,
          position,
        ),
      ).toEqual(whole.slice(stop));
    }
  });

  it("follows a length that changes on the way", async () => {
    let total = 10;
    const stream = phases(() => total).from();
    const first = await stream.next();
    total = 100;
    const keys = [first.value?.key];
    for (let index = 0; index < 4; index++) keys.push((await stream.next()).value?.key);
    expect(keys.map((key) => key?.[1])).toEqual(["short", "short", "short", "short", "short"]);
  });

  it("refuses a position of another stream", () => {
    expect(() => phases(() => 10).parsePosition({ step: 1, streams: [] })).toThrow(/position/);
  });
});
