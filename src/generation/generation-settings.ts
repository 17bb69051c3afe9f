/** How text is continued: the options of `generate`, and what follows from them for one call. */
import { CheckpointError, ConfigurationError, ShapeError } from "../errors.ts";
import { parseJson } from "../platform/file-errors.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import type { Random } from "../random.ts";
import {
  badWords,
  chain,
  epsilonCutoff,
  etaCutoff,
  exponentialDecay,
  forceTokensAt,
  hammingDiversity,
  type LogitsProcessor,
  minimumLength,
  minP,
  noRepeatNgram,
  normalize,
  removeInvalidValues,
  repetitionPenalty,
  type SequenceBias,
  sequenceBias,
  suppressTokens,
  suppressTokensAt,
  temperature,
  topH,
  topK,
  topP,
  typical,
} from "./logits-processors/index.ts";
import type { RequiredWord } from "./required-words.ts";

/** What a model folder's generation_config.json may hold too, in snake case. */
export interface GenerationSettings {
  /** Tokens to add at most; 20 when neither this nor `maxLength` says. */
  readonly maxNewTokens?: number | null;
  /** The same with the prompt counted. */
  readonly maxLength?: number | null;
  readonly minNewTokens?: number | null;
  readonly minLength?: number | null;
  /** Whether tokens are drawn; the best one is taken when left out. */
  readonly doSample?: boolean | null;
  /** Rows that are followed at a time; 1. */
  readonly numBeams?: number | null;
  /** How many continuations of each prompt are returned; 1. */
  readonly numReturnSequences?: number | null;
  /** Above 0 long rows are preferred, below short ones; 1. Beams only. */
  readonly lengthPenalty?: number | null;
  /** Whether to stop as soon as there are `numBeams` finished rows; `never`: only when none can become better. */
  readonly earlyStopping?: boolean | "never" | null;
  /** Groups of beams that are kept from saying the same; 1. Divides `numBeams`. */
  readonly numBeamGroups?: number | null;
  /** What a group loses on a token for every beam of the groups before it that says it. */
  readonly diversityPenalty?: number | null;
  /** Words that must be said, with beams: a sequence of tokens each, or several of which one is to be said. */
  readonly forceWordsIds?: readonly (readonly number[] | readonly (readonly number[])[])[] | null;
  /** How much likeness to what has been said counts beside probability, from 0 to 1: contrastive search among `topK`. */
  readonly penaltyAlpha?: number | null;
  readonly temperature?: number | null;
  /** 50 when sampling or in contrastive search; 0 keeps all. */
  readonly topK?: number | null;
  readonly topP?: number | null;
  readonly topH?: number | null;
  readonly minP?: number | null;
  readonly typicalP?: number | null;
  readonly epsilonCutoff?: number | null;
  readonly etaCutoff?: number | null;
  readonly repetitionPenalty?: number | null;
  readonly noRepeatNgramSize?: number | null;
  readonly badWordsIds?: readonly (readonly number[])[] | null;
  readonly sequenceBias?: readonly SequenceBias[] | null;
  readonly suppressTokens?: readonly number[] | null;
  readonly beginSuppressTokens?: readonly number[] | null;
  readonly forcedBosTokenId?: number | null;
  readonly forcedEosTokenId?: number | readonly number[] | null;
  readonly exponentialDecayLengthPenalty?: readonly [start: number, factor: number] | null;
  readonly removeInvalidValues?: boolean | null;
  readonly renormalizeLogits?: boolean | null;
  readonly eosTokenId?: number | readonly number[] | null;
  readonly padTokenId?: number | null;
}

export interface GenerationOptions extends GenerationSettings {
  /** Draws the tokens; seed 0 when left out. */
  readonly random?: Random | undefined;
  /** Is told each new token of each row as it is chosen. Not with beams, which choose at the end. */
  readonly onToken?: ((token: number, row: number) => void) | undefined;
  /** Ends the work after the token under way; what there is is returned. */
  readonly signal?: AbortSignal | undefined;
}

/** What a setting accepts, in words, and the test of it. */
type Rule = readonly [expected: string, holds: (value: unknown) => boolean];

/** Rows that a call may follow or return; more would only fill the memory. */
const mostRows = 10_000;

