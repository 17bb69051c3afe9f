/** `cloze tokenizer train`. */
import { platform } from "#platform";
import { openCorpus } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { TokenizerPart } from "../tokenizers/index.ts";
import { type TokenizerKind, tokenizerKinds, trainTokenizer } from "../training/index.ts";
import { defineCommand } from "./command.ts";
import { refuseFullFolder } from "./new-folder.ts";
import {
  choice,
  flagName,
  type Option,
  type Options,
  optionalChoice,
  optionalNumber,
  optionalText,
  optionalWholeNumber,
  requiredText,
  severalTexts,
  toggle,
  under,
  wholeNumber,
  wrongValue,
} from "./options.ts";
import { countText, durationText } from "./quantities.ts";

const options = {
  corpus: severalTexts(
    "FILE|DIR|brown|song-ci",
    "Text to learn from",
    "brown, the embedded corpus of American English",
  ),
  tokenizerKind: choice("KIND", "What kind to train", tokenizerKinds, "wordpiece"),
  vocabSize: wholeNumber("Tokens at most, special ones included", 8192),
  output: requiredText("DIR", "Folder for the tokenizer"),
  overwrite: toggle("Replace a tokenizer that is in the folder"),
  ...under("What the tokenizer is for", {
    use: optionalChoice(
      "masked|causal",
      "masked: tokens around texts and one that hides others; causal: one that ends texts; as far as the kind has them",
      ["masked", "causal"],
      "as the kind was first published",
    ),
    specialTokens: severalTexts("TOKEN", "A special token; these come first, in this order", "those of the kind"),
    modelMaxLength: optionalWholeNumber("Tokens that a text is cut to when asked", "512; bpe: 1024"),
  }),
  ...under("How text is read", {
    normalizer: orNone(
      tokenizerPart(
        "normalizers",
        "Rewrites text before it is cut: NFKC,Lowercase, or none, or a part of a tokenizer.json",
      ),
    ),
    preTokenizer: tokenizerPart("pretokenizers", "Cuts text into words: Whitespace, or a part of a tokenizer.json"),
    lowercase: yesOrNo("Make all letters small", "yes; unigram: no"),
    stripAccents: yesOrNo("Take accents off letters", "as --lowercase"),
    handleChineseCharacters: yesOrNo("Make each Chinese character a word", "yes"),
    addPrefixSpace: yesOrNo("Put a space before texts that begin without one", "no"),
    initialAlphabet: characters("Characters that are tokens even if the text lacks them, as one word"),
  }),
  ...under("Vocabularies of merges: wordpiece, bpe, character-bpe", {
    minFrequency: optionalWholeNumber("Pairs that occur less often are not merged", "2"),
    limitAlphabet: optionalWholeNumber(
      "Characters at most, the most frequent ones",
      "wordpiece: three quarters of --vocab-size, at least 1000; character-bpe: no limit",
    ),
    maxTokenLength: optionalWholeNumber("Longer tokens are not made, but for pairs", "no limit"),
    continuingSubwordPrefix: optionalText(
      "TEXT",
      "What stands before pieces that continue a word",
      "##; character-bpe: nothing",
    ),
    endOfWordSuffix: optionalText("TEXT", "What ends the last piece of a word", "</w>"),
    endToken: optionalText("TOKEN", "Which special token ends a text"),
    maxInputCharactersPerWord: optionalWholeNumber("Longer words become [UNK]", "100"),
  }),
  ...under("Vocabularies of probable pieces: unigram", {
    characterCoverage: optionalNumber("Share of the text whose characters must be pieces", "1", {
      minimum: 0,
      maximum: 1,
    }),
    byteFallback: yesOrNo("Write other characters as their bytes, of which there are 256 tokens", "no"),
    unkToken: optionalText("TOKEN", "Stands for what no piece writes", "<unk>"),
    unkSurface: optionalText("TEXT", "What that token is decoded to", "the token itself"),
    maxPieceLength: optionalWholeNumber("Characters of a piece at most", "16"),
    seedSize: optionalWholeNumber("Pieces to begin with, at most", "1000000"),
    shrinkingFactor: optionalNumber("Share of the pieces that a pruning leaves", "0.75", { minimum: 0, maximum: 1 }),
    subIterations: optionalWholeNumber("Rounds of estimation between two prunings", "2"),
  }),
} satisfies Options;

