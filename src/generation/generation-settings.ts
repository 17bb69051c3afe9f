/** How text is continued: the options of `generate`, and what follows from them for one call. */
import { ConfigurationError, ShapeError } from "../errors.ts";
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

/** Names as one object, so that none is forgotten. */
const settingNames: Readonly<Record<keyof GenerationSettings, "number" | "other">> = {
  maxNewTokens: "number",
  maxLength: "number",
  minNewTokens: "number",
  minLength: "number",
  doSample: "other",
  numBeams: "number",
  numReturnSequences: "number",
  lengthPenalty: "number",
  earlyStopping: "other",
  numBeamGroups: "number",
  diversityPenalty: "number",
  forceWordsIds: "other",
  penaltyAlpha: "number",
  temperature: "number",
  topK: "number",
  topP: "number",
  topH: "number",
  minP: "number",
  typicalP: "number",
  epsilonCutoff: "number",
  etaCutoff: "number",
  repetitionPenalty: "number",
  noRepeatNgramSize: "number",
  badWordsIds: "other",
  sequenceBias: "other",
  suppressTokens: "other",
  beginSuppressTokens: "other",
  forcedBosTokenId: "number",
  forcedEosTokenId: "other",
  exponentialDecayLengthPenalty: "other",
  removeInvalidValues: "other",
  renormalizeLogits: "other",
  eosTokenId: "other",
  padTokenId: "number",
};
const optionNames = [...Object.keys(settingNames), "random", "onToken", "signal"];

/** Each bound as a text and a test; for what is absent neither is looked at. */
const bounds: readonly (readonly [keyof GenerationSettings, string, (value: number) => boolean])[] = [
  ["maxNewTokens", "an integer of at least 1", isCount],
  ["maxLength", "an integer of at least 1", isCount],
  ["minNewTokens", "an integer of at least 0", (value) => value === 0 || isCount(value)],
  ["minLength", "an integer of at least 0", (value) => value === 0 || isCount(value)],
  ["numBeams", "an integer of at least 1", isCount],
  ["numReturnSequences", "an integer of at least 1", isCount],
  ["numBeamGroups", "an integer of at least 1", isCount],
  ["diversityPenalty", "a number of at least 0", (value) => value >= 0],
  ["penaltyAlpha", "a number from 0 to 1", (value) => value >= 0 && value <= 1],
  ["temperature", "a number above 0", (value) => value > 0],
  ["topK", "an integer of at least 0", (value) => value === 0 || isCount(value)],
  ["topP", "a number above 0 and at most 1", (value) => value > 0 && value <= 1],
  ["topH", "a number above 0 and at most 1", (value) => value > 0 && value <= 1],
  ["minP", "a number from 0 to 1", (value) => value >= 0 && value <= 1],
  ["typicalP", "a number above 0 and at most 1", (value) => value > 0 && value <= 1],
  ["epsilonCutoff", "a number from 0 to 1", (value) => value >= 0 && value < 1],
  ["etaCutoff", "a number from 0 to 1", (value) => value >= 0 && value < 1],
  ["repetitionPenalty", "a number above 0", (value) => value > 0],
  ["noRepeatNgramSize", "an integer of at least 0", (value) => value === 0 || isCount(value)],
];

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

function checkSettings(settings: GenerationSettings): void {
  for (const [name, kind] of Object.entries(settingNames)) {
    const value = settings[name as keyof GenerationSettings];
    if (kind !== "number" || value === undefined || value === null || Number.isFinite(value)) continue;
    throw new ConfigurationError(`${name} is no number.`, { field: name, received: String(value) });
  }
  for (const [name, expected, holds] of bounds) {
    const value = settings[name];
    if (value === undefined || value === null || holds(value as number)) continue;
    throw new ConfigurationError(`${name} has a wrong value.`, { field: name, expected, received: String(value) });
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
    throw new ConfigurationError(message, { field, expected, received: String(settings[field]) });
  };
  if (beams % groups !== 0) {
    refuse("numBeamGroups", `${beams} beams cannot be shared out among ${groups} groups.`, "a divisor of numBeams");
  }
  if (groups > 1 && !((settings.diversityPenalty ?? 0) > 0)) {
    refuse("diversityPenalty", "Groups of beams would all say the same.", "a number above 0");
  }
  if (settings.forceWordsIds != null) {
    checkRequiredWords(settings.forceWordsIds);
    if (beams === 1) refuse("numBeams", "Words can be required of beams only.", "at least 2 with forceWordsIds");
    if (groups > 1) refuse("numBeamGroups", "Words cannot be required of groups of beams.", "1 with forceWordsIds");
  }
  if (settings.doSample && (groups > 1 || settings.forceWordsIds != null)) {
    refuse("doSample", "Groups of beams and required words are searched for, not drawn.", "false");
  }
}

function checkRequiredWords(words: NonNullable<GenerationSettings["forceWordsIds"]>): void {
  const isSequence = (ids: unknown): boolean =>
    Array.isArray(ids) && ids.length > 0 && ids.every((id) => Number.isSafeInteger(id) && id >= 0);
  const isWord = (word: unknown): boolean =>
    isSequence(word) || (Array.isArray(word) && word.length > 0 && word.every(isSequence));
  if (Array.isArray(words) && words.length > 0 && words.every(isWord)) return;
  throw new ConfigurationError("forceWordsIds has a wrong value.", {
    field: "forceWordsIds",
    expected: "a list of token sequences, or of lists of these",
    received: JSON.stringify(words).slice(0, 100),
  });
}

/** The known settings of a generation_config.json. Others, such as the version that wrote it, have no effect. */
export function readGenerationConfig(text: string, file: string): GenerationSettings {
  const members = Object.entries(Object(parseJson(text, file, "checkpoint")));
  const known = members.map(([name, value]) => [camelCase(name), value] as const);
  return Object.fromEntries(known.filter(([name]) => Object.hasOwn(settingNames, name)));
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
