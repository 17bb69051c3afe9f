/** The options of a call to a tokenizer: their types, checks and defaults. */
import { TokenizerError } from "../errors.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import type { TextInput } from "./encoding.ts";
import type { Side, Truncation, TruncationStrategy } from "./truncation.ts";

export interface TokenizerCallOptions {
  /** The second text of a pair, or one for each text. */
  textPair?: TextInput | readonly TextInput[] | undefined;
  /** Put the tokens around the text that the model expects; true. */
  addSpecialTokens?: boolean | undefined;
  /** true or "longest": to the longest of the batch; "max_length": to `maxLength` or the model's limit; false. */
  padding?: boolean | "longest" | "max_length" | "do_not_pad" | undefined;
  /** true is "longest_first". Absent: only if `maxLength` is given without `padding`. */
  truncation?: boolean | TruncationStrategy | "do_not_truncate" | undefined;
  /** Most tokens, special ones included; the model's limit if absent. */
  maxLength?: number | undefined;
  /** Tokens that overlap from one window of a long text to the next; 0. */
  stride?: number | undefined;
  /** Give what was cut off as further windows; false. */
  returnOverflowingTokens?: boolean | undefined;
  /** The text comes as an array of words; a batch as an array of such arrays. */
  isSplitIntoWords?: boolean | undefined;
  returnOffsetsMapping?: boolean | undefined;
  returnSpecialTokensMask?: boolean | undefined;
  returnTokenTypeIds?: boolean | undefined;
  returnAttentionMask?: boolean | undefined;
  /** Round padded lengths up to a multiple. */
  padToMultipleOf?: number | undefined;
  paddingSide?: Side | undefined;
  truncationSide?: Side | undefined;
  /** Byte-level tokenizers: put a space before each text that begins without one. Absent: as the tokenizer was loaded. */
  addPrefixSpace?: boolean | undefined;
  /** XLM: code of the language of the texts, whose rules cut them into words; en. */
  lang?: string | undefined;
  /** false: plain arrays instead of tensors; true. */
  returnTensors?: boolean | undefined;
}

const NAMES = [
  ...["textPair", "addSpecialTokens", "padding", "truncation", "maxLength", "stride", "returnOverflowingTokens"],
  ...["isSplitIntoWords", "returnOffsetsMapping", "returnSpecialTokensMask", "returnTokenTypeIds"],
  ...[
    "returnAttentionMask",
    "padToMultipleOf",
    "paddingSide",
    "truncationSide",
    "addPrefixSpace",
    "returnTensors",
    "lang",
  ],
];

/** Padding as asked for, before the padding token and the longest text are known. */
export interface PaddingRequest {
  readonly side: Side;
  /** Undefined: the longest of the batch. */
  readonly length: number | undefined;
  readonly multipleOf: number | undefined;
}

/** What a tokenizer's own settings say where a call says nothing. */
export interface CallDefaults {
  readonly modelMaxLength: number | undefined;
  readonly paddingSide: Side;
  readonly truncationSide: Side;
}

/** Refuses names that are no options, and values of wrong types. */
export function checkCallOptions(options: TokenizerCallOptions): void {
  refuseUnknownNames(options, NAMES, "the options of a tokenizer");
  for (const name of ["maxLength", "stride", "padToMultipleOf"] as const) {
    const value = options[name];
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue;
    throw optionError(name, "a whole number of at least 0", value);
  }
  for (const name of ["paddingSide", "truncationSide"] as const) {
    const value = options[name];
    if (value !== undefined && value !== "left" && value !== "right") throw optionError(name, "left or right", value);
  }
}

export function resolveTruncation(options: TokenizerCallOptions, defaults: CallDefaults): Truncation | undefined {
  const { truncation, maxLength, stride = 0 } = options;
  const strategies: Record<string, TruncationStrategy | undefined> = {
    true: "longest_first",
    longest_first: "longest_first",
    only_first: "only_first",
    only_second: "only_second",
    false: undefined,
    do_not_truncate: undefined,
    undefined: maxLength !== undefined && !options.padding ? "longest_first" : undefined,
  };
  const strategy = chooseValue("truncation", truncation, strategies);
  const length = maxLength ?? defaults.modelMaxLength;
  if (strategy === undefined || length === undefined) return undefined;
  return { maxLength: length, strategy, stride, side: options.truncationSide ?? defaults.truncationSide };
}

