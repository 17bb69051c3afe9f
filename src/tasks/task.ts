/**
 * What a fine-tuning task is: which head it takes, how an example becomes tokens and labels, its loss, and how answers are
 * read and scored. One file each; the training loop knows nothing of any of them.
 */
import type { ExampleTask, ReadExample } from "../data/index.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import type { AnyModel, InputSpecs, ModelTask, PreTrainedConfig } from "../models/index.ts";
import type { OutputArrays, PreparedBatch, SymbolicInputs } from "../objectives/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import type { PoolingMode } from "./pooling.ts";
import type { Similarity } from "./sentence-modules.ts";

/** The tokens of a text or a pair. */
export interface TokenRow {
  readonly inputIds: readonly number[];
  /** The segment of each token, of models that know segments. */
  readonly tokenTypeIds?: readonly number[] | undefined;
}

/** What a model reads of an example at a time: all of it, or a window of a long one. */
export interface Features {
  /** Number of the example among those that were given; −1 of what belongs to all of them. */
  readonly example: number;
  /** One row of tokens, or one of each choice. */
  readonly rows: readonly TokenRow[];
}

/** The examples that a task knows how to read. */
export type TaskName = Extract<
  ExampleTask,
  | "text-classification"
  | "relation-extraction"
  | "token-classification"
  | "span-extraction"
  | "extractive-summarization"
  | "dependency-parsing"
  | "question-answering"
  | "multiple-choice"
  | "cloze"
  | "spelling-correction"
  | "retrieval"
  | "text-ranking"
>;

/** How examples are turned into tokens, beside what the task itself says. */
export interface TaskOptions {
  /** Tokens of the longest row. */
  readonly sequenceLength: number;
  /** Tokens that neighbouring windows of a long text share; texts are cut when left out. */
  readonly stride?: number | undefined;
  /** [C]: how much an example of each class counts; all alike when left out. */
  readonly classWeights?: readonly number[] | undefined;
  /** Of tasks that compare texts by their vectors. */
  readonly vectors?: VectorOptions | undefined;
  /** Of retrieval: further texts among which an evaluation looks for the right ones. */
  readonly corpus?: readonly string[] | undefined;
  /** Of ranking: the documents that an evaluation ranks for each query, in the order that holds where scores are equal. */
  readonly candidates?: ReadonlyMap<string, readonly string[]> | undefined;
  /** λ and the published name of the word embedding, when training also predicts the text's own next tokens. */
  readonly languageModeling?: LanguageModelingOptions | undefined;
}

/** How a text becomes one vector, and how vectors are compared. */
export interface VectorOptions {
  /** As the model's folder says, and the mean without its word, when left out. */
  readonly pooling?: readonly PoolingMode[] | undefined;
  /** As the model's folder says, and the cosine without its word, when left out. */
  readonly similarity?: Similarity | undefined;
  /** What similarities are multiplied by before the softmax; 20 for the cosine, 1 for the dot product, when left out. */
  readonly scale?: number | undefined;
}

export interface LanguageModelingOptions {
  readonly weight: number;
  /** Of the base model: `wte.weight`. */
  readonly words: string;
}

/** Settings that decide what is learned. */
export interface LabelOptions {
  /** Of text classification: `regression` takes labels for numbers. */
  readonly problemType?: ProblemType | undefined;
  /** Of text classification: whether pairs are read in both orders, for tasks in which order says nothing. */
  readonly bothOrders?: boolean | undefined;
  /** Of relation extraction: whether the states of the tokens that open the entities are classified, not the whole text's. */
  readonly entityStarts?: boolean | undefined;
}

export type ProblemType = "regression" | "single_label_classification" | "multi_label_classification";

/** How a model did on some examples. */
export interface TaskEvaluation {
  /** Shares from 0 to 1, correlations from −1 to 1; `loss` in nats. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Of tasks with classes. */
  readonly classes?: readonly ClassFigures[];
  /** [class][predicted]: how many examples; of tasks with one class an example. */
  readonly confusion?: readonly (readonly number[])[];
  /** Of tasks with classes: labels that the model was not trained on, if there are any; they count as faults. */
  readonly unknownLabels?: readonly string[];
}

