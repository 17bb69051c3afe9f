/** `cloze tokenizer train`. */
import { platform } from "#platform";
import { openCorpus } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type TokenizerKind, tokenizerKinds, trainTokenizer } from "../training/index.ts";
import { defineCommand } from "./command.ts";
import { refuseFullFolder } from "./new-folder.ts";
import {
  choice,
  flagName,
  optionalChoice,
  optionalWholeNumber,
  requiredText,
  severalTexts,
  toggle,
  wholeNumber,
} from "./options.ts";
import { countText, durationText } from "./quantities.ts";

/** What a kind of tokenizer can be told beside its size. */
const ownOptions: Readonly<Record<TokenizerKind, readonly string[]>> = {
  wordpiece: ["minFrequency", "limitAlphabet", "lowercase"],
  bpe: ["minFrequency"],
  "character-bpe": ["minFrequency", "limitAlphabet", "lowercase"],
  unigram: ["lowercase"],
};

const options = {
  corpus: severalTexts(
    "FILE|DIR|brown|song-ci",
    "Text to learn from",
    "brown, the embedded corpus of American English",
  ),
  tokenizerKind: choice("KIND", "What kind to train", tokenizerKinds, "wordpiece"),
  vocabSize: wholeNumber("Tokens at most, special ones included", 8192),
  output: requiredText("DIR", "Folder for the tokenizer"),
  minFrequency: optionalWholeNumber("Pairs that occur less often are not merged; not for unigram", "2"),
  limitAlphabet: optionalWholeNumber(
    "wordpiece, character-bpe: characters at most, the most frequent ones",
    "wordpiece: three quarters of --vocab-size, at least 1000; character-bpe: no limit",
  ),
  lowercase: optionalChoice("yes|no", "Make all letters small; not for bpe", ["yes", "no"], "yes; unigram: no"),
  overwrite: toggle("Replace a tokenizer that is in the folder"),
};

export const tokenizerTrain = defineCommand({
  options,
  examples: [
    "cloze tokenizer train --corpus my.txt --output my-tokenizer",
    "cloze tokenizer train --corpus texts/ --tokenizer-kind bpe --vocab-size 16000 --output my-bpe",
  ],
  async run({ values, given }, { output, progress }) {
    const { tokenizerKind: kind } = values;
    const foreign = ["minFrequency", "limitAlphabet", "lowercase"].find(
      (name) => given.has(name) && !ownOptions[kind].includes(name),
    );
    if (foreign !== undefined) {
      throw new ConfigurationError(`--${flagName(foreign)} has no effect on a tokenizer of the kind ${kind}.`, {
        field: `--${flagName(foreign)}`,
        hint: "Leave it out.",
      });
    }
    const folder = platform.resolve(values.output);
    await refuseFullFolder(folder, values.overwrite);
    const names = values.corpus.length > 0 ? values.corpus : ["brown"];
    const source = await openCorpus(names, { onWarning: (text) => output.warn(text) });
    const startMs = platform.now();
    const { vocabSize, minFrequency, limitAlphabet } = values;
    const lowercase = values.lowercase === undefined ? undefined : values.lowercase === "yes";
    const settings = { vocabSize, minFrequency, limitAlphabet, lowercase };
    const tokenizer = await trainTokenizer(source, kind, settings, (stage) => progress.report(stage));
    progress.finish();
    await tokenizer.savePretrained(folder);
    const elapsedMs = platform.now() - startMs;
    const summary = { tokenizer: values.output, tokenizerKind: kind, vocabSize: tokenizer.length, elapsedMs };
    await output.result(
      summary,
      () => `${values.output}: ${countText(tokenizer.length)} tokens (${kind}), in ${durationText(elapsedMs)}\n`,
    );
  },
});
