/**
 * Shows what every pretraining objective does to one sentence, and measures its shares on the Brown corpus:
 *
 *     npx tsx --conditions=@cloze/source scripts/show-objectives.ts
 *
 * With `--write` the sections are put into docs/objectives.md, between the markers of their names. Everything is drawn
 * from one seed, so the output is the same every time.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  brownCorpus,
  CorpusBatches,
  corpusFromDocuments,
  type Packing,
  type SpecialTokens,
  type TokenBatch,
  type TokenizedCorpus,
  tokenizeCorpus,
} from "../src/data/index.ts";
import {
  historyWindows,
  loadObjective,
  type ObjectiveOptions,
  type PairObjective,
  type PreparedBatch,
  wordStarts,
} from "../src/objectives/index.ts";
import { Random } from "../src/random.ts";
import { type Tokenizer, trainByteLevelBpe, trainWordPiece } from "../src/tokenizers/index.ts";
import { specialTokensOf } from "../src/training/index.ts";

const SEED = 1;
const VOCABULARY = 4096;
const documentPath = fileURLToPath(new URL("../docs/objectives.md", import.meta.url));

/** Jane Austen, Pride and Prejudice, 1813. */
const SENTENCE =
  "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife.";

const DOCUMENTS = [
  [
    SENTENCE,
    "However little known the feelings or views of such a man may be on his first entering a neighbourhood, this truth is so well fixed in the minds of the surrounding families, that he is considered as the rightful property of some one or other of their daughters.",
    '"My dear Mr. Bennet," said his lady to him one day, "have you heard that Netherfield Park is let at last?"',
    "Mr. Bennet replied that he had not.",
    '"But it is," returned she; "for Mrs. Long has just been here, and she told me all about it."',
    "Mr. Bennet made no answer.",
  ],
  // Herman Melville, Moby-Dick, 1851.
  [
    "Call me Ishmael.",
    "Some years ago - never mind how long precisely - having little or no money in my purse, and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the world.",
    "It is a way I have of driving off the spleen and regulating the circulation.",
  ],
];

/** Rows as they were cut, so that they can be read one after the other. */
const inOrder = { shuffle: false, bucketByLength: false } as const;

type AnyObjective = Awaited<ReturnType<typeof loadObjective>>;

/** A tokenizer with what the objectives must know of it. */
interface Vocabulary {
  readonly tokenizer: Tokenizer;
  readonly tokens: SpecialTokens;
}

interface Shown {
  /** BERT's kind of vocabulary. */
  readonly wordPiece: Vocabulary;
  /** GPT-2's. */
  readonly byteLevel: Vocabulary;
}

/** Every section by its name, each as text of several lines. */
export async function showObjectives(): Promise<ReadonlyMap<string, string>> {
  const wordPiece = vocabularyOf(await trainWordPiece(brownLines(), { vocabSize: VOCABULARY }));
  const byteLevel = vocabularyOf(await trainByteLevelBpe(brownLines(), { vocabSize: VOCABULARY }));
  const shown = { wordPiece, byteLevel };
  return new Map([
    ["tokens", showTokens(shown)],
    ["masking", await showMasking(wordPiece, {}, [0, 1, 2])],
    ["static", await showMasking(wordPiece, { draws: "static" }, [0, 1])],
    ["words", await showMasking(wordPiece, { unit: "word", wordStarts: startsOf(wordPiece) }, [6, 7])],
    ["n-grams", await showMasking(wordPiece, { unit: "n-gram", wordStarts: startsOf(wordPiece) }, [7, 9])],
    ["evaluation", await showEvaluation(wordPiece)],
    ["contiguous", await showRows(wordPiece, "masked-language-modeling")],
    ["full-sentences", await showRows(wordPiece, "masked-language-modeling", { masking: { rows: "full-sentences" } })],
    ["next-sentence", await showPairs(wordPiece, "next-sentence-prediction")],
    ["three-class", await showPairs(wordPiece, "three-class-next-sentence-prediction")],
    ["order", await showPairs(wordPiece, "sentence-order-prediction")],
    ["joint", await showJoint(wordPiece)],
    ["causal", await showCausal(byteLevel)],
    ["history", showHistory()],
    ["shares", await showShares(wordPiece)],
  ]);
}

async function* brownLines(): AsyncGenerator<string> {
  for await (const document of (await brownCorpus()).documents()) yield* document;
}

function vocabularyOf(tokenizer: Tokenizer): Vocabulary {
  return { tokenizer, tokens: specialTokensOf(tokenizer) };
}

