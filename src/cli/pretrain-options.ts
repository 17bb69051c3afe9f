/** The settings of pretraining as flags: every one of them, so that `run.json` can be given back. */
import { devices } from "#runtime";
import { modelTypes } from "../models/index.ts";
import { objectiveNames } from "../objectives/index.ts";
import { SCHEDULES } from "../optim/index.ts";
import { optimizerNames, pretrainFields, tokenizerKinds } from "../training/index.ts";
import { type SettingFlags, settingOptions } from "./setting-options.ts";

export const pretrainFlags: SettingFlags<typeof pretrainFields> = {
  architecture: { placeholder: "MODEL_TYPE", about: "Kind of a new model", choices: modelTypes },
  preset: {
    placeholder: "SIZE",
    about: "Size of a new model: tiny, mini, base and more, as its architecture has them; an unknown one lists them",
    otherwise: "tiny",
  },
  config: { placeholder: "FILE", about: "A config.json for a new model, in place of a preset", otherwise: "none" },
  model: {
    placeholder: "DIR|ID",
    about: "Go on from this model, a folder or one on the hub, on your own text",
    otherwise: "none, a new model",
    isPublished: true,
  },
  objective: {
    placeholder: "NAME",
    about: `What is learned, several joined by +: ${objectiveNames.join(", ")}`,
    otherwise:
      "causal-language-modeling with gpt2 and openai-gpt, masked-language-modeling with the others, with albert +sentence-order-prediction",
  },
  corpus: {
    placeholder: "FILE|DIR|brown|song-ci",
    about: "Text to learn from; brown and song-ci are corpora of packages",
  },
  tokenizer: {
    placeholder: "DIR|ID",
    about: "A tokenizer to use, of a folder or of a model on the hub",
    isPublished: true,
    otherwise: "that of --model, or one is trained on the corpus",
  },
  tokenizerKind: {
    placeholder: "KIND",
    about: `Kind of tokenizer to train: ${tokenizerKinds.join(", ")}`,
    otherwise: "the architecture's own",
    choices: tokenizerKinds,
  },
  vocabSize: { placeholder: "N", about: "Tokens of a tokenizer that is trained" },
  output: { placeholder: "DIR", about: "Folder for the model and the run", otherwise: "none, it must be given" },
  steps: { placeholder: "N", about: "Train for so many steps", otherwise: "as many as the minutes allow" },
  minutes: { placeholder: "X", about: "Train for so long", otherwise: "10, unless --steps is given" },
  batchSize: { placeholder: "N", about: "Rows of a batch" },
  sequenceLength: { placeholder: "N", about: "Tokens of a row", otherwise: "128, or what the model takes" },
  lengthPhases: {
    placeholder: "PHASES",
    about: "Shorter rows first: length x rows : share of the steps, such as 8x64:0.1,16x32:0.3",
    otherwise: "none",
  },
  gradientAccumulation: { placeholder: "N", about: "Batches whose gradients make one step" },
  gradientCheckpointing: { about: "Compute layers again for their gradients: less memory, more time" },
  learningRate: { placeholder: "X", about: "Highest learning rate", otherwise: "by the model's width, 1e-4 to 1e-3" },
  warmupSteps: { placeholder: "N", about: "Steps until the highest rate is reached" },
  schedule: { placeholder: "NAME", about: "How the rate goes on", choices: Object.keys(SCHEDULES) },
  decayShare: { placeholder: "X", about: "Of the schedule hold: share of the run in which the rate falls" },
  optimizer: { placeholder: "NAME", about: "How parameters are stepped", choices: optimizerNames },
  weightDecay: { placeholder: "X", about: "Decay of matrices" },
  beta1: { placeholder: "X", about: "AdamW's decay of the first moment" },
  beta2: { placeholder: "X", about: "AdamW's decay of the second moment" },
  epsilon: { placeholder: "X", about: "AdamW's ε" },
  moments: {
    placeholder: "TYPE",
    about: "How AdamW keeps its moments: float32, or bfloat16 in half of the memory",
    choices: ["float32", "bfloat16"],
  },
  maximumGradientNorm: { placeholder: "X", about: "Gradients are clipped to this norm; 0 for never" },
  dropout: { placeholder: "X", about: "Dropout of a new model", otherwise: "as published; 0 up to 256 features" },
  freeze: {
    placeholder: "PATTERNS",
    about: "Keep these parameters as they are: beginnings of names, * for any part, separated by commas",
    otherwise: "none",
  },
  trainOnly: {
    placeholder: "PATTERNS",
    about: "Train these parameters alone, such as cls for BERT's heads",
    otherwise: "all",
  },
  initialization: {
    placeholder: "NAME",
    about: "How a new model starts: published, narrow",
    otherwise: "by its width",
    choices: ["published", "narrow"],
  },
  initializerRange: {
    placeholder: "X",
    about: "Standard deviation of new weights",
    otherwise: "0.02, or by its width",
  },
  maskShare: { placeholder: "X", about: "Share of the tokens that masked language modeling selects" },
  maskTokenShare: { placeholder: "X", about: "Share of these that become the mask token" },
  randomTokenShare: { placeholder: "X", about: "Share of these that become a random token" },
  maskDraws: {
    placeholder: "KIND",
    about: "Masks: dynamic, new in each epoch, or static, drawn once",
    choices: ["dynamic", "static"],
  },
  maskCopies: {
    placeholder: "N",
    about: "Of static masks: differently masked copies of a row that take turns; BERT had 10",
  },
  maskUnit: {
    placeholder: "UNIT",
    about: "What is masked together",
    choices: ["token", "word", "n-gram"],
    otherwise: "token; n-gram with albert",
  },
  maxNgram: { placeholder: "N", about: "Words of the longest n-gram" },
  maxPredictionsPerSequence: {
    placeholder: "N",
    about: "Masked tokens of a row at most; BERT had 20 of 128",
    otherwise: "no limit",
  },
  rows: {
    placeholder: "KIND",
    about: "Rows of masked language modeling alone: contiguous, running text, or full-sentences, as RoBERTa had",
    choices: ["contiguous", "full-sentences"],
    otherwise: "contiguous; full-sentences with roberta",
  },
  shortSequenceProbability: { placeholder: "X", about: "Of pairs: share of rows with a random shorter length" },
  history: {
    placeholder: "K",
    about: "Tokens before it that a prediction of causal language modeling may read",
    otherwise: "all of the row",
  },
  holdOutEvery: {
    placeholder: "N",
    about: "One document in so many is held out for evaluation; 0 for none",
    otherwise: "20, of a large corpus more, for a million tokens",
  },
  evaluateEvery: { placeholder: "N", about: "Steps between evaluations; 0 for one at the end" },
  earlyStopEvaluations: {
    placeholder: "N",
    about: "End after so many evaluations without a better held-out loss; 0 for never",
  },
  checkpointEvery: { placeholder: "N", about: "Steps between checkpoints; 0 for one at the end" },
  seed: { placeholder: "N", about: "Of all random draws" },
  threads: { placeholder: "N", about: "Threads of the training", otherwise: "all processors" },
  device: { placeholder: "NAME", about: "What computes", otherwise: devices[0], choices: devices },
};

export const pretrainSettingOptions = settingOptions(pretrainFields, pretrainFlags);
