/** The settings beside a pipeline: tokenizer_config.json and special_tokens_map.json. */
import {
  type AddedToken,
  addedTokenFieldsToJSON,
  readAddedToken,
  requireFewTokens,
  specialToken,
} from "./added-vocabulary.ts";
import { JsonFields, LargeArray } from "./json-fields.ts";
import { SPECIAL_TOKEN_NAMES, type SpecialTokenName, tokenizerClass } from "./tokenizer-classes.ts";
import type { Side } from "./truncation.ts";

export interface TokenizerConfig {
  /** As published, such as `BertTokenizer`. */
  tokenizerClass: string;
  /** Special tokens by their published names. */
  specialTokens: Map<SpecialTokenName, AddedToken>;
  additionalSpecialTokens: AddedToken[];
  /** Most tokens that the model takes; undefined: no limit. */
  modelMaxLength: number | undefined;
  paddingSide: Side;
  truncationSide: Side;
  padTokenTypeId: number;
  cleanUpTokenizationSpaces: boolean;
  modelInputNames: readonly string[];
  /** Tokens with ids that an old tokenizer had added (`added_tokens_decoder`). */
  addedTokens: ReadonlyMap<number, AddedToken>;
  /** All other keys of tokenizer_config.json, as they were. */
  rest: Readonly<Record<string, unknown>>;
}

/** Old files write "no limit" as 1e30. */
const NO_LIMIT = 1e20;

/**
 * Reads the settings.
 *
 * @param config parsed tokenizer_config.json, if there is one.
 * @param tokensMap parsed special_tokens_map.json, if there is one; tokenizer_config.json wins.
 * @param modelType `model_type` of the config.json beside them; tells the class if nothing else does.
 */
export function readTokenizerConfig(
  config: JsonFields,
  tokensMap: JsonFields,
  className: string | undefined,
): TokenizerConfig {
  const { name, ...published } = tokenizerClass(config.optionalString("tokenizer_class") ?? className);
  const modelMaxLength = config.raw("model_max_length");
  if (modelMaxLength !== undefined && modelMaxLength !== null && !(Number(modelMaxLength) > 0)) {
    throw config.error("model_max_length", "a number above 0");
  }
  const inputNames = config.array("model_input_names", published.modelInputNames);
  if (!inputNames.every((input) => typeof input === "string")) {
    throw config.error("model_input_names", "an array of strings");
  }
  return {
    tokenizerClass: config.optionalString("tokenizer_class") ?? name,
    specialTokens: readSpecialTokens([config, tokensMap], published.specialTokens),
    additionalSpecialTokens: readAdditionalTokens([config, tokensMap], published.additionalSpecialTokens),
    modelMaxLength: typeof modelMaxLength === "number" && modelMaxLength < NO_LIMIT ? modelMaxLength : undefined,
    paddingSide: config.choice("padding_side", ["left", "right"], published.paddingSide),
    truncationSide: config.choice("truncation_side", ["left", "right"], "right"),
    padTokenTypeId: config.count("pad_token_type_id", published.padTokenTypeId),
    cleanUpTokenizationSpaces: config.boolean("clean_up_tokenization_spaces", false),
    modelInputNames: inputNames,
    addedTokens: readAddedTokensDecoder(config),
    rest: restOf(config),
  };
}

/** Settings as the content of tokenizer_config.json. `addedTokens`: the pipeline's, by id. */
export function tokenizerConfigToJSON(
  config: TokenizerConfig,
  addedTokens: ReadonlyMap<number, AddedToken>,
): Record<string, unknown> {
  const decoder = [...addedTokens].map(([id, token]) => [String(id), addedTokenFieldsToJSON(token)]);
  return {
    tokenizer_class: config.tokenizerClass,
    ...specialTokensToJSON(config, (token) => token.content),
    ...(config.modelMaxLength === undefined ? {} : { model_max_length: config.modelMaxLength }),
    clean_up_tokenization_spaces: config.cleanUpTokenizationSpaces,
    padding_side: config.paddingSide,
    truncation_side: config.truncationSide,
    ...(config.padTokenTypeId === 0 ? {} : { pad_token_type_id: config.padTokenTypeId }),
    model_input_names: config.modelInputNames,
    added_tokens_decoder: Object.fromEntries(decoder),
    ...config.rest,
  };
}