const numberWhere = (expected: string, holds: (value: number) => boolean): Rule => [
  expected,
  (value) => Number.isFinite(value) && holds(value as number),
];
const count = numberWhere("an integer of at least 1", isCount);
const countOrNone = numberWhere("an integer of at least 0", (value) => value === 0 || isCount(value));
const rowCount = numberWhere(`an integer from 1 to ${mostRows}`, (value) => isCount(value) && value <= mostRows);
const anyNumber = numberWhere("a number", () => true);
const positive = numberWhere("a number above 0", (value) => value > 0);
const share = numberWhere("a number from 0 to 1", (value) => value >= 0 && value <= 1);
const shareBelowOne = numberWhere("a number from 0, below 1", (value) => value >= 0 && value < 1);
const shareAboveNone = numberWhere("a number above 0 and at most 1", (value) => value > 0 && value <= 1);
const flag: Rule = ["true or false", (value) => typeof value === "boolean"];
const token: Rule = ["a token's number", Number.isSafeInteger];
const isTokens = (value: unknown): boolean => Array.isArray(value) && value.every(Number.isSafeInteger);
const tokens: Rule = ["a list of tokens' numbers", isTokens];
const tokenOrTokens: Rule = ["a token's number, or a list of such", (value) => token[1](value) || isTokens(value)];
const isSequence = (value: unknown): boolean =>
  isTokens(value) && (value as number[]).length > 0 && (value as number[]).every((id) => id >= 0);
const isSequences = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isSequence);

/** Exhaustive, so that none is forgotten. */
const rules: Readonly<Record<keyof GenerationSettings, Rule>> = {
  maxNewTokens: count,
  maxLength: count,
  minNewTokens: countOrNone,
  minLength: countOrNone,
  doSample: flag,
  numBeams: rowCount,
  numReturnSequences: rowCount,
  lengthPenalty: anyNumber,
  earlyStopping: ['true, false or "never"', (value) => typeof value === "boolean" || value === "never"],
  numBeamGroups: rowCount,
  diversityPenalty: numberWhere("a number of at least 0", (value) => value >= 0),
  forceWordsIds: [
    "a list of token sequences, or of lists of these",
    (value) => Array.isArray(value) && value.length > 0 && value.every((word) => isSequence(word) || isSequences(word)),
  ],
  penaltyAlpha: share,
  temperature: positive,
  topK: countOrNone,
  topP: shareAboveNone,
  topH: shareAboveNone,
  minP: share,
  typicalP: shareAboveNone,
  epsilonCutoff: shareBelowOne,
  etaCutoff: shareBelowOne,
  repetitionPenalty: positive,
  noRepeatNgramSize: countOrNone,
  badWordsIds: ["a list of token sequences", isSequences],
  sequenceBias: [
    "a list of token sequences, each with a number",
    (value) =>
      Array.isArray(value) &&
      value.every((entry) => Array.isArray(entry) && isSequence(entry[0]) && Number.isFinite(entry[1])),
  ],
  suppressTokens: tokens,
  beginSuppressTokens: tokens,
  forcedBosTokenId: token,
  forcedEosTokenId: tokenOrTokens,
  exponentialDecayLengthPenalty: [
    "a length and a factor",
    (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite),
  ],
  removeInvalidValues: flag,
  renormalizeLogits: flag,
  eosTokenId: tokenOrTokens,
  padTokenId: token,
};
const optionNames = [...Object.keys(rules), "random", "onToken", "signal"];

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

/** Throws a ConfigurationError for the first that is wrong. What is absent or null is not looked at. */
function checkSettings(settings: GenerationSettings): void {
  for (const [name, [expected, holds]] of Object.entries(rules)) {
    const value = settings[name as keyof GenerationSettings];
    if (value === undefined || value === null || holds(value)) continue;
    const received = JSON.stringify(value)?.slice(0, 100) ?? String(value);
    throw new ConfigurationError(`${name} has a wrong value.`, { field: name, expected, received });
  }
  const { numReturnSequences = 1, numBeams = 1, doSample } = settings;
  if ((numReturnSequences ?? 1) > ((numBeams ?? 1) > 1 ? (numBeams ?? 1) : doSample ? Number.POSITIVE_INFINITY : 1)) {
    throw new ConfigurationError(`${numReturnSequences} continuations are more than there are.`, {
      field: "numReturnSequences",
      expected: "at most numBeams, or doSample",
      received: String(numReturnSequences),
    });
  }
  checkStrategy(settings);
}