function startsOf({ tokenizer }: Vocabulary): Uint8Array {
  return wordStarts(
    [...tokenizer.getVocab()].sort((a, b) => a[1] - b[1]).map(([token]) => token),
    "wordpiece",
  );
}

function showTokens({ wordPiece, byteLevel }: Shown): string {
  const pieces = wordPiece.tokenizer.tokenize(SENTENCE);
  const bytes = byteLevel.tokenizer.tokenize(SENTENCE);
  return lines([
    [`WordPiece, ${pieces.length}`, pieces.join(" ")],
    [`byte-level, ${bytes.length}`, bytes.join(" ")],
  ]);
}

/** The sentence alone in a row, hidden in several epochs. */
async function showMasking(
  vocabulary: Vocabulary,
  masking: NonNullable<ObjectiveOptions["masking"]>,
  epochs: readonly number[],
): Promise<string> {
  const objective = await loadObjective("masked-language-modeling", vocabulary.tokens, { masking });
  const shown: [string, string][] = [];
  for (const epoch of epochs) {
    const prepared = objective.prepareBatch(await sentenceRow(vocabulary, epoch), new Random(SEED));
    shown.push([`epoch ${epoch + 1}`, rowText(vocabulary, prepared)], ["asked", askedText(vocabulary, prepared)]);
  }
  return lines(shown);
}

async function showEvaluation(vocabulary: Vocabulary): Promise<string> {
  const objective = await loadObjective("masked-language-modeling", vocabulary.tokens);
  const prepared = objective.prepareEvaluationBatch(await sentenceRow(vocabulary, 0), new Random(0));
  return lines([
    ["evaluation", rowText(vocabulary, prepared)],
    ["asked", askedText(vocabulary, prepared)],
  ]);
}

async function sentenceRow(vocabulary: Vocabulary, epoch: number): Promise<TokenBatch> {
  const rows = { masking: { rows: "full-sentences" as const } };
  const objective = await loadObjective("masked-language-modeling", vocabulary.tokens, rows);
  const corpus = await tokenized([[SENTENCE]], vocabulary, objective);
  return await firstOf(corpus, objective.packing({ sequenceLength: 128, evaluation: true }), epoch);
}

/** Whole rows of both documents, before anything is hidden. */
async function showRows(vocabulary: Vocabulary, name: string, options: ObjectiveOptions = {}): Promise<string> {
  const objective = await loadObjective(name, vocabulary.tokens, options);
  const corpus = await tokenized(DOCUMENTS, vocabulary, objective);
  const packing = objective.packing({ sequenceLength: 80 });
  const batches = new CorpusBatches({ corpus, packing, batchSize: 99, random: new Random(SEED), ...inOrder });
  const shown: [string, string][] = [];
  for await (const batch of batches.pass()) {
    for (let row = 0; row < batch.batchSize; row++) {
      shown.push([`row ${row + 1}`, idText(vocabulary, rowOf(batch.inputIds, batch.sequenceLength, row))]);
    }
  }
  return lines(shown);
}

/** For each class the first row drawn that holds the whole sentence. */
async function showPairs(vocabulary: Vocabulary, name: string): Promise<string> {
  const objective = (await loadObjective(name, vocabulary.tokens)) as unknown as PairObjective;
  const shown: [string, string][] = [];
  for (const [label, labelName] of objective.labelNames.entries()) {
    const { batch } = await pairRow(vocabulary, objective as unknown as AnyObjective, label);
    shown.push([labelName, idText(vocabulary, batch.inputIds)]);
  }
  return lines(shown);
}

async function showJoint(vocabulary: Vocabulary): Promise<string> {
  const objective = await loadObjective("masked-language-modeling+next-sentence-prediction", vocabulary.tokens);
  const { batch } = await pairRow(vocabulary, objective, 1);
  const prepared = objective.prepareBatch(batch, new Random(SEED));
  return lines([
    ["row", rowText(vocabulary, prepared)],
    ["segments", runs(Array.from(batch.tokenTypeIds as Int32Array, String))],
    ["asked", `${askedText(vocabulary, prepared)}; and notNext`],
  ]);
}

