/**
 * Extractive summaries: which sentences of a document say what it is about.
 *
 * Paper: Liu and Lapata 2019 (BERTSUM), "Text Summarization with Pretrained Encoders", https://arxiv.org/abs/1908.08345,
 * §3.1: each sentence stands between a [CLS] and a [SEP] of its own, segments alternate, and a sigmoid over each [CLS] says
 * whether its sentence is chosen. Departures: one linear layer in place of further Transformer layers over sentences; long
 * documents are read in windows of whole sentences in place of being cut; GPT, which reads from left to right, is read at
 * the last token of a sentence; and as many sentences are chosen as the probabilities sum to, in place of always three.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import { type SymbolicTensor, shapeOf } from "../graph/index.ts";
import { precisionRecallF1, rouge } from "../metrics/index.ts";
import { ignoredLabel } from "../nn/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { rowsTask, specsBeside } from "./labelled-forward.ts";
import type { Features, PreparedTask, Task, TokenRow } from "./task.ts";
import { inputsOfRows, paddedLabels, textWindows } from "./token-rows.ts";
import { sigmoid, yesOrNoLoss } from "./yes-or-no.ts";

type Example = ReadExample<"extractive-summarization">;

/** Sentences that are read together. */
export interface SentenceRow extends TokenRow {
  /** Of each sentence its number, and the place of the token that stands for it. */
  readonly sentences: readonly { readonly sentence: number; readonly place: number }[];
}

interface SummaryFeatures extends Features {
  readonly row: SentenceRow;
  /** [T]: 1 or 0 at the tokens that stand for sentences, −100 elsewhere. */
  readonly labels: readonly number[];
}

/** The probabilities of a window's sentences. */
type Shares = readonly number[];

export const extractiveSummarization: Task<"extractive-summarization", SummaryFeatures, Shares> = {
  name: "extractive-summarization",
  modelTasks: ["tokenClassification"],
  configuration: () => ({ id2label: { 0: "summary" } }),

  prepare({ config, tokenizer }, options): PreparedTask<Example, SummaryFeatures, Shares> {
    const segments = (config as { readonly typeVocabSize?: number }).typeVocabSize ?? 1;
    const lossOf = (logits: SymbolicTensor, { labels }: SymbolicInputs) =>
      yesOrNoLoss(logits, labels as SymbolicTensor);
    return {
      mainMetric: "f1",

      features: (examples) =>
        examples.flatMap(({ sentences, labels }, example) =>
          sentenceRows(sentences, tokenizer, { sequenceLength: options.sequenceLength, segments }).map((row) => {
            const ofTokens = row.inputIds.map(() => ignoredLabel);
            for (const { sentence, place } of row.sentences) ofTokens[place] = labels[sentence] as number;
            return { example, rows: [row], row, labels: ofTokens };
          }),
        ),

      batch(features) {
        const inputs = inputsOfRows(features, tokenizer);
        const dims = inputs.inputIds?.dims as readonly number[];
        const labels = features.map((each) => each.labels);
        return { ...inputs, labels: int64Array(paddedLabels(labels, dims[1] as number), [...dims, 1]) };
      },

      inputSpecs: (model, batch) =>
        specsBeside(model, batch, { labels: { type: "int64", shape: shapeOf("B", "T", 1) } }),

      ...rowsTask(lossOf, options),

      results({ logits }, batch, features) {
        const length = batch.inputIds?.dims[1] ?? 0;
        const data = logits?.data as Float32Array;
        return features.map(({ row }, index) => sentenceShares(row, data.subarray(index * length)));
      },

      evaluate(examples, features, results) {
        const shares = examples.map(({ sentences }) => sentences.map(() => 0));
        features.forEach(({ example, row }, index) => {
          row.sentences.forEach(({ sentence }, at) => {
            (shares[example] as number[])[sentence] = results[index]?.[at] ?? 0;
          });
        });
        return {
          metrics: summaryFigures(
            examples,
            shares.map((each) => chosenSentences(each)),
          ),
        };
      },
    };
  },
};

/** Whole sentences as rows of at most so many tokens; a sentence that is longer alone is cut. */
export function sentenceRows(
  sentences: readonly string[],
  tokenizer: Tokenizer,
  { sequenceLength, segments }: { readonly sequenceLength: number; readonly segments: number },
): SentenceRow[] {
  const rows: {
    inputIds: number[];
    tokenTypeIds: number[] | undefined;
    sentences: SentenceRow["sentences"][number][];
  }[] = [];
  for (const [sentence, text] of sentences.entries()) {
    const [{ inputIds, tokenTypeIds } = { inputIds: [] }] = textWindows(tokenizer, text, undefined, {
      sequenceLength,
    }) as readonly TokenRow[];
    if (inputIds.length === 0) continue;
    let row = rows.at(-1);
    if (row === undefined || row.inputIds.length + inputIds.length > sequenceLength) {
      row = { inputIds: [], tokenTypeIds: tokenTypeIds && [], sentences: [] };
      rows.push(row);
    }
    const first = row.inputIds.length;
    const isMarkedFirst = inputIds[0] === tokenizer.clsTokenId;
    row.tokenTypeIds?.push(...inputIds.map(() => row.sentences.length % Math.min(2, segments)));
    row.sentences.push({ sentence, place: isMarkedFirst ? first : first + inputIds.length - 1 });
    row.inputIds.push(...inputIds);
  }
  return rows;
}

/** logits [T] of a row → the probabilities of its sentences. */
export function sentenceShares({ sentences }: SentenceRow, logits: Float32Array): number[] {
  return sentences.map(({ place }) => sigmoid(logits[place] as number));
}

/** The likeliest sentences, as many as their probabilities sum to unless it is said, one at least; in their order. */
export function chosenSentences(shares: readonly number[], count?: number): number[] {
  const expected = Math.round(shares.reduce((sum, share) => sum + share, 0));
  const order = [...shares.keys()].sort((a, b) => (shares[b] as number) - (shares[a] as number) || a - b);
  return order.slice(0, Math.max(1, count ?? expected)).sort((a, b) => a - b);
}

/** Of sentences, the chosen among those that were to be chosen; of texts, ROUGE of the one extract against the other. */
export function summaryFigures(examples: readonly Example[], chosen: readonly (readonly number[])[]) {
  let [correct, predicted, gold] = [0, 0, 0];
  const sums = { rouge1: 0, rouge2: 0, rougeLsum: 0 };
  for (const [index, { sentences, labels }] of examples.entries()) {
    const own = chosen[index] ?? [];
    predicted += own.length;
    gold += labels.filter((label) => label === 1).length;
    correct += own.filter((sentence) => labels[sentence] === 1).length;
    const target = sentences.filter((_, sentence) => labels[sentence] === 1).join("\n");
    const extract = own.map((sentence) => sentences[sentence]).join("\n");
    const types = Object.keys(sums) as (keyof typeof sums)[];
    const scores = rouge(target, extract, { types, ...tokenizedAs(target + extract) });
    for (const type of types) sums[type] += scores[type].f1 / examples.length;
  }
  const { precision, recall, f1 } = precisionRecallF1({ correct, predicted, gold });
  return { f1, precision, recall, ...sums };
}

/** Chinese is compared by its characters. */
function tokenizedAs(text: string) {
  if (!/\p{Script=Han}/u.test(text)) return {};
  return { tokenize: (line: string): string[] => line.toLowerCase().match(/\p{Script=Han}|[\p{L}\p{N}]+/gu) ?? [] };
}
