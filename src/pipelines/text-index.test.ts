/** Indexes beside a search by hand in double precision, and what happens to broken ones. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { variantOf } from "../../test/support/pipeline-cases.ts";
import { Random } from "../random.ts";
import { pipeline, TextIndex } from "./index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-index-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function randomVectors(count: number, width: number, seed: number): Float32Array[] {
  const random = new Random(seed);
  const vectors = Array.from({ length: count }, () => Float32Array.from({ length: width }, () => random.normal()));
  // Equal ones, so that there are ties.
  for (let at = 0; at + 7 < count; at += 7) vectors[at + 7] = Float32Array.from(vectors[at] as Float32Array);
  return vectors;
}

/** The places of the best, by sorting all scores that are summed in double precision. */
function byHand(query: Float32Array, vectors: readonly Float32Array[], isCosine: boolean, topK: number) {
  const dot = (a: Float32Array, b: Float32Array): number => {
    let sum = 0;
    for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number);
    return sum;
  };
  const scores = vectors.map((vector) => {
    const product = dot(query, vector);
    return isCosine ? product / (Math.sqrt(dot(query, query)) * Math.sqrt(dot(vector, vector))) : product;
  });
  const order = [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return order.slice(0, topK).map((place) => ({ id: `t${place}`, score: scores[place] }));
}

function indexOf(vectors: readonly Float32Array[], similarity: "cosine" | "dot"): TextIndex {
  const index = new TextIndex({ similarity });
  vectors.forEach((vector, place) => {
    index.add({ id: `t${place}`, text: `text ${place}` }, vector);
  });
  return index;
}

describe("an index", () => {
  it.each(["cosine", "dot"] as const)(
    "finds exactly the nearest by %s, the first of equal ones first",
    (similarity) => {
      const vectors = randomVectors(500, 24, 3);
      const index = indexOf(vectors, similarity);
      for (const query of randomVectors(20, 24, 9)) {
        for (const topK of [1, 5, 40, 70, 500, 600]) {
          const found = index.search(query, topK).map(({ id, score }) => ({ id, score }));
          expect(found).toEqual(byHand(query, vectors, similarity === "cosine", topK));
        }
      }
      const zeros = new Float32Array(24);
      expect(index.search(zeros, 2)).toEqual([
        { id: "t0", text: "text 0", score: 0 },
        { id: "t1", text: "text 1", score: 0 },
      ]);
    },
  );

  it("is the same after it was saved and opened, and can grow", async () => {
    const vectors = randomVectors(60, 8, 5);
    const place = join(folder, "saved");
    const index = indexOf(vectors.slice(0, 40), "dot");
    await index.save(place);
    const opened = await TextIndex.load(place);
    expect([opened.size, opened.width, opened.similarity]).toEqual([40, 8, "dot"]);
    const query = vectors[3] as Float32Array;
    expect(opened.search(query, 40)).toEqual(index.search(query, 40));
    vectors.slice(40).forEach((vector, at) => {
      opened.add({ id: `t${40 + at}`, text: "more" }, vector);
    });
    await expect(opened.save(place)).rejects.toMatchObject({ kind: "configuration", field: "overwrite" });
    await opened.save(place, { overwrite: true });
    const found = (await TextIndex.load(place)).search(query, 60);
    expect(found.map(({ id, score }) => ({ id, score }))).toEqual(byHand(query, vectors, false, 60));
  });

  it("takes texts through an encoder, pooled as its folder says", async () => {
    const model = variantOf("bert", { files: "sentence-encoders/mean" });
    const encoder = await pipeline("feature-extraction", model, { threads: 1, onWarning: () => {} });
    const index = new TextIndex();
    await index.addTexts(encoder, ["the cat sat .", "paris is a city", { id: "b", text: "a bird flew over" }]);
    const [found] = await index.searchTexts(encoder, ["paris is a city"], 2);
    expect(found?.[0]).toMatchObject({ id: "2", text: "paris is a city" });
    expect(found?.[0]?.score).toBeCloseTo(1, 6);
    await expect(index.addTexts(encoder, [{ id: "b", text: "again" }])).rejects.toMatchObject({ kind: "data" });
    await encoder.release();
  });

  it("refuses what does not belong in it", async () => {
    const index = indexOf(randomVectors(3, 4, 1), "cosine");
    const refused = (work: () => unknown, field: string) =>
      expect(work).toThrow(expect.objectContaining({ kind: "data", field }));
    refused(() => index.add({ id: "t1", text: "again" }, new Float32Array(4)), "id");
    refused(() => index.add({ id: "x", text: " " }, new Float32Array(4)), "text 4");
    refused(() => index.add({ id: "x", text: "x" }, new Float32Array(5)), "vector");
    refused(() => index.add({ id: "x", text: "x" }, [0, Number.NaN, 0, 0]), "vector[1]");
    refused(() => index.search(new Float32Array(3)), "vector");
    expect(index.size).toBe(3);
    expect(() => index.search(new Float32Array(4), 0)).toThrow(expect.objectContaining({ kind: "configuration" }));
    expect(() => new TextIndex({ similarity: "near" as never })).toThrow(/compared by near/);
    await expect(new TextIndex().save(join(folder, "empty"))).rejects.toMatchObject({ kind: "data" });
    await expect(index.save(tmpdir(), { overwrite: true })).rejects.toMatchObject({ kind: "configuration" });
  });

  const settings = { format: "cloze-index", version: 1, count: 6, width: 4, similarity: "cosine" };
  it.each([
    ["index.json", "{}", "format"],
    ["index.json", JSON.stringify({ ...settings, version: 2 }), "version"],
    ["index.json", JSON.stringify({ ...settings, count: 7 }), "vectors"],
    ["index.json", JSON.stringify({ ...settings, width: -4 }), "width"],
    ["index.json", JSON.stringify({ ...settings, similarity: "near" }), "similarity"],
    ["index.json", JSON.stringify({ ...settings, pooling: "mean" }), "pooling"],
    ["texts.jsonl", '{"id":"a","text":"x"}\n', "lines"],
    ["texts.jsonl", '{"id":"a","text":"x"}\n'.repeat(6), "id"],
  ])("refuses a broken %s: %s", async (file, content, field) => {
    const place = mkdtempSync(join(folder, "broken-"));
    await indexOf(randomVectors(6, 4, 2), "cosine").save(place);
    writeFileSync(join(place, file), content);
    await expect(TextIndex.load(place)).rejects.toMatchObject({ kind: "data", field });
  });

  it("refuses vectors that are cut short, or are no numbers", async () => {
    const place = mkdtempSync(join(folder, "cut-"));
    await indexOf(randomVectors(6, 4, 2), "cosine").save(place);
    const file = join(place, "vectors.safetensors");
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 4));
    await expect(TextIndex.load(place)).rejects.toMatchObject({ kind: "checkpoint" });
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    writeFileSync(file, bytes);
    await expect(TextIndex.load(place)).rejects.toMatchObject({ kind: "data", field: "vector[3]" });
  });
});
