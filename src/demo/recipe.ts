/** What the demo trains: found by a search whose figures are in docs/decisions/0004-narrow-start.md. */
import type { PretrainSettings } from "../training/index.ts";

/** Training time in minutes. */
export interface DemoLength {
  readonly minutes: number;
  /** Steps between looks at the held-out text, in milliseconds of training. */
  readonly evaluateEveryMs: number;
  /** What is said beforehand of the time that all takes on two cores. */
  readonly announcement: string;
}

export const lengths = {
  full: {
    minutes: 3,
    evaluateEveryMs: 12_000,
    announcement: "In all about 4 minutes on two cores: the first 30 s, text and counting 10 s, training 3 minutes.",
  },
  quick: {
    minutes: 1 / 3,
    evaluateEveryMs: 5000,
    announcement: "In all about 50 seconds on two cores: the first 17 s, text and counting 10 s, training 20 s.",
  },
} as const satisfies Record<string, DemoLength>;

const common: Partial<PretrainSettings> = {
  architecture: "bert",
  objective: "masked-language-modeling+next-sentence-prediction",
  vocabSize: 4096,
  sequenceLength: 32,
  batchSize: 32,
  maskShare: 0.3,
  dropout: 0,
  schedule: "hold",
  beta2: 0.98,
  weightDecay: 0.01,
  maximumGradientNorm: 1,
  holdOutEvery: 20,
  checkpointEvery: 0,
  seed: 1,
};

/** One layer learns sooner than two, and attention over 8 neighbours sooner than over 32. */
export const recipes: Readonly<Record<keyof typeof lengths, Partial<PretrainSettings>>> = {
  full: {
    ...common,
    learningRate: 1.2e-3,
    warmupSteps: 200,
    decayShare: 0.6,
    // Long rows at the end: pieces of text have something to be compared by.
    sequenceLength: 64,
    batchSize: 16,
    lengthPhases: "8x64:0.08,16x32:0.13,32x32:0.35",
  },
  quick: {
    ...common,
    batchSize: 16,
    learningRate: 1.2e-3,
    warmupSteps: 100,
    decayShare: 0.5,
    lengthPhases: "8x64:0.3",
  },
};

/** The shape of the demo's BERT; its vocabulary and longest row follow from the recipe. */
export const demoModel = {
  model_type: "bert",
  num_hidden_layers: 1,
  hidden_size: 128,
  num_attention_heads: 4,
  intermediate_size: 512,
} as const;