export function resolvePadding(
  options: TokenizerCallOptions,
  defaults: CallDefaults,
  truncation: Truncation | undefined,
): PaddingRequest | undefined {
  const kinds: Record<string, "longest" | "max_length" | undefined> = {
    true: "longest",
    longest: "longest",
    max_length: "max_length",
    false: undefined,
    do_not_pad: undefined,
    undefined: undefined,
  };
  const kind = chooseValue("padding", options.padding, kinds);
  const length = kind === "max_length" ? (options.maxLength ?? defaults.modelMaxLength) : undefined;
  if (kind === undefined || (kind === "max_length" && length === undefined)) return undefined;
  const multipleOf = options.padToMultipleOf;
  if (multipleOf && truncation && truncation.maxLength % multipleOf !== 0) {
    throw optionError("padToMultipleOf", `a divisor of maxLength, ${truncation.maxLength}`, multipleOf);
  }
  return { side: options.paddingSide ?? defaults.paddingSide, length, multipleOf };
}

function chooseValue<T>(name: string, value: unknown, choices: Readonly<Record<string, T>>): T | undefined {
  const key = String(value);
  if (Object.hasOwn(choices, key)) return choices[key];
  const known = Object.keys(choices).filter((choice) => choice !== "undefined");
  throw optionError(name, `one of ${known.join(", ")}`, value);
}

function optionError(name: string, expected: string, received: unknown): TokenizerError {
  return new TokenizerError(`The option ${name} of a tokenizer should be ${expected}, but is ${String(received)}.`, {
    field: name,
    expected,
    received: String(received),
    hint: "Correct the option.",
  });
}

/** The inputs of a call as pairs, and whether they were a batch. */
export interface CallInputs {
  readonly isBatch: boolean;
  readonly pairs: readonly (readonly [TextInput, TextInput | undefined])[];
}

/** Sorts out what the caller passed: a text or several, as strings or as words. */
export function readInputs(text: unknown, options: TokenizerCallOptions): CallInputs {
  const asWords = options.isSplitIntoWords === true;
  const isBatch = asWords ? isArrayOf(text, Array.isArray) : Array.isArray(text);
  const texts = checkTexts(isBatch ? (text as unknown[]) : [text], "text", asWords);
  const { textPair } = options;
  if (textPair === undefined) return { isBatch, pairs: texts.map((first) => [first, undefined]) };
  const seconds = checkTexts(isBatch ? (textPair as unknown[]) : [textPair], "textPair", asWords);
  if (seconds.length !== texts.length) {
    throw optionError("textPair", `as many texts as there are first ones, ${texts.length}`, seconds.length);
  }
  return { isBatch, pairs: texts.map((first, index) => [first, seconds[index]]) };
}

/** An empty array of words is one text without words. */
function isArrayOf(value: unknown, test: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(test);
}

function checkTexts(values: unknown, name: string, asWords: boolean): TextInput[] {
  const isWord = (item: unknown): boolean => typeof item === "string";
  const isText = (item: unknown): boolean => (asWords ? Array.isArray(item) && item.every(isWord) : isWord(item));
  if (Array.isArray(values) && values.every(isText)) return values;
  const wrong = Array.isArray(values) ? values.find((item) => !isText(item)) : values;
  const form = asWords ? "arrays of words, as isSplitIntoWords says" : "a string or an array of strings";
  throw new TokenizerError(`A tokenizer's ${name} should be ${form}.`, {
    field: name,
    expected: form,
    received: Array.isArray(wrong) ? "an array" : wrong === null ? "null" : typeof wrong,
    hint: asWords
      ? 'Pass ["one", "text"] or [["one", "text"], ["another"]].'
      : "For text that has been cut into words pass isSplitIntoWords: true.",
  });
}
