/** `cloze tokenizer train`. */
import { platform } from "#platform";
import { openCorpus } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type OnTrainingProgress, trainByteLevelBpe, trainWordPiece } from "../tokenizers/index.ts";
import { defineCommand } from "./command.ts";
import { choice, requiredText, severalTexts, toggle, wholeNumber } from "./options.ts";
import { countText, durationText } from "./quantities.ts";

export const tokenizerTrain = defineCommand({
  options: {
    corpus: severalTexts("FILE|DIR|brown", "Text to learn from", "brown, the embedded corpus of American English"),
    tokenizerKind: choice("KIND", "What kind to train", ["wordpiece", "bpe"], "wordpiece"),
    vocabSize: wholeNumber("Tokens at most, special ones included", 8192),
    output: requiredText("DIR", "Folder for the tokenizer"),
    minFrequency: wholeNumber("Pairs that occur less often are not merged", 2),
    limitAlphabet: wholeNumber("wordpiece: characters at most; Chinese wants about 6000", 1000),
    cased: toggle("wordpiece: keep capital letters and accents"),
    overwrite: toggle("Replace a tokenizer that is in the folder"),
  },
  examples: [
    "cloze tokenizer train --corpus my.txt --output my-tokenizer",
    "cloze tokenizer train --corpus texts/ --tokenizer-kind bpe --vocab-size 16000 --output my-bpe",
  ],
  async run({ values }, { output, progress }) {
    const { tokenizerKind: kind, vocabSize, minFrequency, limitAlphabet, cased } = values;
    const folder = platform.resolve(values.output);
    await refuseTokenizerFolder(folder, values.overwrite);
    const names = values.corpus.length > 0 ? values.corpus : ["brown"];
    const source = await openCorpus(names, { onWarning: (text) => output.warn(text) });
    const startMs = platform.now();
    const onProgress: OnTrainingProgress = (at) =>
      at.stage === "words"
        ? progress.report({ stage: "counting words", done: at.done, total: at.total, unit: "lines" })
        : progress.report({ stage: "learning the vocabulary", done: at.done, total: at.total, unit: "tokens" });
    async function* lines(): AsyncGenerator<string> {
      for await (const document of source.documents()) yield* document;
    }
    const common = { vocabSize, minFrequency, onProgress };
    const tokenizer =
      kind === "wordpiece"
        ? await trainWordPiece(lines(), { ...common, limitAlphabet, lowercase: !cased })
        : await trainByteLevelBpe(lines(), common);
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

async function refuseTokenizerFolder(folder: string, overwrite: boolean): Promise<void> {
  const stat = await platform.stat(folder, "configuration");
  if (stat === undefined) return;
  const isEmpty = stat.kind === "folder" && (await platform.list(folder, "configuration")).length === 0;
  if (isEmpty || (stat.kind === "folder" && overwrite)) return;
  throw new ConfigurationError(stat.kind === "folder" ? `${folder} is not empty.` : `${folder} is not a folder.`, {
    file: folder,
    field: "--output",
    expected: "a new or empty folder",
    hint: stat.kind === "folder" ? "Choose another folder, or add --overwrite." : "Choose another name.",
  });
}