/** The content of special_tokens_map.json: a plain string where the token has no options. */
export function specialTokensMapToJSON(config: TokenizerConfig): Record<string, unknown> {
  return specialTokensToJSON(config, (token) => {
    if (!token.singleWord && !token.lstrip && !token.rstrip) return token.content;
    const { special: _, ...fields } = addedTokenFieldsToJSON(token);
    return fields;
  });
}

function specialTokensToJSON(config: TokenizerConfig, write: (token: AddedToken) => unknown): Record<string, unknown> {
  const named = [...config.specialTokens].map(([name, token]) => [name, write(token)]);
  const additional = config.additionalSpecialTokens.map(write);
  return { ...Object.fromEntries(named), ...(additional.length > 0 ? { additional_special_tokens: additional } : {}) };
}

function readSpecialTokens(
  sources: readonly JsonFields[],
  published: Partial<Record<SpecialTokenName, string>>,
): Map<SpecialTokenName, AddedToken> {
  const tokens = new Map<SpecialTokenName, AddedToken>();
  for (const name of SPECIAL_TOKEN_NAMES) {
    const source = sources.find((fields) => fields.has(name));
    // An explicit null says that there is no such token, whatever the class takes for granted.
    const isDenied = sources.some((fields) => fields.raw(name) === null);
    const token = source ? readToken(source, name) : isDenied ? undefined : published[name];
    if (token !== undefined) tokens.set(name, typeof token === "string" ? specialToken(token) : token);
  }
  return tokens;
}

/** A token as a string, or as an object with its options. */
function readToken(fields: JsonFields, name: string): AddedToken {
  if (typeof fields.raw(name) === "object") return { ...readAddedToken(fields.object(name), true), special: true };
  return specialToken(fields.string(name));
}

function readAdditionalTokens(sources: readonly JsonFields[], published: readonly string[] = []): AddedToken[] {
  for (const fields of sources) {
    for (const name of ["additional_special_tokens", "extra_special_tokens"]) {
      const value = fields.raw(name);
      if (!Array.isArray(value) && !(value instanceof LargeArray)) continue;
      const list = new JsonFields({ ...fields.array(name) }, fields.file, name);
      return list.keys().map((key) => readToken(list, key));
    }
  }
  return published.map((content) => specialToken(content));
}

function readAddedTokensDecoder(config: JsonFields): Map<number, AddedToken> {
  const tokens = new Map<number, AddedToken>();
  if (!config.has("added_tokens_decoder")) return tokens;
  const decoder = config.object("added_tokens_decoder");
  requireFewTokens(decoder);
  decoder.forEach((key, value) => {
    if (!/^\d{1,9}$/.test(key)) throw decoder.error(key, "a key that is an id", key);
    const entry = new JsonFields(value, config.file, `added_tokens_decoder.${key}`);
    tokens.set(Number(key), readAddedToken(entry, false));
  });
  return tokens;
}

const HANDLED = new Set<string>([
  ...SPECIAL_TOKEN_NAMES,
  ...["tokenizer_class", "additional_special_tokens", "extra_special_tokens", "model_max_length", "padding_side"],
  ...["truncation_side", "pad_token_type_id", "clean_up_tokenization_spaces", "model_input_names"],
  ...["added_tokens_decoder"],
]);

function restOf(config: JsonFields): Record<string, unknown> {
  const rest = config.keys().filter((key) => !HANDLED.has(key));
  return Object.fromEntries(rest.map((key) => [key, config.raw(key)]));
}

/** A setting that no field has, if it is a truth value. */
export function booleanOf(config: TokenizerConfig, name: string): boolean | undefined {
  const value = config.rest[name];
  return typeof value === "boolean" ? value : undefined;
}
