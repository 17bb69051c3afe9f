/** The public data sets on which fine-tuning is measured: where their rows are, and how they are trained on. */
import type { DataSetFiles } from "./data-set-rows.ts";

export interface DataSet {
  readonly title: string;
  readonly task: "text-classification" | "token-classification" | "question-answering" | "multiple-choice";
  readonly metric: string;
  readonly training: DataSetFiles;
  readonly heldOut: DataSetFiles;
  readonly problemType?: "regression";
  readonly recipe: Recipe;
}

/** What both sides are told. */
export interface Recipe {
  /** Rows that are drawn from the training files. */
  readonly examples: number;
  readonly epochs: number;
  readonly sequenceLength: number;
  readonly learningRate: number;
}

const table = { header: false } as const;
const classes = (columns: Record<string, string | number>, options = {}): Omit<DataSetFiles, "files"> => ({
  as: "text-classification",
  options: { ...options, columns },
});
const mrpc = classes({ label: "Quality", text: "#1 String", textPair: "#2 String" });
const sick = { text: "sentence_A", textPair: "sentence_B" };
const relatedness = classes({ ...sick, label: "relatedness_score" }, { problemType: "regression" });
const entailment = classes({ ...sick, label: "entailment_judgment" });
const cola = classes({ label: 1, text: 3 }, table);
const sst2 = classes({ label: 0, text: 1 }, table);
const agnews = { ...classes({ label: 0, text: 1, textPair: 2 }, table), files: ["cls/agnews/test.csv"] };
const treebank = { as: "token-classification", files: ["tok/ud_ewt/dev.conllu"] };
const xquad = { as: "question-answering", files: ["qa/xquad/xquad.en.json"] };
const csqa = {
  as: "multiple-choice",
  files: ["mc/csqa/dev_rand_split.jsonl"],
  options: { columns: { choices: "choices.text", label: "answerKey" } },
};
const intents = { as: "slot-intents" };
const slots = { as: "token-classification" };
const trec = { as: "trec", encoding: "latin1" };

/** Files below the folder of the data. */
export const dataSets: Readonly<Record<string, DataSet>> = {
  sst2: {
    title: "SST-2, sentiment",
    task: "text-classification",
    metric: "accuracy",
    training: { ...sst2, files: ["cls/sst2/train.tsv"] },
    heldOut: { ...sst2, files: ["cls/sst2/dev.tsv"] },
    recipe: { examples: 480, epochs: 2, sequenceLength: 48, learningRate: 1e-4 },
  },
  trec: {
    title: "TREC, kind of question (6)",
    task: "text-classification",
    metric: "accuracy",
    training: { ...trec, files: ["cls/nltk/qc_trec.zip:qc/train.txt"] },
    heldOut: { ...trec, files: ["cls/nltk/qc_trec.zip:qc/test.txt"] },
    recipe: { examples: 480, epochs: 3, sequenceLength: 48, learningRate: 1e-4 },
  },
  mrpc: {
    title: "MRPC, paraphrases",
    task: "text-classification",
    metric: "accuracy",
    training: { ...mrpc, files: ["pair/mrpc/train.tsv"] },
    heldOut: { ...mrpc, files: ["pair/mrpc/val.tsv"] },
    recipe: { examples: 1200, epochs: 3, sequenceLength: 96, learningRate: 1e-4 },
  },
  wikiann: {
    title: "WikiANN English, names",
    task: "token-classification",
    metric: "f1",
    training: { as: "wikiann", files: ["tok/wikiann/en.train"] },
    heldOut: { as: "wikiann", files: ["tok/wikiann/en.dev"] },
    recipe: { examples: 480, epochs: 3, sequenceLength: 64, learningRate: 2e-4 },
  },
  "atis-intents": {
    title: "ATIS, intents (18)",
    task: "text-classification",
    metric: "accuracy",
    training: { ...intents, files: ["tok/atis/train/seq.in", "tok/atis/train/label"] },
    heldOut: { ...intents, files: ["tok/atis/valid/seq.in", "tok/atis/valid/label"] },
    recipe: { examples: 480, epochs: 2, sequenceLength: 48, learningRate: 2e-4 },
  },
  atis: {
    title: "ATIS, slots",
    task: "token-classification",
    metric: "f1",
    training: { ...slots, files: ["tok/atis/train"] },
    heldOut: { ...slots, files: ["tok/atis/valid"] },
    recipe: { examples: 480, epochs: 3, sequenceLength: 64, learningRate: 5e-4 },
  },
  cola: {
    title: "CoLA, acceptability",
    task: "text-classification",
    metric: "matthewsCorrelation",
    training: { ...cola, files: ["cls/cola/in_domain_train.tsv"] },
    heldOut: { ...cola, files: ["cls/cola/in_domain_dev.tsv"] },
    recipe: { examples: 1600, epochs: 4, sequenceLength: 32, learningRate: 2e-4 },
  },
  agnews: {
    title: "AG News, topic (4)",
    task: "text-classification",
    metric: "accuracy",
    training: { ...agnews, part: "train" },
    heldOut: { ...agnews, part: "validation" },
    recipe: { examples: 960, epochs: 2, sequenceLength: 96, learningRate: 1e-4 },
  },
  sick: {
    title: "SICK, entailment (3)",
    task: "text-classification",
    metric: "accuracy",
    training: { ...entailment, files: ["pair/sick/SICK_train.txt"] },
    heldOut: { ...entailment, files: ["pair/sick/SICK_trial.txt"] },
    recipe: { examples: 800, epochs: 2, sequenceLength: 64, learningRate: 1e-4 },
  },
  "sick-score": {
    title: "SICK, relatedness (score)",
    task: "text-classification",
    metric: "spearman",
    problemType: "regression",
    training: { ...relatedness, files: ["pair/sick/SICK_train.txt"] },
    heldOut: { ...relatedness, files: ["pair/sick/SICK_trial.txt"] },
    recipe: { examples: 1600, epochs: 3, sequenceLength: 48, learningRate: 2e-4 },
  },
  "ud-ewt": {
    title: "UD English EWT, parts of speech",
    task: "token-classification",
    metric: "accuracy",
    training: { ...treebank, part: "train" },
    heldOut: { ...treebank, part: "validation" },
    recipe: { examples: 480, epochs: 2, sequenceLength: 64, learningRate: 5e-4 },
  },
  snips: {
    title: "SNIPS, slots",
    task: "token-classification",
    metric: "f1",
    training: { ...slots, files: ["tok/snips/train"] },
    heldOut: { ...slots, files: ["tok/snips/valid"] },
    recipe: { examples: 480, epochs: 3, sequenceLength: 64, learningRate: 5e-4 },
  },
  xquad: {
    title: "XQuAD English, answers",
    task: "question-answering",
    metric: "f1",
    training: { ...xquad, part: "train" },
    heldOut: { ...xquad, part: "validation" },
    recipe: { examples: 320, epochs: 2, sequenceLength: 128, learningRate: 1e-4 },
  },
  csqa: {
    title: "CommonsenseQA, choices (5)",
    task: "multiple-choice",
    metric: "accuracy",
    training: { ...csqa, part: "train" },
    heldOut: { ...csqa, part: "validation" },
    recipe: { examples: 320, epochs: 2, sequenceLength: 48, learningRate: 1e-4 },
  },
};
