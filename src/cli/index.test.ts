/** `cloze index` from the outside. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCloze } from "../../test/support/fake-terminal.ts";
import { goldenModel, variantOf } from "../../test/support/pipeline-cases.ts";
import { pipeline } from "../pipelines/index.ts";

let folder: string;
let model: string;
let texts: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-index-cli-"));
  model = variantOf("bert", { files: "sentence-encoders/mean" });
  texts = join(folder, "texts.txt");
  writeFileSync(texts, "the cat sat .\n\nparis is a city\na bird flew over\n");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(model, { recursive: true });
});

describe("index", () => {
  it("is built from lines, searched, and grows", async () => {
    const index = join(folder, "index");
    const build = ["index", "build", "--model", model, "--corpus", texts, "--output", index, "--threads", "1"];
    const built = await runCloze([...build, "--json"]);
    expect(built.lines).toEqual([{ index, texts: 3, added: 3, width: 16, similarity: "cosine", model }]);
    const search = ["index", "search", "--index", index, "--input", "paris is a city", "--threads", "1"];
    const found = await runCloze([...search, "--top-k", "2", "--json"]);
    expect(found.lines[0]).toMatchObject([{ id: "2", text: "paris is a city" }, {}]);
    expect((await runCloze(search)).stdout).toMatch(/^paris is a city\n {3}1\.0000 {2}2 {2}paris is a city\n/);
    const reranker = ["--reranker", goldenModel("bert-score"), "--candidates", "3"];
    const ranked = await runCloze([...search, "--top-k", "2", "--json", ...reranker]);
    const rank = await pipeline("text-ranking", goldenModel("bert-score"), { threads: 1, onWarning: () => {} });
    const documents = ["the cat sat .", "paris is a city", "a bird flew over"];
    const expected = await rank("paris is a city", documents, { topK: 2 });
    await rank.release();
    const ids = expected.map(({ index: at, text }) => ({ id: String(at + 1), text }));
    expect(ranked.lines[0]).toMatchObject(ids);
    expect((await runCloze([...search, "--candidates", "3"])).stderr).toContain("Add --reranker");
    const again = await runCloze(build);
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain("--overwrite");
    const rows = join(folder, "rows.csv");
    writeFileSync(rows, 'url,body\nhttp://a,"it rains ,\nand rains"\n');
    const add = ["index", "add", "--index", index, "--corpus", rows, "--column", "id=url", "--column", "text=body"];
    expect((await runCloze([...add, "--json"])).lines[0]).toMatchObject({ texts: 4, added: 1 });
    const rain = ["index", "search", "--index", index, "--input", "it rains , and rains", "--top-k", "1"];
    expect((await runCloze(rain)).stdout).toContain("http://a  it rains , and rains\n");
  });

  it("says what is wrong with a wrong request", async () => {
    const none = await runCloze(["index", "search", "--index", join(folder, "none"), "--input", "x", "--json"]);
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toContain('"kind":"data"');
    const empty = join(folder, "empty.txt");
    writeFileSync(empty, "\n \n");
    const build = ["index", "build", "--model", model, "--corpus", empty, "--output", join(folder, "new")];
    expect((await runCloze(build)).stderr).toContain("holds no text");
    const broken = join(folder, "broken.jsonl");
    writeFileSync(broken, '{"id":"a","txt":"b"}\n');
    const refused = await runCloze([...build.slice(0, 5), broken, ...build.slice(6)]);
    expect(refused.stderr).toContain("Line 1 of");
    expect(readFileSync(texts, "utf8")).toContain("paris");
  });
});
