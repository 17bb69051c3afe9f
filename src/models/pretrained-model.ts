/** What all models share: a callable object over a symbolic `forward`, with values of its own. */
import { platform } from "#platform";
import {
  type Config,
  type ConfigDefinition,
  describeMatch,
  type Field,
  type HubOptions,
  hubOptionNames,
  hubOptionsOf,
  type KeyMatch,
  openCheckpoint,
  publishedFolder,
  saveCheckpoint,
  type TextFile,
} from "../checkpoints/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { Parameter, SymbolicTensor } from "../graph/index.ts";
import { announceScopes, Module, ParameterStore } from "../nn/index.ts";
import { naming } from "../platform/file-errors.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import { Random } from "../random.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Executable } from "../runtime/executable.ts";
import type { Tensor, TensorLike } from "../tensor/index.ts";
import { differingTies } from "./differing-ties.ts";
import { addedPart } from "./key-value-cache.ts";
import { type KeyTable, publishedName } from "./keys.ts";
import { loadWeights } from "./load-weights.ts";
import { concreteInputs, type InputSpecs } from "./model-inputs.ts";
import { type ModelMemory, type ModelOptions, ModelRuntime } from "./model-runtime.ts";
import { type ParameterPattern, parametersLike } from "./parameter-patterns.ts";
import { copyResized } from "./resized-values.ts";

/** What every configuration has. */
export type PreTrainedConfig = Config<Record<never, Field<unknown>>>;

export interface LoadOptions extends ModelOptions, HubOptions {
  /** Settings that replace those of the folder's config.json. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Draws the parameters that the folder lacks, such as a new head; seed 0 when left out. */
  readonly random?: Random | undefined;
  /** Whether weights that are missing or left over are an error instead of a warning; false. */
  readonly strict?: boolean | undefined;
  /**
   * Is told what is odd about the folder; `console.warn` when left out. Where the file's weights and the model's are not the
   * same, how they matched comes with the text.
   */
  readonly onWarning?: ((text: string, match?: KeyMatch) => void) | undefined;
}
const loadOptionNames = ["device", "threads", "config", "random", "strict", "onWarning", ...hubOptionNames];

export interface SaveOptions {
  /** How the weights are stored; float32 when left out. */
  readonly dtype?: "float32" | "float16" | "bfloat16" | undefined;
}

export interface CallOptions {
  readonly outputHiddenStates?: boolean | undefined;
  readonly outputAttentions?: boolean | undefined;
  /**
   * Whether `pastKeyValues` are returned; with `"added"` only what this call adds to those that it was given,
   * [B, H, T, K] each, for callers who keep the others themselves.
   */
  readonly useCache?: boolean | "added" | undefined;
}

/** Inputs or outputs with `Leaf` in place of symbols. */
export type Concrete<T, Leaf> = T extends SymbolicTensor
  ? Leaf
  : T extends readonly (infer Item)[]
    ? readonly Concrete<Item, Leaf>[]
    : T extends object
      ? { readonly [K in keyof T]: Concrete<T[K], Leaf> }
      : T;

/** Outputs that a call returns only when asked, with the option that asks. */
const onRequest: Readonly<Record<string, keyof CallOptions>> = {
  hiddenStates: "outputHiddenStates",
  encoderHiddenStates: "outputHiddenStates",
  decoderHiddenStates: "outputHiddenStates",
  attentions: "outputAttentions",
  encoderAttentions: "outputAttentions",
  decoderAttentions: "outputAttentions",
  crossAttentions: "outputAttentions",
  pastKeyValues: "useCache",
};

/** Any model, as shared code sees it. */
// biome-ignore lint/suspicious/noExplicitAny: a model's inputs and outputs vary both ways
export type AnyModel = PreTrainedModel<any, any, any>;

/** A concrete class of models. */
export interface ModelClass<M extends AnyModel = AnyModel> {
  readonly name: string;
  /** The class as which the published format knows its files, where it is not this one. */
  readonly publishedName?: string;
  // biome-ignore lint/suspicious/noExplicitAny: each architecture has its own fields
  readonly configuration: ConfigDefinition<any>;
  // biome-ignore lint/suspicious/noExplicitAny: each architecture has its own configuration
  new (config: any): M;
}

export interface PreTrainedModel<Config, Inputs extends object, Outputs extends object> {
  readonly config: Config;
  /**
   * Runs the model. The first call of a kind (the inputs and outputs that it names) traces and compiles a graph; later
   * ones reuse it, whatever their sizes.
   */
  (inputs: Concrete<Inputs, TensorLike>, options?: CallOptions): Promise<Concrete<Outputs, Tensor>>;
}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor returns a function
export abstract class PreTrainedModel<Config, Inputs extends object, Outputs extends object> extends Module {
  /** Absent until the model has values. */
  declare private runtimeOrNone: ModelRuntime | undefined;
  /** The folder's generation_config.json, which goes with the model when it is saved. */
  declare generationConfig: TextFile | undefined;

