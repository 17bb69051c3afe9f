/** Fine-tuning and evaluating for retrieval and for ranking from the outside. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCloze } from "../../test/support/fake-terminal.ts";
import { variantOf } from "../../test/support/pipeline-cases.ts";
import { pipeline } from "../pipelines/index.ts";

let folder: string;
let model: string;
let train: string;
let corpus: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-ranking-"));
  // So small a model does not learn much with dropout, here or elsewhere.
  model = variantOf("bert", { config: { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 } });
  train = join(folder, "train.jsonl");
  corpus = join(folder, "corpus.jsonl");
  const subjects = ["cat", "dog", "bird", "city"];
  const rest = ["sat on a mat", "ran in paris", "flew over a house"];
  const rows = subjects.flatMap((subject) =>
    rest.map((end) => ({ query: `${subject} ?`, positive: `the ${subject} ${end} .` })),
  );
  writeFileSync(train, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  writeFileSync(corpus, '{"id":"x","text":"it rains ."}\n{"id":"y","text":"the cat ran in paris ."}\n');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(model, { recursive: true });
});

const settings = [
  "--learning-rate",
  "2e-3",
  "--checkpoint-every",
  "0",
  "--threads",
  "1",
  "--batch-size",
  "6",
  "--evaluate-every",
  "0",
];

describe("retrieval and ranking", () => {
  it("leave folders that evaluate, the pipelines and an index use as they were trained", async () => {
    const [retriever, reranker] = [join(folder, "retriever"), join(folder, "reranker")];
    const tune = (task: string, output: string, epochs: string, ...more: string[]) =>
      runCloze([
        ...["finetune", task, "--model", model, "--train", train, "--validation", train],
        ...["--output", output, "--epochs", epochs, ...settings, ...more],
      ]);
    const frozen = await tune("retrieval", retriever, "1", "--frozen");
    expect(frozen.exitCode).toBe(2);
    expect(frozen.stderr).toContain("retrieval trains the encoder itself");
    const trained = await tune("retrieval", retriever, "100", "--similarity", "dot", "--pooling", "mean_sqrt_len");
    expect(trained.exitCode, trained.stderr).toBe(0);
    expect(trained.stdout).toMatch(/MRR 1\.000, recall@1 33\.3%/);
    const similarity = JSON.parse(readFileSync(join(retriever, "config_sentence_transformers.json"), "utf8"));
    expect(similarity).toMatchObject({ similarity_fn_name: "dot" });
    const extract = await pipeline("feature-extraction", retriever, { threads: 1 });
    expect(extract.modules).toMatchObject({ pooling: ["mean_sqrt_len"], normalize: false });
    expect((await extract("cat ?")).dims).toEqual([1, 16]);
    await extract.release();

    const evaluate = [
      "evaluate",
      "retrieval",
      "--model",
      retriever,
      "--data",
      train,
      "--corpus",
      corpus,
      "--threads",
      "1",
    ];
    const evaluated = await runCloze([...evaluate, "--bootstrap", "20", "--json"]);
    expect(evaluated.lines[0]).toMatchObject({ task: "retrieval", metrics: { mrr: 1 }, examples: 12 });
    expect(evaluated.lines[0]).toMatchObject({ bootstrap: { intervals: { mrr: { low: 1, high: 1 } } } });

    const ranked = await tune("text-ranking", reranker, "100");
    expect(ranked.exitCode, ranked.stderr).toBe(0);
    const rerank = ["evaluate", "text-ranking", "--model", reranker, "--data", train, "--threads", "1", "--json"];
    const among = await runCloze([...rerank, "--retriever", retriever, "--top-k", "3", "--corpus", corpus]);
    expect(among.lines[0]).toMatchObject({ metrics: { mrr: 1, recallAt10: 1 } });
    const one = await runCloze([...rerank, "--retriever", retriever, "--top-k", "1"]);
    expect(one.lines[0]).toMatchObject({ metrics: { mrr: 1, recallAt10: expect.closeTo(1 / 3, 9) } });
    const rank = await pipeline("text-ranking", reranker, { threads: 1 });
    expect((await rank("cat ?", ["it rains .", "the cat sat ."])).map(({ score }) => score >= 0 && score <= 1)).toEqual(
      [true, true],
    );
    await rank.release();
    const alone = await runCloze([...rerank, "--corpus", corpus]);
    expect(alone.exitCode).toBe(2);
    expect(alone.stderr).toContain("Add --retriever");
  });
});