/** Refuses settings of two ways of searching at a time. */
function checkStrategy(settings: GenerationSettings): void {
  const groups = settings.numBeamGroups ?? 1;
  const beams = settings.numBeams ?? 1;
  const refuse = (field: keyof GenerationSettings, message: string, expected: string): never => {
    throw new ConfigurationError(message, { field, expected, received: String(settings[field] ?? "nothing") });
  };
  if (beams % groups !== 0) {
    refuse("numBeamGroups", `${beams} beams cannot be shared out among ${groups} groups.`, "a divisor of numBeams");
  }
  if (groups > 1 && !((settings.diversityPenalty ?? 0) > 0)) {
    refuse("diversityPenalty", "Groups of beams would all say the same.", "a number above 0");
  }
  if (settings.forceWordsIds != null) {
    if (beams === 1) refuse("numBeams", "Words can be required of beams only.", "at least 2 with forceWordsIds");
    if (groups > 1) refuse("numBeamGroups", "Words cannot be required of groups of beams.", "1 with forceWordsIds");
  }
  if (settings.doSample && (groups > 1 || settings.forceWordsIds != null)) {
    refuse("doSample", "Groups of beams and required words are searched for, not drawn.", "false");
  }
}

/**
 * The known settings of a generation_config.json. Others, such as the version that wrote it, have no effect.
 *
 * @throws CheckpointError for a wrong value.
 */
export function readGenerationConfig(text: string, file: string): GenerationSettings {
  const json = parseJson(text, file, "checkpoint");
  const wrong = (
    field: string | undefined,
    expected: string | undefined,
    received: string | undefined,
  ): CheckpointError =>
    new CheckpointError(`${file}: ${field ?? "it"} has a wrong value.`, {
      file,
      field,
      expected,
      received,
      hint: "Correct the file, or copy or download it again.",
    });
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw wrong(undefined, "an object", JSON.stringify(json)?.slice(0, 100));
  }
  const known = Object.entries(json).map(([name, value]) => [camelCase(name), value] as const);
  const settings = Object.fromEntries(known.filter(([name]) => Object.hasOwn(rules, name)));
  try {
    checkSettings(settings);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw wrong(error.field && snakeCase(error.field), error.expected, error.received);
  }
  return settings;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** One call's settings, nothing left open. */
export interface GenerationPlan {
  /** Tokens of a row, the prompt included. */
  readonly maximumLength: number;
  readonly promptLength: number;
  readonly endTokens: readonly number[];
  readonly padToken: number | undefined;
  readonly doSample: boolean;
  readonly beams: number;
  readonly returned: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | "never";
  /** Groups that `beams` are shared out among. */
  readonly beamGroups: number;
  /** Words that beams must say. */
  readonly requiredWords: readonly RequiredWord[];
  /** Above 0: contrastive search. */
  readonly penaltyAlpha: number;
  /** Candidates of contrastive search. */
  readonly topK: number;
  readonly processors: LogitsProcessor;
}

const defaultNewTokens = 20;
const defaultTopK = 50;

/** What the options ask for, beside the model's own settings. Throws a ConfigurationError for what cannot be met. */
export function planGeneration(
  options: GenerationOptions,
  own: GenerationSettings,
  prompt: { readonly length: number; readonly maximumLength: number },
): GenerationPlan {
  refuseUnknownNames(options, optionNames, "the options of generate");
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const settings: GenerationSettings = { ...own, ...Object.fromEntries(given) };
  checkSettings(settings);
  const endTokens = asList(settings.eosTokenId);
  const maximumLength = maximumLengthOf(settings, prompt);
  const beams = settings.numBeams ?? 1;
  return {
    maximumLength,
    promptLength: prompt.length,
    endTokens,
    padToken: settings.padTokenId ?? undefined,
    doSample: settings.doSample ?? false,
    beams,
    returned: settings.numReturnSequences ?? 1,
    lengthPenalty: settings.lengthPenalty ?? 1,
    earlyStopping: settings.earlyStopping ?? false,
    beamGroups: settings.numBeamGroups ?? 1,
    requiredWords: (settings.forceWordsIds ?? []).map(asRequiredWord),
    penaltyAlpha: isContrastive(options, settings) ? (settings.penaltyAlpha ?? 0) : 0,
    topK: settings.topK ?? defaultTopK,
    processors: chain([
      ...constraints(settings, prompt.length, maximumLength, endTokens),
      // Beams need a token that goes on beside all that end.
      ...(settings.doSample ? warpers(settings, beams > 1 ? endTokens.length + 1 : 1) : []),
      ...(settings.renormalizeLogits ? [normalize()] : []),
    ]),
  };
}

/**
 * Whether contrastive search is asked for: beams and drawing come before what the folder says of it, as in the reference.
 * Throws a ConfigurationError when the options ask for two of these.
 */