/** A batch of one row of the class `label` that holds the whole sentence. */
async function pairRow(vocabulary: Vocabulary, objective: AnyObjective, label: number): Promise<{ batch: TokenBatch }> {
  const corpus = await tokenized(DOCUMENTS, vocabulary, objective);
  const packing = objective.packing({ sequenceLength: 72 });
  const batches = new CorpusBatches({ corpus, packing, batchSize: 1, random: new Random(SEED), ...inOrder });
  const sentence = vocabulary.tokenizer.encodeIds(SENTENCE).join();
  for (let epoch = 0; epoch < 1000; epoch++) {
    for await (const batch of batches.pass(epoch)) {
      if (batch.pairLabels?.[0] === label && batch.inputIds.join().includes(`,${sentence},`)) return { batch };
    }
  }
  throw new Error(`no row of class ${label} was drawn`);
}

async function showCausal(vocabulary: Vocabulary): Promise<string> {
  const objective = await loadObjective("causal-language-modeling", vocabulary.tokens);
  const corpus = await tokenized([[SENTENCE]], vocabulary, objective);
  const { batchSize, inputIds, nextTokenIds } = await firstOf(corpus, objective.packing({ sequenceLength: 18 }));
  const shown: [string, string][] = [];
  for (let row = 0; row < batchSize; row++) {
    shown.push([`row ${row + 1}`, idText(vocabulary, rowOf(inputIds, 18, row))]);
    shown.push(["asked", idText(vocabulary, rowOf(nextTokenIds as Int32Array, 18, row))]);
  }
  return lines(shown);
}

function showHistory(): string {
  const cases = [
    [10, 4],
    [3, 2],
    [1, 2],
    [128, 12],
  ] as const;
  return lines(
    cases.map(([history, layers]) => [
      `k = ${history}, L = ${layers}`,
      `windows ${historyWindows(history, layers).join(", ")}`,
    ]),
  );
}

/** What the draws come to on real text. */
async function showShares(vocabulary: Vocabulary): Promise<string> {
  const shown: [string, string][] = [];
  const masked = await loadObjective("masked-language-modeling", vocabulary.tokens);
  const rows = await allRows(vocabulary, masked, 128);
  shown.push(["tokens", maskShares(vocabulary, masked, rows)]);
  for (const unit of ["word", "n-gram"] as const) {
    const masking = { unit, wordStarts: startsOf(vocabulary) };
    const objective = await loadObjective("masked-language-modeling", vocabulary.tokens, { masking });
    shown.push([`${unit}s`, maskShares(vocabulary, objective, rows)]);
  }
  const names = ["next-sentence-prediction", "three-class-next-sentence-prediction", "sentence-order-prediction"];
  for (const name of names) {
    const objective = (await loadObjective(name, vocabulary.tokens)) as unknown as PairObjective;
    const batches = await allRows(vocabulary, objective as unknown as AnyObjective, 128);
    const labels = batches.flatMap((batch) => [...(batch.pairLabels as Int32Array)]);
    const shares = objective.labelNames.map((labelName, label) => {
      return `${labelName} ${percent(labels.filter((own) => own === label).length, labels.length)}`;
    });
    shown.push([name, `${labels.length} rows: ${shares.join(", ")}`]);
  }
  return lines(shown);
}

function maskShares({ tokens }: Vocabulary, objective: AnyObjective, batches: readonly TokenBatch[]): string {
  const special = new Set([...(tokens.additionalSpecialTokenIds ?? [])]);
  let [text, selected, masked, kept] = [0, 0, 0, 0];
  for (const batch of batches) {
    const { inputIds, positions, labels } = objective.prepareBatch(batch, new Random(SEED)) as PreparedBatch;
    text += batch.inputIds.filter((id) => !special.has(id)).length;
    for (const [index, position] of (positions?.data ?? []).entries()) {
      const now = Number(inputIds?.data[Number(position)]);
      selected += 1;
      if (now === tokens.maskTokenId) masked += 1;
      else if (now === Number(labels?.data[index])) kept += 1;
    }
  }
  const random = selected - masked - kept;
  const [asMask, asRandom, asKept] = [masked, random, kept].map((count) => percent(count, selected));
  return `${percent(selected, text)} of ${text} selected; of these ${asMask} [MASK], ${asRandom} random, ${asKept} kept`;
}

/** One epoch of the first hundred texts of the Brown corpus. */
async function allRows(vocabulary: Vocabulary, objective: AnyObjective, sequenceLength: number): Promise<TokenBatch[]> {
  const documents: (readonly string[])[] = [];
  for await (const document of (await brownCorpus()).documents()) {
    if (documents.push(document) === 100) break;
  }
  const corpus = await tokenized(documents, vocabulary, objective);
  const packing = objective.packing({ sequenceLength });
  const batches = new CorpusBatches({ corpus, packing, batchSize: 64, random: new Random(SEED) });
  const all: TokenBatch[] = [];
  for await (const batch of batches.pass()) all.push(batch);
  return all;
}

