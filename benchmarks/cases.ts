/** What is timed: full training steps (forward, backward, clipping left out, AdamW) without dropout. */

export interface TrainingCase {
  readonly name: string;
  readonly about: string;
  readonly architecture: "gpt2" | "bert";
  /** Under the names of `config.json`. */
  readonly config: Readonly<Record<string, number | string>>;
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** Share of the positions that go through the vocabulary head; 1: all. */
  readonly selected: number;
  /** Steps of the short and the long run. */
  readonly steps: readonly [short: number, long: number];
}

export const trainingCases: readonly TrainingCase[] = [
  {
    name: "small-gpt",
    about: "GPT of 4 layers, 256 features, vocabulary 8,192; 16 x 128 tokens",
    architecture: "gpt2",
    config: { vocab_size: 8192, n_embd: 256, n_layer: 4, n_head: 4, n_positions: 128 },
    batchSize: 16,
    sequenceLength: 128,
    selected: 1,
    steps: [3, 18],
  },
  {
    name: "demo-bert",
    about: "the demo's BERT of 1 layer, 128 features, vocabulary 4,096; 32 x 32 tokens, 30% selected",
    architecture: "bert",
    config: {
      vocab_size: 4096,
      hidden_size: 128,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      intermediate_size: 512,
    },
    batchSize: 32,
    sequenceLength: 32,
    selected: 0.3,
    steps: [50, 450],
  },
  {
    name: "bert-base",
    about: "BERT-base; 8 x 128 tokens, 15% selected",
    architecture: "bert",
    config: { vocab_size: 30522 },
    batchSize: 8,
    sequenceLength: 128,
    selected: 0.15,
    steps: [1, 4],
  },
];
