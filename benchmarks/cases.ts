/**
 * What is timed. Training cases are whole steps (forward, backward, AdamW; clipping is left out on all sides); forward
 * cases are calls of a model; decoding cases are tokens that a model adds to a prompt, one after the other. All sides of a case read one model folder and the same token ids.
 */

interface Case {
  readonly name: string;
  readonly about: string;
  readonly architecture: "gpt2" | "bert";
  /** Under the names of `config.json`; what it lacks is as published. */
  readonly config: Readonly<Record<string, number | string>>;
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** Steps, calls or tokens of the short and the long run: the time of one is the difference over what the long run has more. */
  readonly repetitions: readonly [short: number, long: number];
}

export interface TrainingCase extends Case {
  readonly kind: "training";
  /** Share of the positions that are predicted; only these go through the vocabulary head. 1: all. */
  readonly selected: number;
  /** Probability, everywhere where the architecture has it. */
  readonly dropout: number;
  /** Whether PyTorch is timed as transformers does it, too: every position through the head. */
  readonly hasFullHead?: boolean;
}

export interface ForwardCase extends Case {
  readonly kind: "forward";
}

export interface DecodingCase extends Case {
  readonly kind: "decoding";
  /** Rows that are followed at a time. 1: the best token is taken. */
  readonly beams: number;
}

export type BenchmarkCase = TrainingCase | ForwardCase | DecodingCase;

const bertBase = {
  kind: "training",
  architecture: "bert",
  config: {},
  batchSize: 8,
  sequenceLength: 128,
  selected: 0.15,
  repetitions: [1, 5],
} as const;

const bertForward = { kind: "forward", architecture: "bert", config: {} } as const;

/** A prompt of 32 tokens. */
const decoding = { kind: "decoding", architecture: "gpt2", config: {}, batchSize: 1, sequenceLength: 32 } as const;

export const benchmarkCases: readonly BenchmarkCase[] = [
  {
    kind: "training",
    name: "small-gpt",
    about: "A training step of a GPT of 4 layers, 256 features, vocabulary 8,192: 16 x 128 tokens",
    architecture: "gpt2",
    config: { vocab_size: 8192, n_embd: 256, n_layer: 4, n_head: 4, n_positions: 128 },
    batchSize: 16,
    sequenceLength: 128,
    selected: 1,
    dropout: 0,
    repetitions: [3, 23],
  },
  {
    kind: "training",
    name: "demo-bert",
    about:
      "A training step of the demo's BERT of 1 layer, 128 features, vocabulary 4,096: 32 x 32 tokens, 30% of them predicted",
    architecture: "bert",
    config: {
      vocab_size: 4096,
      hidden_size: 128,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      intermediate_size: 512,
      max_position_embeddings: 32,
    },
    batchSize: 32,
    sequenceLength: 32,
    selected: 0.3,
    dropout: 0,
    repetitions: [50, 550],
  },
  {
    kind: "training",
    name: "gpt2-124m",
    about: "A training step of GPT-2 of 124M parameters: 4 x 64 tokens",
    architecture: "gpt2",
    config: {},
    batchSize: 4,
    sequenceLength: 64,
    selected: 1,
    dropout: 0,
    repetitions: [1, 7],
  },
  {
    ...bertBase,
    name: "bert-base",
    about: "A training step of BERT-base as published, dropout 0.1: 8 x 128 tokens, 15% of them predicted",
    dropout: 0.1,
    hasFullHead: true,
  },
  {
    ...bertBase,
    name: "bert-base-no-dropout",
    about: "A training step of BERT-base without dropout: 8 x 128 tokens, 15% of them predicted",
    dropout: 0,
  },
  {
    ...bertForward,
    name: "bert-forward-1x16",
    about: "BERT-base forward: 1 x 16 tokens",
    batchSize: 1,
    sequenceLength: 16,
    repetitions: [5, 105],
  },
  {
    ...bertForward,
    name: "bert-forward-1x128",
    about: "BERT-base forward: 1 x 128 tokens",
    batchSize: 1,
    sequenceLength: 128,
    repetitions: [3, 43],
  },
  {
    ...bertForward,
    name: "bert-forward-8x128",
    about: "BERT-base forward: 8 x 128 tokens",
    batchSize: 8,
    sequenceLength: 128,
    repetitions: [2, 10],
  },
  {
    ...decoding,
    name: "gpt2-decoding",
    about: "Tokens that GPT-2 of 124M parameters adds to a prompt of 32, the best each time",
    beams: 1,
    repetitions: [10, 138],
  },
  {
    ...decoding,
    name: "gpt2-beams",
    about: "Tokens that GPT-2 of 124M parameters adds to a prompt of 32, with 4 beams",
    beams: 4,
    repetitions: [10, 74],
  },
];
