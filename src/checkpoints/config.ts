/**
 * `config.json`: what a model is made of, under the published names and with the published defaults. A model file
 * declares its fields; what all models share (labels, type, architectures) is added here.
 *
 *     export const bertConfig = defineConfig("bert", { vocabSize: size(30522), layerNormEps: number(1e-12), … });
 *     export type BertConfig = ConfigOf<typeof bertConfig>;
 */
import { CheckpointError, ConfigurationError } from "../errors.ts";
import {
  boolean,
  type Field,
  integer,
  integersByName,
  list,
  namesById,
  nullable,
  oneOf,
  size,
  text,
} from "./fields.ts";
import {
  createDocument,
  type DocumentOf,
  documentText,
  type ExtraMembers,
  type Fields,
  type ParseOptions,
  parseDocument,
  parseObject,
  type ValuesOf,
} from "./json-document.ts";
import { shown } from "./json-text.ts";

const problemTypes = ["regression", "single_label_classification", "multi_label_classification"] as const;

/** What every model's file may hold beside the model's own fields. Left out of the file while it has its default value. */
const commonFields = {
  /** The classes whose weights stand beside the file: `["BertForMaskedLM"]`. */
  architectures: nullable(list(text()), null, { omitDefault: true }),
  /** The type in which the weights are stored: "float32", "float16", "bfloat16". Older files call it torch_dtype. */
  dtype: nullable(text(), null, { otherKeys: ["torch_dtype"], omitDefault: true }),
  /**
   * How many tokens each layer of a decoder attends to, one's own counted, of a model that was trained with a limited
   * history. Our own key: other programs keep it and attend to all.
   */
  attentionWindows: nullable(list(size()), null, { key: "cloze_attention_windows", omitDefault: true }),
  /**
   * What a classifier over a frozen encoder reads: `weighted-sum`, `last-four` or the number of a layer. Our own key: other
   * programs keep it and see the encoder alone.
   */
  featureLayers: nullable(text(), null, { key: "cloze_feature_layers", omitDefault: true }),
  /**
   * Of a classifier of relations: the ids of the tokens that open the two entities, where it reads the states of these in
   * place of the whole text's. Our own key: other programs keep it and see the encoder alone.
   */
  entityStarts: nullable(list(integer(0, { minimum: 0 })), null, { key: "cloze_entity_starts", omitDefault: true }),
  /**
   * Whether a classifier reads pairs in both orders and adds what it says of each, as GPT does where order says nothing
   * (Radford et al. 2018, figure 1). Our own key: other programs keep it and read the order that they are given.
   */
  bothOrders: boolean(false, { key: "cloze_both_orders", omitDefault: true }),
  /** Classes of whole rows that a token classifier tells beside those of tokens. Our own key, as above. */
  intents: nullable(list(text()), null, { key: "cloze_intents", omitDefault: true }),
  isEncoderDecoder: boolean(false, { omitDefault: true }),
  problemType: nullable(oneOf(problemTypes, "single_label_classification"), null, { omitDefault: true }),
  /** Names of the classes by number, and back. */
  id2label: nullable(namesById(), null, { omitDefault: true }),
  label2id: nullable(integersByName(), null, { omitDefault: true }),
} satisfies Fields;

type AllFields<F extends Fields> = Omit<typeof commonFields, keyof F> & F;

interface Derived {
  readonly modelType: string;
  readonly id2label: Readonly<Record<number, string>>;
  readonly label2id: Readonly<Record<string, number>>;
  /** How many classes `id2label` has. */
  readonly numLabels: number;
  /** What the file held beside the known keys; written back unchanged. */
  readonly extra: ExtraMembers;
}

export type Config<F extends Fields> = Omit<ValuesOf<AllFields<F>>, keyof Derived> & Derived;

/** The configuration type that a definition describes. */
export type ConfigOf<D> = D extends ConfigDefinition<infer F> ? Config<F> : never;

/** Values for a new configuration. `numLabels` alone names the classes LABEL_0, LABEL_1, … */
export type ConfigValues<F extends Fields> = Partial<Omit<Config<F>, "modelType">>;

/** Each class has a name, and more would only fill the memory. */
const mostLabels = 100_000;

function defaultLabels(count: number): Record<number, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, id) => [id, `LABEL_${id}`]));
}