  constructor(config: Config) {
    super();
    // A model is called like a function, so the object that the constructors fill in is one.
    const call = (inputs: Concrete<Inputs, TensorLike>, options?: CallOptions): unknown => model.run(inputs, options);
    const model = call as unknown as this;
    Object.setPrototypeOf(model, new.target.prototype);
    for (const [name, value] of Object.entries({ config, runtimeOrNone: undefined, generationConfig: undefined })) {
      Object.defineProperty(model, name, { value, writable: true, enumerable: false });
    }
    // biome-ignore lint/correctness/noConstructorReturn: subclasses fill in the callable object
    return model;
  }

  /**
   * Loads a model folder, `config.json` and weights in a published format, or a published model by its id. Parameters that
   * it lacks are drawn anew, with a warning.
   *
   * @throws CheckpointError for a folder that is missing or broken or holds another kind of model; ConfigurationError and
   *   ResourceError for a published model that cannot be downloaded.
   */
  static async fromPretrained<M extends AnyModel>(
    this: ModelClass<M>,
    source: string,
    options: LoadOptions = {},
  ): Promise<M> {
    // biome-ignore lint/complexity/noThisInStatic: the class that it is called on
    return loadModel(this, source, options);
  }

  /** Writes `config.json` and `model.safetensors`: a folder that opens unchanged in Python. */
  async savePretrained(folder: string, options: SaveOptions = {}): Promise<void> {
    refuseUnknownNames(options, ["dtype"], "the options of savePretrained");
    const { dtype = "float32" } = options;
    const { configuration, name, publishedName = name } = this.constructor as unknown as ModelClass;
    const config = { ...(this.config as PreTrainedConfig), architectures: [publishedName], dtype };
    await saveCheckpoint(folder, {
      config: configuration.stringify(config as never),
      generationConfig: this.generationConfig?.text,
      tensors: [...this.parameters].map(([key, parameter]) => ({
        name: key,
        shape: parameter.shape,
        data: this.store.peek(parameter),
      })),
      dtype,
    });
  }

  /** Keeps the parameters that the patterns mean as they are while others are trained; returns their names. */
  freeze(...patterns: readonly ParameterPattern[]): readonly string[] {
    return this.setTrainable(patterns, false);
  }

  /** Takes back `freeze` for the parameters that the patterns mean; returns their names. */
  unfreeze(...patterns: readonly ParameterPattern[]): readonly string[] {
    return this.setTrainable(patterns, true);
  }

  /**
   * Gives the model another number of tokens, as after adding some to its tokenizer: rows of the word embedding and of the
   * vocabulary head are cut off, or added with the mean of the old ones; with `random` they are drawn around it.
   */
  resizeTokenEmbeddings(vocabSize: number, { random }: { readonly random?: Random } = {}): this {
    const resized = this.withVocabulary(vocabSize).materialize(this.options);
    copyResized(this, resized, random);
    void this.release();
    for (const name of ["config", "runtimeOrNone"] as const) Object.assign(this, { [name]: resized[name] });
    return Object.assign(this, resized);
  }

  private withVocabulary(vocabSize: number): this {
    const { configuration } = this.constructor as unknown as ModelClass;
    const config = configuration.create({ vocabSize } as object, this.config as never);
    return new (this.constructor as new (config: unknown) => this)(config);
  }

  private setTrainable(patterns: readonly ParameterPattern[], trainable: boolean): readonly string[] {
    const meant = parametersLike(this.parameters, patterns, this.keys.prefix);
    for (const parameter of meant) parameter.trainable = trainable;
    return meant.map(({ name }) => name);
  }

  /** The computation, over symbolic tensors. */
  abstract forward(inputs: Inputs): Outputs;

  /** What `forward` accepts when the inputs with these dotted names are given. */
  abstract inputSpecs(given: ReadonlySet<string>): InputSpecs;

  /** How parameters are called in published files. */
  abstract get keys(): KeyTable;

  /**
   * Names the parameters, makes room for their values and leaves these zero; what loads or initializes comes next.
   * Called once, on the outermost model.
   */
  materialize(options: ModelOptions = {}): this {
    const { names } = this.keys;
    for (const [path, parameter] of this.namedParameters()) parameter.name = publishedName(path, names);
    announceScopes(this);
    const parameters = [...this.namedParameters()].map(([, parameter]) => parameter);
    this.runtimeOrNone = new ModelRuntime(new ParameterStore(parameters), options);
    return this;
  }

  /** Draws all values anew; gives the model values if it has none. */
  initialize(random: Random, options?: ModelOptions): this {
    if (this.runtimeOrNone === undefined) this.materialize(options);
    // Who draws values is about to train them.
    this.store.open();
    this.store.initialize(random);
    return this;
  }

