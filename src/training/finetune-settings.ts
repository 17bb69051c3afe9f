/** What a fine-tuning run can be told, with the defaults: the same for the library, the command line and `run.json`. */
import {
  boolean,
  createDocument,
  type Fields,
  integer,
  list,
  nullable,
  number,
  oneOf,
  probability,
  size,
  text,
  type ValuesOf,
} from "../checkpoints/index.ts";
import { poolingModes, similarities, taskNames } from "../tasks/index.ts";
import { pretrainFields } from "./pretrain-settings.ts";

const { output, steps, gradientAccumulation, gradientCheckpointing, schedule, decayShare, optimizer } = pretrainFields;
const { weightDecay, beta1, epsilon, maximumGradientNorm, seed, threads, device } = pretrainFields;

/** How labelled files are read; `cloze evaluate` takes these too. */
export const exampleFileFields = {
  /** Fields whose column is called otherwise: `text=sentence`, or numbers from 0 without a header: `label=0`. */
  column: list(text()),
  /** Whether the first row of a table is data. */
  noHeader: boolean(false),
  /** Between the cells of a table; by the file's name when left out. */
  delimiter: nullable(text()),
  /** Of the files; by their names when left out. */
  format: nullable(text()),
  /** Whether rows that cannot be used are left out and counted. */
  skipBadRows: boolean(false),
} satisfies Fields;

export const finetuneFields = {
  task: oneOf(taskNames, "text-classification"),
  /** The model folder to begin with. */
  model: text(),
  /** A file of examples. */
  train: text(),
  /** A file of examples that are not trained on; a part of `train` when left out. */
  validation: nullable(text()),
  /** Of `train`, when there is no `validation`: the share that is held out, by a hash of each row; 0 for none. */
  validationShare: probability(0.1),
  ...exampleFileFields,
  output,
  /** Times that every example is seen. */
  epochs: number(3, { minimum: 0.01 }),
  /** Optimizer steps, in place of `epochs`. */
  steps,
  /** Training time, in place of `epochs`. */
  minutes: nullable(number(10, { minimum: 0.01 })),
  /** Examples of a batch. */
  batchSize: size(16),
  /** Tokens of the longest row: texts are cut there; as many as the model takes, 512 at most, when left out. */
  sequenceLength: nullable(size()),
  /** Tokens that the windows of a long text share; when left out, texts are cut where the task allows it. */
  stride: nullable(integer(128, { minimum: 0 })),
  gradientAccumulation,
  gradientCheckpointing,
  /** Peak rate; when left out, by the model's width, or what suits a head alone when it is frozen. */
  learningRate: nullable(number(5e-5, { minimum: 0 })),
  /** Steps until the peak; a tenth of all when left out. */
  warmupSteps: nullable(integer(100, { minimum: 0 })),
  schedule,
  decayShare,
  optimizer,
  weightDecay,
  beta1,
  beta2: probability(0.999),
  epsilon,
  maximumGradientNorm,
  /** What text classification predicts; by the labels when left out. */
  problemType: nullable(
    oneOf(["regression", "single_label_classification", "multi_label_classification"], "regression"),
  ),
  /** Of text classification: whether pairs are read in both orders and the logits added, where order says nothing. */
  bothOrders: boolean(false),
  /**
   * Of relation extraction: whether the states of the tokens that open the two entities are classified, side by side, in
   * place of the whole text's. For models that read both ways: what follows an entity's opening tells which one it is.
   */
  entityStarts: boolean(false),
  /** How classes count in the loss: each example alike, or rare classes more, so that all classes count alike. */
  classWeights: oneOf(["none", "balanced"], "none"),
  /** Of retrieval: how the vectors of a text's tokens become one; as the model's folder says, or the mean, when left out. */
  pooling: nullable(oneOf(poolingModes, "mean")),
  /** Of retrieval: how vectors are compared; as the model's folder says, or by their cosine, when left out. */
  similarity: nullable(oneOf(similarities, "cosine")),
  /** Of retrieval: what similarities are multiplied by in the loss; 20 for the cosine, 1 for the dot product. */
  similarityScale: nullable(number(20, { minimum: 0 })),
  /** λ: how much predicting the texts' next tokens counts beside the task; 0.5 for GPT and GPT-2, none for others. */
  languageModelingWeight: nullable(number(0.5, { minimum: 0 })),
  /** Whether only the head is trained, on what the model as it is makes of each example, which is computed once. */
  frozen: boolean(false),
  /**
   * Of a frozen model: what the classifier reads. `last` under the published head, which is the usual; `weighted-sum` of all
   * layers; `last-four` side by side; the number of a layer, 0 for the embeddings; `each` layer in a run of its own.
   */
  layers: nullable(text()),
  /** Names of parameters that are kept as they are, or their beginnings, such as `embeddings` or `encoder.layer.0`. */
  freeze: list(text()),
  /** Steps between evaluations; once an epoch when left out, 0 for one at the end only. */
  evaluateEvery: nullable(integer(0, { minimum: 0 })),
  /** Evaluations in a row without a better one after which the run ends; 0 for never. */
  earlyStopEvaluations: integer(0, { minimum: 0 }),
  /** Steps between checkpoints; once an epoch when left out, 0 for one at the end only. */
  checkpointEvery: nullable(integer(0, { minimum: 0 })),
  seed,
  /** How many times to train: with `seed` and the ones after it; the best model is left. */
  seeds: size(1),
  threads,
  device,
} satisfies Fields;

export type FinetuneSettings = ValuesOf<typeof finetuneFields>;
export type ExampleFileSettings = ValuesOf<typeof exampleFileFields>;

/** Checks settings and fills in defaults. Throws a ConfigurationError for an unknown name or a wrong value. */
export function resolveFinetuneSettings(values: Partial<FinetuneSettings>): FinetuneSettings {
  const { extra: _, ...settings } = createDocument(finetuneFields, values, "the settings of finetune");
  return settings as unknown as FinetuneSettings;
}

/** Peak learning rate of a classifier over a frozen encoder. */
const frozenRate = 5e-3;

/** A peak learning rate that suits a width: 5e-5 from 768 on, as published for BERT and GPT, and more for narrower models. */
export function finetuningRate(width: number, { frozen = false }: { readonly frozen?: boolean } = {}): number {
  if (frozen) return frozenRate;
  if (width >= 768) return 5e-5;
  return width >= 384 ? 1e-4 : 3e-4;
}