function sameRecord(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

export class ConfigDefinition<F extends Fields> {
  /** The published `model_type`. */
  readonly modelType: string;
  readonly #fields: AllFields<F>;

  constructor(modelType: string, fields: F) {
    this.modelType = modelType;
    this.#fields = { ...commonFields, ...fields };
  }

  /**
   * Reads a published file. Unknown keys are kept; one that looks like a slip is warned of.
   *
   * @param json the text of the file.
   * @param file its path, for messages.
   * @throws CheckpointError if it is no JSON object, is of another model, or a field has a wrong value.
   */
  parse(json: string, file: string, options: ParseOptions = {}): Config<F> {
    const members = parseObject(json, file);
    const modelType = members.get("model_type");
    // The oldest files do not say what they are.
    if (modelType !== undefined && modelType !== this.modelType) {
      throw new CheckpointError(`${file} describes another kind of model.`, {
        file,
        field: "model_type",
        expected: `"${this.modelType}"`,
        received: shown(modelType),
        hint: "Open the folder with the class of its own model type, or with AutoModel.",
      });
    }
    const document = parseDocument(this.#fields, json, file, options, ["model_type", "num_labels"]);
    return this.#finish(document, this.#labelCount(members.get("num_labels"), file));
  }

  /**
   * A configuration from a program's values; absent ones are taken from `base`, or are the published defaults.
   *
   * @throws ConfigurationError for an unknown name, naming the nearest known one, or a wrong value.
   */
  create(values: ConfigValues<F> = {}, base?: Config<F>): Config<F> {
    const { numLabels, ...rest } = values as Partial<Derived>;
    const what = `the settings of ${this.modelType}`;
    const asDocument = (part: object): DocumentOf<AllFields<F>> => part as DocumentOf<AllFields<F>>;
    const document = createDocument(this.#fields, asDocument(rest), what, base && asDocument(base), ["modelType"]);
    if (numLabels === undefined) return this.#finish(document, 2, rest.id2label !== undefined);
    const count = rest.id2label && Object.keys(rest.id2label).length;
    if (
      Number.isSafeInteger(numLabels) &&
      numLabels >= 1 &&
      numLabels <= mostLabels &&
      (count ?? numLabels) === numLabels
    ) {
      return this.#finish(rest.id2label ? document : { ...document, id2label: null }, numLabels, true);
    }
    throw new ConfigurationError(`numLabels of ${what} has a wrong value.`, {
      field: "numLabels",
      expected: count === undefined ? `an integer from 1 to ${mostLabels}` : `${count}, as many as id2label has`,
      received: String(numLabels),
      hint: "Give id2label alone, or numLabels alone.",
    });
  }

  /** The text of `config.json`, as the reference lays it out. */
  stringify(config: Config<F>): string {
    // Two classes without names are the default, which the reference leaves out.
    const named = !sameRecord(config.id2label, defaultLabels(2));
    const labels = named ? {} : { id2label: null, label2id: null };
    const document = { ...config, ...labels } as unknown as DocumentOf<AllFields<F>>;
    return documentText(this.#fields, document, { model_type: JSON.stringify(this.modelType) });
  }

  #labelCount(value: unknown, file: string): number {
    if (value === undefined || value === null) return 2;
    if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= mostLabels)
      return value as number;
    throw new CheckpointError(`${file}: num_labels has a wrong value.`, {
      file,
      field: "num_labels",
      expected: `an integer from 0 to ${mostLabels}`,
      received: shown(value),
      hint: "Correct the file.",
    });
  }

  /** Adds what follows from the fields: names for the classes, their number, and the way back from name to number. */
  #finish(document: DocumentOf<AllFields<F>>, labelCount: number, labelsChanged = false): Config<F> {
    const { id2label: names, label2id: ids } = document as unknown as {
      id2label: Readonly<Record<number, string>> | null;
      label2id: Readonly<Record<string, number>> | null;
    };
    const id2label = names ?? defaultLabels(labelCount);
    const derived = Object.fromEntries(Object.entries(id2label).map(([id, name]) => [name, Number(id)]));
    const label2id = names && ids && !labelsChanged ? ids : derived;
    const numLabels = Object.keys(id2label).length;
    return { ...document, modelType: this.modelType, id2label, label2id, numLabels } as unknown as Config<F>;
  }
}

/**
 * Describes the `config.json` of one model type. Field names are the published ones in camelCase.
 *
 * @param fields with the published defaults; see `fields.ts`.
 */
export function defineConfig<const F extends Readonly<Record<string, Field<unknown>>>>(
  modelType: string,
  fields: F,
): ConfigDefinition<F> {
  return new ConfigDefinition(modelType, fields);
}