function tokenized(
  documents: readonly (readonly string[])[],
  { tokenizer, tokens }: Vocabulary,
  objective: AnyObjective,
): Promise<TokenizedCorpus> {
  const encode = (text: string): Int32Array => tokenizer.encodeIds(text);
  return tokenizeCorpus(corpusFromDocuments(documents), { encode, vocabSize: tokens.vocabSize, ...objective.corpus });
}

async function firstOf(corpus: TokenizedCorpus, packing: Packing, epoch = 0): Promise<TokenBatch> {
  const batches = new CorpusBatches({ corpus, packing, batchSize: 99, random: new Random(SEED), ...inOrder });
  for await (const batch of batches.pass(epoch)) return batch;
  throw new Error("the corpus gave no batch");
}

function rowOf(ids: Int32Array, length: number, row: number): Int32Array {
  return ids.subarray(row * length, (row + 1) * length);
}

/** The ids of a prepared batch of one row. */
function rowText(vocabulary: Vocabulary, prepared: PreparedBatch): string {
  return idText(vocabulary, Array.from(prepared.inputIds?.data as Iterable<number | bigint>, Number));
}

function idText({ tokenizer, tokens }: Vocabulary, ids: ArrayLike<number>): string {
  const names = Array.from(ids, (id) => (id === -100 ? "(nothing)" : (tokenizer.convertIdsToTokens(id) ?? "?")));
  const end = ids[ids.length - 1] === tokens.padTokenId ? names.findIndex((_, i) => isPadding(ids, i, tokens)) : -1;
  return end < 0 ? names.join(" ") : `${names.slice(0, end).join(" ")} [PAD] × ${names.length - end}`;
}

function isPadding(ids: ArrayLike<number>, from: number, { padTokenId }: SpecialTokens): boolean {
  return Array.from(ids)
    .slice(from)
    .every((id) => id === padTokenId);
}

/** What stood at each selected position, and what stands there now. */
function askedText({ tokenizer, tokens }: Vocabulary, { inputIds, positions, labels }: PreparedBatch): string {
  const tokenOf = (id: number): string => tokenizer.convertIdsToTokens(id) ?? "?";
  const answers = Array.from((positions?.data ?? []) as Iterable<bigint>, (position, index) => {
    const label = Number(labels?.data[index]);
    const now = Number(inputIds?.data[Number(position)]);
    if (now === tokens.maskTokenId) return tokenOf(label);
    return `${tokenOf(label)} (${now === label ? "kept" : `shown as ${tokenOf(now)}`})`;
  });
  return answers.join(" · ");
}

/** Equal neighbours as one: 0 × 36, 1 × 30. */
function runs(values: readonly string[]): string {
  const found: { value: string; count: number }[] = [];
  for (const value of values) {
    const last = found.at(-1);
    if (last?.value === value) last.count += 1;
    else found.push({ value, count: 1 });
  }
  return found.map(({ value, count }) => `${value} × ${count}`).join(", ");
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)}%`;
}

const TEXT_WIDTH = 100;

/** Named texts under each other, wrapped. */
function lines(rows: readonly (readonly [name: string, text: string])[]): string {
  const indent = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => name.padEnd(indent) + wrap(text).join(`\n${" ".repeat(indent)}`)).join("\n");
}

function wrap(text: string): string[] {
  const wrapped: string[] = [];
  for (const word of text.split(" ")) {
    const last = wrapped.at(-1);
    if (last === undefined || last.length + word.length >= TEXT_WIDTH) wrapped.push(word);
    else wrapped[wrapped.length - 1] = `${last} ${word}`;
  }
  return wrapped;
}

/** The document with every section between `<!-- shown: NAME -->` and `<!-- end -->` replaced. */
export function replaceSections(document: string, sections: ReadonlyMap<string, string>): string {
  return document.replaceAll(/(<!-- shown: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin, name, end) => {
    const section = sections.get(name);
    if (section === undefined) throw new Error(`there is no section ${name}`);
    return `${begin}\`\`\`text\n${section}\n\`\`\`\n${end}`;
  });
}

async function main(): Promise<void> {
  const sections = await showObjectives();
  for (const [name, section] of sections) console.log(`== ${name}\n${section}\n`);
  if (!process.argv.includes("--write")) return;
  writeFileSync(documentPath, replaceSections(readFileSync(documentPath, "utf8"), sections));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
