/** `cloze index search`: the texts of an index that are nearest to each query. */
import { ConfigurationError } from "../errors.ts";
import { type FoundText, TextIndex } from "../pipelines/index.ts";
import { defineCommand } from "./command.ts";
import { engineOptions } from "./engine-options.ts";
import { loadEncoder } from "./index-texts.ts";
import { optionalText, requiredText, wholeNumber } from "./options.ts";
import { harmless } from "./output.ts";
import { columnsText } from "./quantities.ts";
import { textBlocks, textInputOptions } from "./text-inputs.ts";

/** Queries that are encoded together. */
const queriesAtATime = 128;

export const indexSearch = defineCommand({
  options: {
    index: requiredText("DIR", "The folder of the index"),
    ...textInputOptions,
    topK: wholeNumber("Texts to show for each query", 5),
    model: optionalText("DIR|ID", "The encoder, where it is elsewhere now", "the one that the index was built with"),
    ...engineOptions,
  },
  examples: [
    'cloze index search --index my-index --input "How do I get my money back?"',
    "cloze index search --index my-index --top-k 10 --json < questions.txt",
  ],
  async run({ values }, context) {
    const { output, progress, terminal } = context;
    const index = await TextIndex.load(values.index);
    const encoder = await loadEncoder(encoderOf(index, values.model), values, context);
    const shown = terminal.output.isTerminal ? harmless : (text: string): string => text;
    let done = 0;
    for await (const block of textBlocks(values, context)) {
      const queries = block.filter((text) => text.trim() !== "");
      for (let start = 0; start < queries.length; start += queriesAtATime) {
        const some = queries.slice(start, start + queriesAtATime);
        const found = await index.searchTexts(encoder, some, values.topK);
        for (const [at, texts] of found.entries()) {
          await output.result(texts, () => shown(foundText(some[at] as string, texts)));
        }
        done += some.length;
        progress.report({ stage: "searching", done, total: undefined, unit: "queries" });
      }
    }
    progress.finish();
  },
});

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

function foundText(query: string, found: readonly FoundText[]): string {
  const rows = found.map(({ id, text, score }) => [score.toFixed(4).padStart(9), id, text.replaceAll(/\s+/g, " ")]);
  return `${query}\n${columnsText(rows)}`;
}
