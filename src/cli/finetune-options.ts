/** The settings of fine-tuning as flags: every one of them, so that `run.json` can be given back. */
import { exampleFormats } from "../data/index.ts";
import { poolingModes, similarities, taskNames } from "../tasks/index.ts";
import { type exampleFileFields, finetuneFields } from "../training/index.ts";
import { pretrainFlags } from "./pretrain-options.ts";
import { type SettingFlags, settingOptions } from "./setting-options.ts";

const { output, gradientAccumulation, gradientCheckpointing, schedule, decayShare, optimizer } = pretrainFlags;
const { weightDecay, beta1, beta2, epsilon, maximumGradientNorm, seed, threads, device } = pretrainFlags;

export const exampleFileFlags: SettingFlags<typeof exampleFileFields> = {
  column: { placeholder: "FIELD=COLUMN", about: "A field whose column is called otherwise: text=sentence, label=0" },
  noHeader: { about: "The first row of a table is data; columns are numbered from 0" },
  delimiter: { placeholder: "CHARACTER", about: "Between the cells of a table", otherwise: "by the file's name" },
  format: { placeholder: "NAME", about: "Of the files", otherwise: "by their names", choices: exampleFormats },
  skipBadRows: { about: "Leave out rows that cannot be used, and count them" },
};

const finetuneFlags: SettingFlags<typeof finetuneFields> = {
  task: { placeholder: "TASK", about: "The same as the argument, for settings files", choices: taskNames },
  model: {
    placeholder: "DIR|ID",
    about: "The model to begin with, or the id of one on the hub",
    otherwise: "none, it must be given",
    isPublished: true,
  },
  train: { placeholder: "FILE", about: "Examples to learn from", otherwise: "none, it must be given" },
  validation: { placeholder: "FILE", about: "Examples to judge by", otherwise: "a share of --train" },
  validationShare: { placeholder: "X", about: "Share of --train that is held out when there is no --validation" },
  ...exampleFileFlags,
  output,
  epochs: { placeholder: "X", about: "Times that every example is seen" },
  steps: { placeholder: "N", about: "Train for so many steps", otherwise: "as many as the epochs need" },
  minutes: { placeholder: "X", about: "Train for so long", otherwise: "as long as the epochs need" },
  batchSize: { placeholder: "N", about: "Examples of a batch" },
  sequenceLength: {
    placeholder: "N",
    about: "Tokens of the longest row; longer texts are cut",
    otherwise: "what the model takes, 512 at most",
  },
  stride: {
    placeholder: "N",
    about: "Read long texts in windows that share so many tokens, in tasks that can",
    otherwise: "none where texts may be cut",
  },
  gradientAccumulation,
  gradientCheckpointing,
  learningRate: {
    placeholder: "X",
    about: "Highest learning rate",
    otherwise: "by the width, 5e-5 to 3e-4, or 5e-3 with --frozen",
  },
  warmupSteps: { placeholder: "N", about: "Steps until the highest rate is reached", otherwise: "a tenth of all" },
  schedule,
  decayShare,
  optimizer,
  weightDecay,
  beta1,
  beta2,
  epsilon,
  maximumGradientNorm,
  problemType: {
    placeholder: "KIND",
    about: "Of text-classification: what a label is",
    otherwise: "by the labels",
    choices: ["single_label_classification", "multi_label_classification", "regression"],
  },
  bothOrders: { about: "Of text-classification: read pairs in both orders, for tasks where order says nothing" },
  entityStarts: {
    about: "Of relation-extraction: classify the states where the two entities open, not the whole text's",
  },
  classWeights: {
    placeholder: "KIND",
    about: "How classes count: none, as often as they occur, or balanced, all alike",
    choices: ["none", "balanced"],
  },
  pooling: {
    placeholder: "MODE",
    about: "Of retrieval: how the vectors of a text's tokens become one",
    otherwise: "as the model's folder says, or the mean",
    choices: poolingModes,
  },
  similarity: {
    placeholder: "KIND",
    about: "Of retrieval: how vectors are compared",
    otherwise: "as the model's folder says, or cosine",
    choices: similarities,
  },
  similarityScale: {
    placeholder: "X",
    about: "Of retrieval: what similarities are multiplied by in the loss",
    otherwise: "20 for cosine, 1 for dot",
  },
  languageModelingWeight: {
    placeholder: "X",
    about: "Of GPT and GPT-2: how much predicting next tokens counts beside the task",
    otherwise: "0.5",
  },
  frozen: { about: "Train the head alone, on what the model as it is makes of each example, computed once" },
  layers: {
    placeholder: "LAYERS",
    about: "Of --frozen: what the head reads: last, weighted-sum, last-four, a layer's number, or each for a table",
    otherwise: "last",
  },
  freeze: { placeholder: "NAME", about: "Keep parameters whose names begin so, such as embeddings; repeatable" },
  evaluateEvery: { placeholder: "N", about: "Steps between evaluations; 0 for one at the end", otherwise: "an epoch" },
  earlyStopEvaluations: {
    placeholder: "N",
    about: "End after so many evaluations without a better one; 0 for never",
  },
  checkpointEvery: {
    placeholder: "N",
    about: "Steps between checkpoints; 0 for one at the end",
    otherwise: "an epoch",
  },
  seed,
  seeds: { placeholder: "N", about: "Train with so many seeds, --seed and the ones after it; the best model is left" },
  threads,
  device,
};

export const finetuneSettingOptions = settingOptions(finetuneFields, finetuneFlags);