export interface ClassFigures {
  readonly name: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** How many there are. */
  readonly support: number;
}

/** A task whose labels are known: those of a model. */
export interface PreparedTask<Example, F extends Features, Result> {
  /** The metric by which models are compared: the higher, the better. */
  readonly mainMetric: string;
  /** Throws a DataError that names the line of an example if the model knows hardly any of the labels. */
  features(examples: readonly Example[]): F[];
  /** What an evaluation reads of the examples, where it is not what is learned from. */
  evaluationFeatures?(examples: readonly Example[]): F[];
  /** Arrays of one batch, padded to its longest row. */
  batch(features: readonly F[]): PreparedBatch;
  /** Types and shapes of a batch's arrays, where they are not the model's own inputs. */
  inputSpecs?(model: AnyModel, batch: PreparedBatch): InputSpecs;
  /** → [] in nats */
  loss(model: AnyModel, inputs: SymbolicInputs): SymbolicTensor;
  /** What `results` reads. */
  outputs(model: AnyModel, inputs: SymbolicInputs): Readonly<Record<string, SymbolicTensor>>;
  /** What the model says of each of a batch's features. */
  results(outputs: OutputArrays, batch: PreparedBatch, features: readonly F[]): Result[];
  /** `features` and `results` are those of all examples, in order. */
  evaluate(examples: readonly Example[], features: readonly F[], results: readonly Result[]): TaskEvaluation;
  /** Writes what a model folder says of this task beside its configuration; `width`: features of a token. */
  writeFiles?(folder: string, width: number): Promise<void>;
}

/** What a task is prepared for. */
export interface TaskParts {
  /** Of a model whose head has the task's labels. */
  readonly config: PreTrainedConfig;
  readonly modelTask: ModelTask;
  readonly tokenizer: Tokenizer;
}

/** Settings of fine-tuning and of evaluations that only some tasks read. */
export const taskSettings = [
  ...(["stride", "problemType", "bothOrders", "entityStarts"] as const),
  ...(["pooling", "similarity", "similarityScale"] as const),
] as const;

export type TaskSetting = (typeof taskSettings)[number];

export interface Task<Name extends TaskName = TaskName, F extends Features = Features, Result = unknown> {
  readonly name: Name;
  /** Those of them that it reads; the others are refused. */
  readonly settings?: readonly TaskSetting[];
  /** Parts of the model that the task does not read, by the beginning of their published names. */
  readonly unread?: readonly string[];
  /** The heads that can do it; the first one that an architecture has is taken. */
  readonly modelTasks: readonly ModelTask[];
  /** Special tokens that the task puts into texts; those that the tokenizer lacks are added to it. */
  readonly tokens?: readonly string[];
  /** What the training examples ask of a configuration, such as names for its classes. Throws a DataError. */
  configuration(
    examples: readonly ReadExample<Name>[],
    options: LabelOptions,
    config: PreTrainedConfig,
    modelTask: ModelTask,
    tokenizer: Tokenizer,
  ): Readonly<Record<string, unknown>>;
  /** Weights under which all classes count alike; of tasks that have classes. */
  classWeights?(examples: readonly ReadExample<Name>[], config: PreTrainedConfig): readonly number[];
  /** The options, completed by what a model folder says beside its configuration. Throws a CheckpointError. */
  completeOptions?(options: TaskOptions, folder: string): Promise<TaskOptions>;
  prepare(parts: TaskParts, options: TaskOptions): PreparedTask<ReadExample<Name>, F, Result>;
}

// biome-ignore lint/suspicious/noExplicitAny: each task has its own examples, features and results
export type AnyTask = Task<any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: each task has its own examples, features and results
export type AnyPreparedTask = PreparedTask<any, any, any>;
