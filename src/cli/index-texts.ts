/** The texts that go into an index, and the encoder that makes vectors of them. */
import { platform } from "#platform";
import { readLines } from "../data/text-lines.ts";
import { ConfigurationError, DataError } from "../errors.ts";
import { type FeatureExtractionPipeline, type IndexedText, pipeline, type TextIndex } from "../pipelines/index.ts";
import { exampleFileFields, readTaskExamples } from "../training/index.ts";
import type { CommandContext } from "./command.ts";
import { exampleFileFlags } from "./finetune-options.ts";
import { optionalWholeNumber, requiredText } from "./options.ts";
import { countText } from "./quantities.ts";
import { givenSettings, settingOptions } from "./setting-options.ts";

const exampleFileOptions = settingOptions(exampleFileFields, exampleFileFlags);

export const indexTextOptions = {
  corpus: requiredText(
    "FILE",
    "The texts: a .txt with one a line, which are numbered, or labelled data with id and text (JSON Lines, CSV, …)",
  ),
  batchSize: optionalWholeNumber("Texts that go through the model together", "16"),
  ...exampleFileOptions,
};

interface TextValues extends Readonly<Record<string, unknown>> {
  readonly corpus: string;
}

/** The lines of a text file that are not blank, or the rows of labelled data. */
export async function textsOf(values: TextValues, { output }: CommandContext): Promise<(string | IndexedText)[]> {
  const { corpus } = values;
  const onWarning = (text: string): void => output.warn(text);
  const files = givenSettings(exampleFileOptions, values);
  if (!corpus.endsWith(".txt") || "format" in files) {
    const settings = { column: [], noHeader: false, delimiter: null, format: null, skipBadRows: false, ...files };
    return readTaskExamples("retrieval-corpus", corpus, { ...settings, problemType: null, onWarning });
  }
  const file = platform.resolve(corpus);
  const texts: string[] = [];
  const reading = readLines(platform.readChunks(file, "data"), file, { longLines: "refuse", onWarning });
  for await (const lines of reading) texts.push(...lines.filter((line) => /\S/.test(line)));
  if (texts.length > 0) return texts;
  throw new DataError(`${corpus} holds no text.`, { file, expected: "a text a line", hint: "Check the file." });
}

interface EncoderValues {
  readonly device?: string | undefined;
  readonly threads?: number | undefined;
}

/** The encoder that is given, or that the index names. */
export function encoderOf({ model: named }: TextIndex, given: string | undefined): string {
  const model = given ?? named;
  if (model !== undefined) return model;
  throw new ConfigurationError("The index does not say which encoder its vectors are from.", {
    field: "--model",
    expected: "the encoder that made its vectors",
    received: "nothing",
    hint: "Add --model.",
  });
}

/** Loads an encoder; `onBatch` is told how many of a call's texts are done. */
export function loadEncoder(
  model: string,
  { device, threads }: EncoderValues,
  { output }: CommandContext,
  onBatch: (done: number, total: number) => void = () => {},
): Promise<FeatureExtractionPipeline> {
  return pipeline("feature-extraction", model, {
    ...{ device, threads, onBatch },
    onWarning: (text) => output.warn(text),
  });
}

/** Adds texts to an index and saves it; says so. */
export async function extendIndex(
  index: TextIndex,
  texts: readonly (string | IndexedText)[],
  given: EncoderValues & { readonly model: string; readonly folder: string; readonly batchSize: number | undefined },
  context: CommandContext,
  save: () => Promise<void>,
): Promise<void> {
  const { output, progress } = context;
  const before = index.size;
  const onBatch = (done: number): void =>
    progress.report({ stage: "encoding", done: index.size - before + done, total: texts.length, unit: "texts" });
  const encoder = await loadEncoder(given.model, given, context, onBatch);
  await index.addTexts(encoder, texts, { batchSize: given.batchSize });
  await save();
  progress.finish();
  const { size: count, width, similarity } = index;
  await output.result(
    { index: given.folder, texts: count, added: texts.length, width, similarity, model: given.model },
    () =>
      `${given.folder}: ${countText(count)} texts by vectors of ${width} features, compared by ${similarityText[similarity]}\n` +
      `search it: cloze index search --index ${given.folder} --input "a question"\n`,
  );
}

const similarityText = { cosine: "their cosine", dot: "their dot product" } as const;
