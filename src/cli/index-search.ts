/** `cloze index search`: the texts of an index that are nearest to each query. */
import { ConfigurationError } from "../errors.ts";
import { type FoundText, pipeline, TextIndex, type TextRankingPipeline } from "../pipelines/index.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { engineOptions } from "./engine-options.ts";
import { encoderOf, loadEncoder } from "./index-texts.ts";
import { optionalText, optionalWholeNumber, requiredText, wholeNumber } from "./options.ts";
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
    reranker: optionalText("DIR|ID", "A cross-encoder that reads what is found and puts it in order", "none"),
    candidates: optionalWholeNumber("How many texts the --reranker reads for each query", "20"),
    ...engineOptions,
  },
  examples: [
    'cloze index search --index my-index --input "How do I get my money back?"',
    "cloze index search --index my-index --top-k 10 --json < questions.txt",
    'cloze index search --index my-index --reranker ./my-reranker --input "How do I get my money back?"',
  ],
  async run(request, context) {
    const { values } = request;
    const { output, progress, terminal } = context;
    const index = await TextIndex.load(values.index);
    const { topK, candidates = 20, reranker } = values;
    if (reranker === undefined && request.given.has("candidates")) throw noReranker();
    const rank = reranker === undefined ? undefined : await loadReranker(reranker, values, context);
    const encoder = await loadEncoder(encoderOf(index, values.model), values, context);
    const shown = terminal.output.isTerminal ? harmless : (text: string): string => text;
    let done = 0;
    for await (const block of textBlocks(values, context)) {
      const queries = block.filter((text) => text.trim() !== "");
      for (let start = 0; start < queries.length; start += queriesAtATime) {
        const some = queries.slice(start, start + queriesAtATime);
        const near = await index.searchTexts(encoder, some, rank === undefined ? topK : Math.max(topK, candidates));
        const found = rank === undefined ? near : await reranked(rank, some, near, topK);
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

function loadReranker(
  model: string,
  { device, threads }: { readonly device?: string | undefined; readonly threads?: number | undefined },
  { output }: CommandContext,
): Promise<TextRankingPipeline> {
  return pipeline("text-ranking", model, { device, threads, onWarning: (text) => output.warn(text) });
}

/** The texts that were found for each query in the cross-encoder's order, with its scores. */
async function reranked(
  rank: TextRankingPipeline,
  queries: readonly string[],
  found: readonly FoundText[][],
  topK: number,
): Promise<FoundText[][]> {
  const inputs = queries.map((query, at) => ({ query, documents: (found[at] ?? []).map(({ text }) => text) }));
  const ranked = await rank(inputs, { topK });
  return ranked.map((texts, at) => texts.map(({ index, score }) => ({ ...(found[at]?.[index] as FoundText), score })));
}

function noReranker(): ConfigurationError {
  return new ConfigurationError("--candidates has no effect without --reranker.", {
    field: "--candidates",
    hint: "Add --reranker, or leave it out.",
  });
}

function foundText(query: string, found: readonly FoundText[]): string {
  const rows = found.map(({ id, text, score }) => [score.toFixed(4).padStart(9), id, text.replaceAll(/\s+/g, " ")]);
  return `${query}\n${columnsText(rows)}`;
}
