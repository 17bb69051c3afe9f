/** The published files beside the repository are read whole, each with the options that it needs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type ExampleTask, loadExamples, type ReadExamplesOptions } from "../../src/data/index.ts";

const data = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const available = existsSync(data);
if (!available) console.warn(`The data are not at ${data}: the suite of labelled data is skipped.`);

const headless = { header: false } as const;
const labelFirst = { ...headless, columns: { label: 0, text: 1 } };
const pair = { text: "sentence1", textPair: "sentence2" };
const sick = { text: "sentence_A", textPair: "sentence_B" };

const files: readonly [file: string, task: ExampleTask, count: number, options?: ReadExamplesOptions][] = [
  ["cls/sst2/train.tsv", "text-classification", 6920, labelFirst],
  ["cls/sst2/dev.tsv", "text-classification", 872, labelFirst],
  ["cls/cola/in_domain_train.tsv", "text-classification", 8551, { ...headless, columns: { label: 1, text: 3 } }],
  ["cls/cola/in_domain_dev.tsv", "text-classification", 527, { ...headless, columns: { label: 1, text: 3 } }],
  ["cls/agnews/test.csv", "text-classification", 7600, { ...headless, columns: { label: 0, text: 1, textPair: 2 } }],
  ["cls/chnsenticorp/train.tsv", "text-classification", 9600, { columns: { text: "text_a" } }],
  ["cls/chnsenticorp/dev.tsv", "text-classification", 1200, { columns: { text: "text_a" } }],
  ["cls/thucnews/dev.txt", "text-classification", 10000, { ...headless, columns: { text: 0, label: 1 } }],
  ["fewclue/tnews/train_few_all.json", "text-classification", 1185, { columns: { text: "sentence" } }],
  ["fewclue/tnews/dev_few_all.json", "text-classification", 1098, { columns: { text: "sentence" } }],
  ["fewclue/bustm/train_few_all.json", "text-classification", 160, { columns: pair }],
  ["fewclue/bustm/dev_few_all.json", "text-classification", 160, { columns: pair }],
  ["fewclue/ocnli/train_few_all.json", "text-classification", 160, { columns: pair }],
  ["fewclue/ocnli/dev_few_all.json", "text-classification", 160, { columns: pair }],
  [
    "pair/mrpc/train.tsv",
    "text-classification",
    3576,
    { columns: { label: "Quality", text: "#1 String", textPair: "#2 String" } },
  ],
  ["pair/mrpc/val.tsv", "text-classification", 500, { columns: { label: 0, text: 3, textPair: 4 } }],
  ["pair/sick/SICK_train.txt", "text-classification", 4500, { columns: { ...sick, label: "entailment_judgment" } }],
  [
    "pair/sick/SICK_trial.txt",
    "text-classification",
    500,
    { columns: { ...sick, label: "relatedness_score" }, problemType: "regression" },
  ],
  [
    "pair/sts2015/train.tsv",
    "text-classification",
    3000,
    { ...headless, columns: { label: 0, text: 1, textPair: 2 }, problemType: "regression" },
  ],
  [
    "pair/sts2015/val.tsv",
    "text-classification",
    750,
    { ...headless, columns: { label: 0, text: 1, textPair: 2 }, problemType: "regression" },
  ],
  ["qa/xquad/xquad.en.json", "question-answering", 1190],
  ["qa/xquad/xquad.de.json", "question-answering", 1190],
  ["qa/cmrc2018/dev.squad.json", "question-answering", 3219],
  ["qa/drcd/dev.json", "question-answering", 3524],
  [
    "mc/csqa/dev_rand_split.jsonl",
    "multiple-choice",
    1221,
    { columns: { choices: "choices.text", label: "answerKey" } },
  ],
  ["mc/aqua/dev.json", "multiple-choice", 254, { columns: { choices: "options", label: "correct" } }],
  ["tok/atis/train", "token-classification", 4478],
  ["tok/atis/valid", "token-classification", 500],
  ["tok/snips/train", "token-classification", 13084],
  ["tok/snips/valid", "token-classification", 700],
  ["tok/wikiann/en.train", "token-classification", 20000],
  ["tok/wikiann/en.dev", "token-classification", 10000],
  ["tok/wikiann/de.train", "token-classification", 20000],
  ["tok/wikiann/de.dev", "token-classification", 10000],
  ["tok/wikiann/fr.train", "token-classification", 20000],
  ["tok/wikiann/fr.dev", "token-classification", 10000],
  ["tok/weibo/train.conll", "token-classification", 1350],
  ["tok/weibo/dev.conll", "token-classification", 270],
  ["tok/peoples_daily/example.dev", "token-classification", 2318],
  ["tok/msra_ner/dev.tsv", "token-classification", 2318, { columns: { tokens: "text_a", labels: "label" } }],
  ["tok/ud_ewt/dev.conllu", "dependency-parsing", 2001],
  ["tok/ud_ewt/dev.conllu", "token-classification", 2001],
  ["tok/ud_zh_gsdsimp/dev.conllu", "dependency-parsing", 500],
  ["sum/dialogsum/dev.jsonl", "summarization", 500, { columns: { source: "dialogue", target: "summary" } }],
  ["sum/debian_descriptions.jsonl.gz", "summarization", 12000, { columns: { source: "document", target: "summary" } }],
];

describe.skipIf(!available)("published files (skipped without ../shared/data)", () => {
  it.each(files)("%s for %s: %i rows", async (file, task, count, options) => {
    const { examples } = await loadExamples(join(data, file), task, options);
    expect(examples.length).toBe(count);
  });

  it("qa/cmrc2018/trial.squad.json: two questions are empty", async () => {
    const file = join(data, "qa/cmrc2018/trial.squad.json");
    const { examples, skippedRows } = await loadExamples(file, "question-answering", { skipBadRows: true });
    expect([examples.length, skippedRows]).toEqual([1000, 2]);
  });
});