  private get runtime(): ModelRuntime {
    if (this.runtimeOrNone !== undefined) return this.runtimeOrNone;
    throw new ConfigurationError("this model has no values yet", {
      hint: "call initialize, or load it by fromPretrained",
    });
  }

  /** Where the values live. */
  get store(): ParameterStore {
    return this.runtime.store;
  }

  get options(): ModelOptions {
    return this.runtime.options;
  }

  /** The engine that runs this model. */
  get engine(): Promise<Engine> {
    return this.runtime.engine;
  }

  /** Every parameter under its published name, tied ones once. */
  get parameters(): ReadonlyMap<string, Parameter> {
    return new Map(this.store.parameters.map((parameter) => [parameter.name, parameter]));
  }

  /** Further published names of tied parameters, with the name under which each is stored. */
  get tied(): ReadonlyMap<string, string> {
    const { names } = this.keys;
    const aliases = [...this.parameterPaths()].map(
      ([path, parameter]) => [publishedName(path, names), parameter.name] as const,
    );
    return new Map(aliases.filter(([alias, stored]) => alias !== stored));
  }

  /** What calling the model does. */
  async run(inputs: Concrete<Inputs, TensorLike>, options: CallOptions = {}): Promise<Concrete<Outputs, Tensor>> {
    const { tensors, specs } = concreteInputs(inputs as object, (given) => this.inputSpecs(given));
    const asked = new Set(Object.entries(options).flatMap(([name, value]) => (value ? [name] : [])));
    const choose = (name: string, output: SymbolicTensor): SymbolicTensor | undefined => {
      const option = onRequest[name.split(".")[0] ?? ""];
      if (option !== undefined && !asked.has(option)) return undefined;
      return option === "useCache" && options.useCache === "added" ? addedPart(output) : output;
    };
    const forward = (symbolic: Record<string, unknown>): object => this.forward(symbolic as Inputs);
    // Labels of another type or rank mean another loss.
    const kinds = [...tensors].map(([name, { type, dims }]) => `${name}:${type}${dims.length}`);
    const variant = [...asked, options.useCache, ...kinds].sort().join();
    const outputs = await this.runtime.call(tensors, forward, specs, choose, variant);
    return outputs as Concrete<Outputs, Tensor>;
  }

  /**
   * The compiled graph of what `build` traces over this model's weights: made at the first call with this key, kept with
   * those of the model's own calls, and made anew when the weights have changed.
   */
  compiled(key: string, build: () => Readonly<Record<string, SymbolicTensor>>): Promise<Executable> {
    return this.runtime.executable(key, build);
  }

  /** What the model takes of memory as it stands. */
  async memory(): Promise<ModelMemory> {
    return this.runtime.memory();
  }

  /** Frees the compiled graphs. The values stay; the next call compiles again. */
  async release(): Promise<void> {
    await this.runtimeOrNone?.release();
  }
}

async function loadModel<M extends AnyModel>(
  modelClass: ModelClass<M>,
  source: string,
  options: LoadOptions,
): Promise<M> {
  refuseUnknownNames(options, loadOptionNames, "the options of fromPretrained");
  const { config: changes, random = new Random(0), strict, device, threads } = options;
  // The console would print the match as well.
  const { onWarning = (text: string): void => console.warn(text) } = options;
  const modelOptions = { device, threads };
  const { configuration } = modelClass;
  const folder = await publishedFolder(source, ["weights"], {
    ...hubOptionsOf(options),
    // Another kind of model is refused before its weights come.
    checkConfiguration: async (file) =>
      void configuration.parse(await platform.readText(file, "checkpoint"), file, { onWarning() {} }),
  });
  const { config, generationConfig, weights } = await openCheckpoint(folder);
  const published = configuration.parse(config.text, config.file, { onWarning });
  const settings = changes === undefined ? published : configuration.create(changes, published);
  // What sizes do not go together shows only here.
  const tied = await naming(config.file, async () => new modelClass(settings).materialize(modelOptions));
  const differing = await differingTies(tied, weights);
  const model = differing.length === 0 ? tied : untied(modelClass, settings).materialize(modelOptions);
  model.generationConfig = generationConfig;
  if (differing.length > 0) {
    onWarning(`${weights.file}: ${differing.join(", ")} should be tied and holds other values, so it is not tied.`);
  }
  const match = await loadWeights(model, weights, { random, strict: strict === true, ties: tied.tied });
  const warning = describeMatch(match, weights.file);
  if (warning !== undefined) onWarning(warning, match);
  return model;
}

/** The model with a vocabulary head of its own. */
function untied<M extends AnyModel>(modelClass: ModelClass<M>, config: object): M {
  return new modelClass({ ...config, tieWordEmbeddings: false });
}
