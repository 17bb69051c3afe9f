/** What a pretraining run can be told, with the defaults: the same for the library, the command line and `run.json`. */
import {
  boolean,
  createDocument,
  type Fields,
  integer,
  nullable,
  number,
  oneOf,
  probability,
  size,
  text,
  type ValuesOf,
} from "../checkpoints/index.ts";
import { ConfigurationError } from "../errors.ts";
import { SCHEDULES, type ScheduleName } from "../optim/index.ts";
import { tokenizerKinds } from "./tokenizer-training.ts";

/** The optimizers that a run can have. */
export const optimizerNames = ["adamw", "lamb", "adafactor"] as const;
const scheduleNames = Object.keys(SCHEDULES) as ScheduleName[];

export const pretrainFields = {
  /** The published `model_type` of a new model; the checkpoint's when `model` is given. */
  architecture: text("bert"),
  /** A named size; `tiny` when neither `config` nor `model` is given. */
  preset: nullable(text()),
  /** A `config.json` for a new model. */
  config: nullable(text()),
  /** A model folder to go on from. */
  model: nullable(text()),
  /** One objective, or `a+b`; what the architecture was published with when left out. */
  objective: nullable(text()),
  /** A text file, a folder, `brown` or `song-ci`. */
  corpus: text("brown"),
  /** A tokenizer folder; the model's own when `model` is given; one is trained when there is neither. */
  tokenizer: nullable(text()),
  /** What kind is trained; the architecture's own when left out. */
  tokenizerKind: nullable(oneOf(tokenizerKinds, "wordpiece")),
  vocabSize: size(8192),
  output: nullable(text()),
  /** Optimizer steps. */
  steps: nullable(size()),
  /** Training time; 10 when neither this nor `steps` is given. */
  minutes: nullable(number(10, { minimum: 0.01 })),
  /** Rows of a batch. */
  batchSize: size(32),
  /** Tokens of a row; as many as the model takes, 128 at most, when left out. */
  sequenceLength: nullable(size()),
  /**
   * Shorter rows to begin with, as `length x rows : share of the steps`, such as `8x64:0.1,16x32:0.3`: a small model
   * finds out sooner that neighbours matter.
   */
  lengthPhases: nullable(text()),
  /** Batches whose gradients are averaged for one step. */
  gradientAccumulation: size(1),
  /** Whether layers are computed again for their gradients: less memory, more time. */
  gradientCheckpointing: boolean(false),
  /** Peak rate; by the model's width when left out. */
  learningRate: nullable(number(1e-3, { minimum: 0 })),
  warmupSteps: integer(200, { minimum: 0 }),
  schedule: oneOf(scheduleNames, "linear"),
  /** Of the schedule `hold`: the share of the run in which the rate falls. */
  decayShare: probability(0.3),
  optimizer: oneOf(optimizerNames, "adamw"),
  weightDecay: number(0.01, { minimum: 0 }),
  beta1: probability(0.9),
  beta2: probability(0.98),
  epsilon: number(1e-8, { minimum: 0 }),
  /** How AdamW keeps its moments: bfloat16 takes half of the memory. */
  moments: oneOf(["float32", "bfloat16"], "float32"),
  /** Global norm to which gradients are clipped; 0 for none. */
  maximumGradientNorm: number(1, { minimum: 0 }),
  /** Dropout of a new model, everywhere; the published rates, or none up to 256 features, when left out. */
  dropout: nullable(probability()),
  /** Parameters that stay as they are: beginnings of their names, `*` for any part, separated by commas. */
  freeze: nullable(text()),
  /** The same, for the only parameters that are trained: `cls` for a head alone. */
  trainOnly: nullable(text()),
  /** How a new model starts: as published, or so that a narrow one learns soon (`narrow-start.ts`); by its width. */
  initialization: nullable(oneOf(["published", "narrow"], "published")),
  /** Standard deviation of new weights; 0.02, or 1/√width of a narrow start, when left out. */
  initializerRange: nullable(number(0.02, { minimum: 0 })),
  /** Share of the tokens that masked language modeling selects. */
  maskShare: probability(0.15),
  /** Of those, what share becomes [MASK]. */
  maskTokenShare: probability(0.8),
  /** Of those, what share becomes a random token; the rest stays. */
  randomTokenShare: probability(0.1),
  /** Whether each epoch hides other tokens (RoBERTa), or the same ones. */
  maskDraws: oneOf(["dynamic", "static"], "dynamic"),
  /** Of static masks: the differently masked copies of each row that take turns; BERT's data held 10. */
  maskCopies: size(1),
  /** What masked language modeling hides together; as the architecture was published when left out: ALBERT's n-grams. */
  maskUnit: nullable(oneOf(["token", "word", "n-gram"], "token")),
  /** Words of the longest n-gram. */
  maxNgram: size(3),
  /** No more tokens of a row are hidden than this; no limit when left out. */
  maxPredictionsPerSequence: nullable(size()),
  /** How masked language modeling alone cuts rows: running text, or whole sentences, RoBERTa's when left out. */
  rows: nullable(oneOf(["contiguous", "full-sentences"], "contiguous")),
  /** Of pairs: the share of rows whose target is a random shorter length. */
  shortSequenceProbability: probability(0.1),
  /** How many tokens before it a causal prediction may read; all of the row when left out. */
  history: nullable(size()),
  /** Of the corpus' documents, one in so many is held out for evaluation; 0 for none. See `usualHoldOut`. */
  holdOutEvery: nullable(integer(20, { minimum: 0 })),
  /** Steps between evaluations on held-out text; 0 for one at the end only. */
  evaluateEvery: integer(0, { minimum: 0 }),
  /** Evaluations in a row without a better held-out loss after which the run ends; 0 for never. */
  earlyStopEvaluations: integer(0, { minimum: 0 }),
  /** Steps between checkpoints; 0 for one at the end only. */
  checkpointEvery: integer(500, { minimum: 0 }),
  seed: integer(0),
  threads: nullable(size()),
  device: nullable(text()),
} satisfies Fields;