function isContrastive(options: GenerationOptions, settings: GenerationSettings): boolean {
  const isOther = settings.doSample === true || (settings.numBeams ?? 1) > 1;
  if (!isOther) return (settings.penaltyAlpha ?? 0) > 0 && (settings.topK ?? defaultTopK) > 1;
  if ((options.penaltyAlpha ?? 0) === 0) return false;
  throw new ConfigurationError("Contrastive search follows one row and does not draw.", {
    field: "penaltyAlpha",
    expected: "left out with numBeams or doSample",
    received: String(options.penaltyAlpha),
  });
}

function asList(value: number | readonly number[] | null | undefined): readonly number[] {
  if (value === undefined || value === null) return [];
  return typeof value === "number" ? [value] : value;
}

function asRequiredWord(word: readonly number[] | readonly (readonly number[])[]): RequiredWord {
  return Array.isArray(word[0]) ? (word as RequiredWord) : [word as readonly number[]];
}

function maximumLengthOf(
  { maxNewTokens, maxLength }: GenerationSettings,
  prompt: { readonly length: number; readonly maximumLength: number },
): number {
  if (prompt.length >= prompt.maximumLength) {
    throw new ShapeError(`a prompt of ${prompt.length} tokens leaves no room to go on`, {
      field: "inputIds",
      expected: `at most ${prompt.maximumLength - 1} tokens`,
      received: String(prompt.length),
      hint: "cut the beginning of the prompt",
    });
  }
  const wanted =
    maxNewTokens != null || maxLength == null ? prompt.length + (maxNewTokens ?? defaultNewTokens) : maxLength;
  if (wanted <= prompt.length) {
    throw new ConfigurationError(`a prompt of ${prompt.length} tokens is longer than maxLength`, {
      field: "maxLength",
      received: String(wanted),
      hint: "give maxNewTokens instead",
    });
  }
  return Math.min(wanted, prompt.maximumLength);
}

/** What holds however tokens are chosen, in the order of the reference. */
function constraints(
  settings: GenerationSettings,
  promptLength: number,
  maximumLength: number,
  endTokens: readonly number[],
): LogitsProcessor[] {
  const s = settings;
  const processors: (LogitsProcessor | false)[] = [
    s.sequenceBias != null && sequenceBias(s.sequenceBias),
    (s.diversityPenalty ?? 0) > 0 && hammingDiversity(s.diversityPenalty ?? 0),
    s.repetitionPenalty != null && s.repetitionPenalty !== 1 && repetitionPenalty(s.repetitionPenalty),
    (s.noRepeatNgramSize ?? 0) > 0 && noRepeatNgram(s.noRepeatNgramSize ?? 0),
    s.badWordsIds != null && badWords(s.badWordsIds, endTokens),
    (s.minLength ?? 0) > 0 && minimumLength(s.minLength ?? 0, endTokens),
    (s.minNewTokens ?? 0) > 0 && minimumLength(promptLength + (s.minNewTokens ?? 0), endTokens),
    s.forcedBosTokenId != null && forceTokensAt(1, [s.forcedBosTokenId]),
    s.forcedEosTokenId != null && forceTokensAt(maximumLength - 1, asList(s.forcedEosTokenId)),
    s.removeInvalidValues === true && removeInvalidValues(),
    s.exponentialDecayLengthPenalty != null &&
      exponentialDecay(
        promptLength + s.exponentialDecayLengthPenalty[0],
        s.exponentialDecayLengthPenalty[1],
        endTokens,
      ),
    s.suppressTokens != null && suppressTokens(s.suppressTokens),
    s.beginSuppressTokens != null &&
      suppressTokensAt(promptLength + (promptLength > 1 || s.forcedBosTokenId == null ? 0 : 1), s.beginSuppressTokens),
  ];
  return processors.filter((processor) => processor !== false);
}

/** What narrows the distribution that tokens are drawn from, in the order of the reference. */
function warpers(settings: GenerationSettings, tokensToKeep: number): LogitsProcessor[] {
  const s = settings;
  const k = s.topK ?? defaultTopK;
  const processors: (LogitsProcessor | false)[] = [
    s.temperature != null && s.temperature !== 1 && temperature(s.temperature),
    s.topH != null && topH(s.topH),
    k > 0 && topK(k, tokensToKeep),
    s.topP != null && s.topP < 1 && topP(s.topP, tokensToKeep),
    s.minP != null && minP(s.minP, tokensToKeep),
    s.typicalP != null && s.typicalP < 1 && typical(s.typicalP, tokensToKeep),
    (s.epsilonCutoff ?? 0) > 0 && epsilonCutoff(s.epsilonCutoff ?? 0, tokensToKeep),
    (s.etaCutoff ?? 0) > 0 && etaCutoff(s.etaCutoff ?? 0, tokensToKeep),
  ];
  return processors.filter((processor) => processor !== false);
}
