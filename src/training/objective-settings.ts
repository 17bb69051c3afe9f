/**
 * The settings that belong to some objectives, or one optimizer, only: refused with the others, and handed to those that
 * they belong to.
 */
import { ConfigurationError } from "../errors.ts";
import type { PublishedMasking } from "../models/index.ts";
import { type ObjectiveOptions, pairObjectiveNames, type WordMark, wordStarts } from "../objectives/index.ts";
import { type Tokenizer, writeTokenizerJson } from "../tokenizers/index.ts";
import { type PretrainSettings, pretrainFields } from "./pretrain-settings.ts";

interface Owner {
  /** Whose settings they are, for a person. */
  readonly what: string;
  readonly owns: (parts: readonly string[], settings: PretrainSettings) => boolean;
  readonly settings: readonly (keyof PretrainSettings)[];
}

/** The settings with what the architecture was published with in place of what was left out, where it has an effect. */
export function withPublishedMasking(
  settings: PretrainSettings,
  published: PublishedMasking,
  objectiveName: string,
): PretrainSettings {
  const parts = objectiveName.split("+").map((part) => part.trim());
  if (!masks(parts)) return settings;
  const maskUnit = settings.maskUnit ?? published.unit ?? "token";
  const rows = settings.rows ?? published.rows ?? "contiguous";
  return { ...settings, maskUnit, ...(parts.length === 1 && { rows }) };
}

const masks = (parts: readonly string[]): boolean => parts.includes("masked-language-modeling");

const owners: readonly Owner[] = [
  {
    what: "masked-language-modeling",
    owns: masks,
    settings: [
      ...(["maskShare", "maskTokenShare", "randomTokenShare", "maskDraws", "maskCopies"] as const),
      ...(["maskUnit", "maxNgram", "maxPredictionsPerSequence", "rows"] as const),
    ],
  },
  {
    what: "masked-language-modeling alone: with another objective, rows are pairs",
    owns: (parts) => parts.length === 1,
    settings: ["rows"],
  },
  {
    what: "static masks (maskDraws: static)",
    owns: (_, { maskDraws }) => maskDraws === "static",
    settings: ["maskCopies"],
  },
  { what: "n-grams (maskUnit: n-gram)", owns: (_, { maskUnit }) => maskUnit === "n-gram", settings: ["maxNgram"] },
  {
    what: "causal-language-modeling",
    owns: (parts) => parts.includes("causal-language-modeling"),
    settings: ["history"],
  },
  {
    what: `objectives on pairs: ${pairObjectiveNames.join(", ")}`,
    owns: (parts) => parts.some((part) => pairObjectiveNames.includes(part)),
    settings: ["shortSequenceProbability"],
  },
  { what: "the optimizer adamw", owns: (_, { optimizer }) => optimizer === "adamw", settings: ["moments"] },
];

/**
 * Throws a ConfigurationError for a setting that would have no effect: it is not its default, and the run has none.
 *
 * @param masked the settings with nothing left out.
 */
export function checkObjectiveSettings(
  settings: PretrainSettings,
  masked: PretrainSettings,
  objectiveName: string,
): void {
  const parts = objectiveName.split("+").map((part) => part.trim());
  for (const { what, owns, settings: names } of owners) {
    if (owns(parts, masked)) continue;
    const name = names.find((each) => settings[each] !== pretrainFields[each].default);
    if (name === undefined) continue;
    throw new ConfigurationError(`${name} has no effect here: it belongs to ${what}.`, {
      field: name,
      expected: `${String(pretrainFields[name].default ?? "nothing")}, or a run that it belongs to`,
      received: String(settings[name]),
      hint: "Leave it out, or change what it belongs to.",
    });
  }
}

/** What the settings say to `loadObjective`. `layers` are the model's. */
export function objectiveOptions(settings: PretrainSettings, tokenizer: Tokenizer, layers: number): ObjectiveOptions {
  const { maskShare: share, maskTokenShare: maskShare, randomTokenShare: randomShare } = settings;
  const { maskDraws: draws, maskCopies: copies, maxNgram } = settings;
  const unit = settings.maskUnit ?? "token";
  const rows = settings.rows ?? "contiguous";
  const { maxPredictionsPerSequence, history, shortSequenceProbability } = settings;
  const starts = unit === "token" ? undefined : wordStartsOf(tokenizer, unit);
  return {
    masking: {
      ...{ share, maskShare, randomShare, draws, copies, unit, maxNgram, rows },
      ...(starts === undefined ? {} : { wordStarts: starts }),
      ...(maxPredictionsPerSequence === null ? {} : { maxPredictionsPerSequence }),
    },
    ...(history === null ? {} : { causal: { history, layers } }),
    shortSequenceProbability,
  };
}

/** [V]: which tokens begin a word. Throws a ConfigurationError where a token does not show it. */
function wordStartsOf(tokenizer: Tokenizer, unit: string): Uint8Array {
  const mark = wordMarkOf(tokenizer);
  if (mark === undefined) {
    throw new ConfigurationError("This tokenizer's tokens do not show where words begin.", {
      field: "maskUnit",
      expected: "token, or a tokenizer of the kind wordpiece, bpe or unigram",
      received: unit,
      hint: "Set it to token, or take another tokenizer.",
    });
  }
  const vocabulary: string[] = Array(tokenizer.length).fill("");
  for (const [token, id] of tokenizer.getVocab()) vocabulary[id] = token;
  return wordStarts(vocabulary, mark);
}

/** WordPiece marks what goes on with a word, byte-level and Unigram vocabularies the space before it. */
function wordMarkOf({ pipeline }: Tokenizer): WordMark | undefined {
  const { model, pre_tokenizer: preTokenizer } = JSON.parse(writeTokenizerJson(pipeline));
  if (model?.type === "WordPiece") return "wordpiece";
  const splitting = JSON.stringify(preTokenizer);
  if (splitting.includes('"ByteLevel"')) return "byte-level";
  return splitting.includes('"Metaspace"') ? "metaspace" : undefined;
}