export type PretrainSettings = ValuesOf<typeof pretrainFields>;

/** Checks settings and fills in defaults. Throws a ConfigurationError for an unknown name or a wrong value. */
export function resolvePretrainSettings(values: Partial<PretrainSettings>): PretrainSettings {
  const { extra: _, ...settings } = createDocument(pretrainFields, values, "the settings of pretrain");
  const conflicts = (["preset", "config"] as const).filter(
    (name) => settings.model !== null && settings[name] !== null,
  );
  if (settings.preset !== null && settings.config !== null) conflicts.push("config");
  if (conflicts.length > 0) {
    throw new ConfigurationError(
      `${conflicts[0]} cannot be given beside ${settings.model === null ? "preset" : "model"}`,
      {
        field: conflicts[0],
        expected: "one of model, preset and config",
      },
    );
  }
  const minutes = settings.steps === null && settings.minutes === null ? 10 : settings.minutes;
  return { ...(settings as unknown as PretrainSettings), minutes };
}

/** A peak learning rate that suits a width, after the published ones: 1e-3 up to 256 features, 1e-4 from 768 on. */
export function defaultLearningRate(width: number): number {
  if (width <= 256) return 1e-3;
  return width >= 768 ? 1e-4 : 5e-4;
}

/** Steps of one kind of batch. */
export interface LengthPhase {
  readonly sequenceLength: number;
  readonly batchSize: number;
  /** Of all steps. */
  readonly share: number;
}

/**
 * The phases of a run, the last one with the run's own length and batch size. Throws a ConfigurationError for a text that
 * is no list of phases.
 */
export function lengthPhases(settings: PretrainSettings, sequenceLength: number): LengthPhase[] {
  const parts = settings.lengthPhases === null ? [] : settings.lengthPhases.split(",");
  const first = parts.map((part): LengthPhase => {
    const [, length, rows, share] = /^\s*(\d+)\s*x\s*(\d+)\s*:\s*(\d*\.?\d+)\s*$/.exec(part) ?? [];
    const phase = { sequenceLength: Number(length), batchSize: Number(rows), share: Number(share) };
    if (
      phase.sequenceLength >= 3 &&
      phase.sequenceLength <= sequenceLength &&
      phase.batchSize >= 1 &&
      phase.share < 1
    ) {
      return phase;
    }
    throw new ConfigurationError(`${part.trim()} is no phase of a run`, {
      field: "lengthPhases",
      expected: `length x rows : share of the steps, with a length from 3 to ${sequenceLength}`,
      received: part,
      hint: "For example: 8x64:0.1,16x32:0.3",
    });
  });
  const rest = 1 - first.reduce((total, { share }) => total + share, 0);
  if (rest > 0) return [...first, { sequenceLength, batchSize: settings.batchSize, share: rest }];
  throw new ConfigurationError("the phases leave no steps for the run's own length", {
    field: "lengthPhases",
    expected: "shares with a sum below 1",
    received: settings.lengthPhases ?? "",
  });
}