/** Options that only some kinds have. */
const ownOptions = {
  lowercase: ["wordpiece", "character-bpe", "unigram"],
  stripAccents: ["wordpiece"],
  handleChineseCharacters: ["wordpiece"],
  addPrefixSpace: ["bpe"],
  minFrequency: ["wordpiece", "bpe", "character-bpe"],
  limitAlphabet: ["wordpiece", "character-bpe"],
  initialAlphabet: ["wordpiece", "character-bpe", "unigram"],
  maxTokenLength: ["bpe", "character-bpe"],
  continuingSubwordPrefix: ["wordpiece", "character-bpe"],
  endOfWordSuffix: ["character-bpe"],
  endToken: ["character-bpe"],
  maxInputCharactersPerWord: ["wordpiece"],
  characterCoverage: ["unigram"],
  byteFallback: ["unigram"],
  unkToken: ["unigram"],
  unkSurface: ["unigram"],
  maxPieceLength: ["unigram"],
  seedSize: ["unigram"],
  shrinkingFactor: ["unigram"],
  subIterations: ["unigram"],
} satisfies Partial<Record<keyof typeof options, readonly TokenizerKind[]>>;

/** The options, each with the kinds that have it in its help. */
function withKinds(): typeof options {
  const named = Object.entries(options).map(([name, option]) => {
    const kinds = Object.hasOwn(ownOptions, name) ? ownOptions[name as keyof typeof ownOptions].join(", ") : undefined;
    return [name, kinds === undefined ? option : { ...option, about: `${kinds}: ${option.about}` }];
  });
  return Object.fromEntries(named) as typeof options;
}

function yesOrNo(about: string, defaultText: string): Option<boolean | undefined> {
  const { read, ...option } = optionalChoice("yes|no", about, ["yes", "no"], defaultText);
  return { ...option, fallback: { value: undefined }, read: (text, name) => read(text, name) === "yes" };
}

/** Characters, given as one word. */
function characters(about: string): Option<readonly string[] | undefined> {
  return { ...optionalText("TEXT", about), fallback: { value: undefined }, read: (text) => Array.from(text) };
}

/** A part as tokenizer.json writes it, or the names of such parts, to be applied one after the other. */
function tokenizerPart(list: "normalizers" | "pretokenizers", about: string): Option<TokenizerPart | undefined> {
  return {
    ...{ placeholder: "PART", about, defaultText: "that of the kind", acceptsObject: true },
    fallback: { value: undefined },
    read(text, name) {
      if (!text.startsWith("{")) {
        const parts = text.split(",").map((type) => ({ type: type.trim() }));
        return parts.length === 1 ? parts[0] : { type: "Sequence", [list]: parts };
      }
      try {
        return JSON.parse(text);
      } catch {
        throw wrongValue(name, "names such as NFKC,Lowercase, or JSON", text);
      }
    },
  };
}

/** The same, with a word for none at all. */
function orNone<T>(option: Option<T>): Option<T | null> {
  return { ...option, read: (text, name) => (text === "none" ? null : option.read(text, name)) };
}

export const tokenizerTrain = defineCommand({
  options: withKinds(),
  examples: [
    "cloze tokenizer train --corpus my.txt --output my-tokenizer",
    "cloze tokenizer train --corpus texts/ --tokenizer-kind bpe --vocab-size 16000 --output my-bpe",
    "cloze tokenizer train --corpus my.txt --tokenizer-kind unigram --byte-fallback yes --character-coverage 0.9995 --output my-unigram",
    "cloze tokenizer train --corpus my.txt --normalizer NFKC,Lowercase --pre-tokenizer Whitespace,Digits --output my-words",
  ],
  async run({ values, given }, { output, progress }) {
    const { corpus, tokenizerKind: kind, output: outputName, overwrite, specialTokens, ...settings } = values;
    refuseForeign(kind, given);
    const folder = platform.resolve(outputName);
    await refuseFullFolder(folder, overwrite);
    const names = corpus.length > 0 ? corpus : ["brown"];
    const source = await openCorpus(names, { onWarning: (text) => output.warn(text) });
    const startMs = platform.now();
    const asked = { ...settings, ...(specialTokens.length > 0 && { specialTokens }) };
    const tokenizer = await trainTokenizer(source, kind, asked, (stage) => progress.report(stage));
    progress.finish();
    await tokenizer.savePretrained(folder);
    const elapsedMs = platform.now() - startMs;
    const summary = { tokenizer: outputName, tokenizerKind: kind, vocabSize: tokenizer.length, elapsedMs };
    await output.result(
      summary,
      () => `${outputName}: ${countText(tokenizer.length)} tokens (${kind}), in ${durationText(elapsedMs)}\n`,
    );
  },
});

function refuseForeign(kind: TokenizerKind, given: ReadonlySet<string>): void {
  for (const [name, kinds] of Object.entries<readonly TokenizerKind[]>(ownOptions)) {
    if (!given.has(name) || kinds.includes(kind)) continue;
    throw new ConfigurationError(`--${flagName(name)} has no effect on a tokenizer of the kind ${kind}.`, {
      field: `--${flagName(name)}`,
      expected: `--tokenizer-kind ${kinds.join(" or ")}`,
      received: kind,
      hint: "Leave it out, or train another kind.",
    });
  }
}
