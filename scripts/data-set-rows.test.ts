/** The split and the draw by hashes never change: scores are kept that stand on them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataSetRows, drawnRows } from "./data-set-rows.ts";
import { dataSets } from "./data-sets.ts";
import { recipeCommands } from "./recipe-commands.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-rows-"));
  const lines = Array.from({ length: 10 }, (_, index) => `ENTY:animal Question ${index} ?`);
  writeFileSync(join(folder, "trec.txt"), `${lines.join("\n")}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("rows of a data set", () => {
  it("are split by the SHA-256 of their first text", async () => {
    const files = { as: "trec", files: [join(folder, "trec.txt")] };
    const textsOf = async (part?: "train" | "validation") =>
      (await dataSetRows({ ...files, part })).map(({ text }) => text);
    // Python: int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 100 < 20
    const validation = await textsOf("validation");
    expect(validation).toEqual(["Question 1 ?", "Question 4 ?"]);
    expect([...(await textsOf("train")), ...validation].sort()).toEqual((await textsOf()).sort());
  });

  it("of corrections are split by the text that is to be corrected", async () => {
    const sentence = (_: unknown, index: number) => `<SENTENCE><TEXT>第${index}句话。</TEXT></SENTENCE>`;
    writeFileSync(join(folder, "sighan.sgml"), Array.from({ length: 20 }, sentence).join("\n"));
    const rows = await dataSetRows({ as: "sighan", files: [join(folder, "sighan.sgml")], part: "validation" });
    expect(rows.map(({ source }) => source)).toEqual(["第11句话。", "第15句话。", "第18句话。"]);
  });

  it("are drawn in the order of the SHA-256 of their JSON", () => {
    const rows = ["a", "b", "c", "d"].map((text) => ({ text, label: "x" }));
    expect(drawnRows(rows, 3).map(({ text }) => text)).toEqual(["d", "b", "a"]);
    expect(drawnRows(rows.toReversed(), 3)).toEqual(drawnRows(rows, 3));
  });

  it("are read by a task as they are", async () => {
    writeFileSync(join(folder, "table.tsv"), "1\tfine\n");
    const options = { header: false, columns: { label: 0, text: 1 } };
    expect(await dataSetRows({ as: "text-classification", files: [join(folder, "table.tsv")], options })).toEqual([
      { text: "fine", label: "1" },
    ]);
  });
});

it("recipes name the files and columns of their data", () => {
  const { agnews, mrpc } = dataSets;
  expect(recipeCommands("mrpc", mrpc as NonNullable<typeof mrpc>)).toEqual([
    expect.stringContaining(
      '--train pair/mrpc/train.tsv --validation pair/mrpc/val.tsv --column label=Quality --column "text=#1',
    ),
  ]);
  expect(recipeCommands("agnews", agnews as NonNullable<typeof agnews>).slice(1)).toEqual([
    expect.stringMatching(/^convert text-classification .* --part validation > agnews-held-out.jsonl$/),
    expect.stringContaining("--train agnews-train.jsonl --validation agnews-held-out.jsonl --epochs"),
  ]);
});
