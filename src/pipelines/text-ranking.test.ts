/** Ranking by a cross-encoder beside PyTorch's scores; made by test/golden/ranking/make.py. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenModel } from "../../test/support/pipeline-cases.ts";
import { pipeline, type TextRankingPipeline } from "./index.ts";

const { ranking } = JSON.parse(
  readFileSync(new URL("../../test/golden/ranking/ranking.json", import.meta.url), "utf8"),
) as { ranking: { pairs: [query: string, document: string, label: number][]; logits: number[] } };

let rank: TextRankingPipeline;
beforeAll(async () => {
  rank = await pipeline("text-ranking", goldenModel("bert-score"), { threads: 1, onWarning: () => {} });
});
afterAll(() => rank.release());

describe("text-ranking", () => {
  it("gives the reference's scores, the best first", async () => {
    const query = ranking.pairs[0]?.[0] ?? "";
    const documents = ranking.pairs.slice(0, 3).map(([, document]) => document);
    const logits = ranking.logits.slice(0, 3);
    const order = [0, 1, 2].sort((a, b) => (logits[b] as number) - (logits[a] as number));
    const expected = (scoreOf: (logit: number) => number) =>
      order.map((index) => ({
        text: documents[index],
        index,
        score: expect.closeTo(scoreOf(logits[index] as number), 5),
      }));
    const ranked = await rank(query, documents);
    expect(ranked).toEqual(expected((logit) => 1 / (1 + Math.exp(-logit))));
    expect(await rank({ query, documents }, { functionToApply: "none" })).toEqual(expected((logit) => logit));
    const [first, second] = await rank(
      [
        { query, documents },
        { query, documents: [query, query] },
      ],
      { topK: 2 },
    );
    expect(first).toEqual(ranked.slice(0, 2));
    expect(second?.map(({ index }) => index)).toEqual([0, 1]);
  });

  it("refuses what cannot be ranked", async () => {
    await expect(rank("q", [])).rejects.toMatchObject({ kind: "data", field: "documents" });
    await expect(rank({ query: "q" } as never)).rejects.toMatchObject({ kind: "data", field: "documents" });
    await expect(rank("q", ["d"], { topK: 0 })).rejects.toMatchObject({ kind: "configuration" });
    const classes = pipeline("text-ranking", goldenModel("bert-nli"), { onWarning: () => {} });
    await expect(classes).rejects.toMatchObject({ kind: "configuration", field: "num_labels", received: "3" });
  });
});
