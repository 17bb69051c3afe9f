/** Every format that Cloze reads. One that is missing here is found by fuzz.test.ts. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { HubCache } from "../../src/checkpoints/hub/hub-cache.ts";
import { filesOfIndex } from "../../src/checkpoints/hub/wanted-files.ts";
import { encodeSafetensors, openSafetensors, openWeights, type Weights } from "../../src/checkpoints/index.ts";
import { readConfigFile } from "../../src/cli/config-file.ts";
import { readOptions } from "../../src/cli/options.ts";
import { pretrainSettingOptions } from "../../src/cli/pretrain-options.ts";
import { type ExampleTask, loadExamples } from "../../src/data/examples/index.ts";
import { openCorpus, tokenizeCorpus } from "../../src/data/index.ts";
import { generateTokens, readGenerationConfig } from "../../src/generation/index.ts";
import { AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForPreTraining } from "../../src/models/index.ts";
import { TextIndex } from "../../src/pipelines/index.ts";
import { readSentenceModules, readSimilarity } from "../../src/tasks/sentence-modules.ts";
import { AutoTokenizer } from "../../src/tokenizers/index.ts";
import { pretrain } from "../../src/training/index.ts";
import { verify } from "../../src/verification/index.ts";
import { type Files, type Format, goldenFiles, writeFiles } from "./format.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const json = (value: unknown): Uint8Array => text(`${JSON.stringify(value, null, 1)}\n`);

async function readAll(weights: Weights): Promise<void> {
  for (const [name, { dtype }] of weights.tensors) {
    await weights.read(name);
    if (["F32", "F64", "F16", "BF16"].includes(dtype)) await weights.readFloat32(name);
  }
}

const quiet = { threads: 1, onWarning: () => {} } as const;

/** Loads a model and, where that works, calls it once. */
function modelReader(load: typeof AutoModelForMaskedLM | typeof AutoModelForPreTraining, calls = true) {
  return async (folder: string): Promise<void> => {
    const model = await load.fromPretrained(folder, quiet);
    try {
      if (calls) await model({ inputIds: [[1, 2]] } as never);
    } finally {
      await model.release();
    }
  };
}

function modelFolder(name: string, more: readonly string[] = []): () => Files {
  return () => goldenFiles(`models/${name}`, ["config.json", "model.safetensors", ...more]);
}

/** A model of four tokens. */
const table = {
  maximumLength: 12,
  begin: async ({ ids }: { ids: readonly (readonly number[])[] }) => rowsOf(ids.length),
  step: async (tokens: readonly number[]) => rowsOf(tokens.length),
};
function rowsOf(rows: number) {
  return { data: Float32Array.from({ length: 4 * rows }, (_, at) => Math.sin(at)), rows };
}

const sentences = ["the cat sat on the mat .", "a bird flew over the house .", "the dog ran under a tree ."];
const documents = Array.from({ length: 12 }, (_, at) => `${sentences[at % 3]}\n${sentences[(at + 1) % 3]}\n`);

/** Everything below a folder. */
function filesBelow(folder: string): Files {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(paths.map((path) => [relative(folder, path), Uint8Array.from(readFileSync(path))]));
}

const training = { vocabSize: 60, batchSize: 2, sequenceLength: 8, steps: 2, threads: 1, checkpointEvery: 1 };

function pretrainIn(folder: string, values: object, options: { readonly resume: boolean }): Promise<unknown> {
  const places = { corpus: join(folder, "corpus.txt"), output: join(folder, "out") };
  return pretrain({ ...training, preset: "tiny", ...places, ...values }, options, { onWarning: () => {} });
}

/** A run of two steps, with checkpoints. */
async function trainedRun(): Promise<Files> {
  const folder = mkdtempSync(join(tmpdir(), "cloze-fuzz-run-"));
  try {
    writeFiles(folder, { "corpus.txt": text(documents.join("\n")) });
    await pretrainIn(folder, {}, { resume: false });
    return filesBelow(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const encodeWords = (line: string): number[] => line.split(" ").map((word) => word.length);

function corpusFormat(name: string, file: string, layout: "text" | "jsonl" | "bytes", content: Uint8Array): Format {
  return {
    name,
    modules: ["data/corpus-source.ts", "data/fingerprint.ts"],
    sample: () => ({ [file]: content }),
    spoils: { [file]: layout },
    async read(folder) {
      const source = await openCorpus(join(folder, file), { onWarning: () => {} });
      await tokenizeCorpus(source, { encode: encodeWords, vocabSize: 1 << 17 });
    },
    share: 400,
  };
}

const records = documents.map((document) => JSON.stringify({ text: document })).join("\n");

function tokenizerFormat(name: string, sample: () => Files, spoils: Format["spoils"]): Format {
  return {
    name,
    modules: ["tokenizers/pretrained-files.ts"],
    sample,
    spoils,
    async read(folder) {
      const tokenizer = await AutoTokenizer.fromPretrained(folder);
      const { inputIds } = tokenizer("Hello wörld, 今天 unaffable <0x41>!", { returnTensors: false });
      tokenizer.decode(inputIds);
    },
    share: 300,
  };
}

const jsonTokenizer = { "tokenizer.json": "json", "tokenizer_config.json": "json" } as const;

function goldenJson(path: string): ReturnType<typeof JSON.parse> {
  return JSON.parse(readFileSync(new URL(`../golden/${path}`, import.meta.url), "utf8"));
}

const wordPieces = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  "un",
  "##aff",
  "##able",
  "hello",
  "world",
  ",",
  "!",
  "今",
];

const rows: Partial<Record<ExampleTask, object>> = {
  "text-classification": { text: "a", textPair: "b", label: "x" },
  "relation-extraction": { text: "ab cd", head: [0, 2], tail: [3, 5], label: "r" },
  "token-classification": { tokens: ["a", "b"], labels: ["O", "B-X"], intent: "i" },
  "span-extraction": { text: "ab cd", entities: [{ start: 0, end: 2, label: "X" }] },
  "question-answering": { question: "q", context: "ab cd", answers: [{ text: "ab", start: 0 }] },
  "extractive-summarization": { sentences: ["a", "b"], labels: [0, 1] },
  "multiple-choice": { context: "c", question: "q", choices: ["a", "b"], label: 1 },
  retrieval: { query: "q", positive: "p", negatives: ["n"] },
  translation: { source: "s", target: "t" },
  chat: { messages: [{ role: "user", content: "c" }] },
  preference: { prompt: "p", chosen: "c", rejected: "r" },
};

function exampleFormat(
  name: string,
  file: string,
  layout: Format["spoils"][string],
  tasks: readonly ExampleTask[],
  content: Uint8Array,
): Format {
  return {
    name,
    modules: ["data/examples/read-examples.ts", "data/examples/parquet-records.ts", "data/file-chunks.ts"],
    sample: () => ({ [file]: content }),
    spoils: { [file]: layout },
    async read(folder) {
      for (const task of tasks) {
        await loadExamples(join(folder, file), task, { columns: name === "parquet" ? { text: "context" } : undefined });
      }
    },
    share: 400,
  };
}

const parquet = (name: string): Uint8Array =>
  goldenFiles("examples", [`${name}.parquet`])[`${name}.parquet`] as Uint8Array;

export const formats: readonly Format[] = [
  {
    name: "safetensors",
    modules: ["checkpoints/file-bytes.ts"],
    sample: () => ({ ...goldenFiles("checkpoints", ["layout.safetensors"]) }),
    spoils: { "layout.safetensors": "safetensors" },
    read: async (folder) => readAll(await openSafetensors(join(folder, "layout.safetensors"))),
  },
  {
    name: "safetensors in several files",
    modules: ["checkpoints/sharded.ts"],
    sample: () => ({
      "model.safetensors.index.json": json({
        metadata: { total_size: 24 },
        weight_map: { a: "one.safetensors", b: "two.safetensors", c: "two.safetensors" },
      }),
      "one.safetensors": encodeSafetensors([{ name: "a", shape: [2], data: new Float32Array(2) }]),
      "two.safetensors": encodeSafetensors(["b", "c"].map((name) => ({ name, shape: [2], data: new Float32Array(2) }))),
    }),
    spoils: { "model.safetensors.index.json": "json", "two.safetensors": "safetensors" },
    read: async (folder) => readAll(await openWeights(folder)),
  },
  {
    name: "pytorch_model.bin",
    modules: ["checkpoints/file-bytes.ts"],
    sample: () => ({ "pytorch_model.bin": goldenFiles("checkpoints", ["pytorch.bin"])["pytorch.bin"] as Uint8Array }),
    spoils: { "pytorch_model.bin": "pytorch" },
    read: async (folder) => readAll(await openWeights(folder)),
  },
  ...(
    [
      ["bert-BertForPreTraining", AutoModelForPreTraining],
      ["distilbert-DistilBertForMaskedLM", AutoModelForMaskedLM],
      ["roberta-RobertaForMaskedLM", AutoModelForMaskedLM],
      ["albert-AlbertForPreTraining", AutoModelForPreTraining],
      ["gpt2-GPT2LMHeadModel", AutoModelForCausalLM],
      ["openai-gpt-OpenAIGPTLMHeadModel", AutoModelForCausalLM],
    ] as const
  ).map(
    ([name, load]): Format => ({
      name: `config.json of ${name}`,
      modules: ["models/auto.ts", "checkpoints/folder.ts", "models/model-source.ts", "models/pretrained-model.ts"],
      sample: modelFolder(name),
      spoils: { "config.json": "json", "model.safetensors": "safetensors" },
      read: modelReader(load as typeof AutoModelForMaskedLM),
      share: 60,
    }),
  ),
  {
    name: "generation_config.json",
    modules: ["checkpoints/folder.ts"],
    sample: () => ({
      "generation_config.json": json({
        ...{
          max_new_tokens: 3,
          min_length: 1,
          do_sample: false,
          num_beams: 2,
          num_return_sequences: 1,
          length_penalty: 1,
        },
        ...{
          early_stopping: false,
          num_beam_groups: 1,
          diversity_penalty: 0,
          force_words_ids: [[1]],
          top_k: 3,
          top_p: 0.9,
        },
        ...{ temperature: 0.7, typical_p: 1, epsilon_cutoff: 0, eta_cutoff: 0, repetition_penalty: 1.1, min_p: 0.1 },
        ...{ no_repeat_ngram_size: 2, bad_words_ids: [[2]], sequence_bias: [[[1], -1]], suppress_tokens: [0] },
        ...{ begin_suppress_tokens: [1], forced_bos_token_id: 1, forced_eos_token_id: [3], renormalize_logits: true },
        ...{
          exponential_decay_length_penalty: [1, 1.1],
          remove_invalid_values: true,
          eos_token_id: [3],
          pad_token_id: 0,
        },
      }),
    }),
    spoils: { "generation_config.json": "json" },
    async read(folder) {
      const file = join(folder, "generation_config.json");
      const settings = readGenerationConfig(readFileSync(file, "utf8"), file);
      await generateTokens(table, { ids: [[1, 2]], padding: [0] }, { maxNewTokens: 3 }, settings);
    },
  },
  {
    name: "modules.json",
    modules: ["tasks/sentence-modules.ts"],
    sample: () =>
      goldenFiles("pipelines/sentence-encoders/dense-tanh", [
        "modules.json",
        "1_Pooling/config.json",
        "2_Dense/config.json",
        "2_Dense/model.safetensors",
      ]),
    spoils: {
      "modules.json": "json",
      "1_Pooling/config.json": "json",
      "2_Dense/config.json": "json",
      "2_Dense/model.safetensors": "safetensors",
    },
    read: async (folder) => void (await readSentenceModules(folder)),
  },
  {
    name: "config_sentence_transformers.json",
    modules: ["tasks/sentence-modules.ts"],
    sample: () => ({ "config_sentence_transformers.json": json({ prompts: {}, similarity_fn_name: "dot" }) }),
    spoils: { "config_sentence_transformers.json": "json" },
    read: async (folder) => void (await readSimilarity(folder)),
  },
  {
    name: "an index of texts",
    modules: ["pipelines/text-index.ts"],
    sample: async () => {
      const scratch = mkdtempSync(join(tmpdir(), "cloze-fuzz-index-"));
      const index = new TextIndex({ model: "./encoder", pooling: ["mean"] });
      sentences.forEach((sentence, at) => {
        index.add({ id: `s${at}`, text: sentence }, [at, 1, -at]);
      });
      try {
        await index.save(scratch);
        return filesBelow(scratch);
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    },
    spoils: { "index.json": "json", "vectors.safetensors": "safetensors", "texts.jsonl": "jsonl" },
    read: async (folder) => void (await TextIndex.load(folder)).search([1, 0, 0]),
    share: 400,
  },
  {
    name: "a cache of the hub",
    modules: ["checkpoints/hub/hub-cache.ts", "checkpoints/hub/wanted-files.ts"],
    sample: () => ({
      "models--a--b/refs/main": text("a".repeat(40)),
      "model.safetensors.index.json": json({ weight_map: { a: "one.safetensors", b: "two.safetensors" } }),
    }),
    spoils: { "models--a--b/refs/main": "text", "model.safetensors.index.json": "json" },
    async read(folder) {
      await new HubCache(folder, { name: "a/b", revision: "main" }).knownCommit();
      await filesOfIndex(join(folder, "model.safetensors.index.json"));
    },
  },
  tokenizerFormat(
    "tokenizer.json of WordPiece",
    () => goldenFiles("pipelines/bert", ["tokenizer.json", "tokenizer_config.json"]),
    jsonTokenizer,
  ),
  tokenizerFormat(
    "tokenizer.json of BPE",
    () => goldenFiles("pipelines/gpt2", ["tokenizer.json", "tokenizer_config.json"]),
    jsonTokenizer,
  ),
  tokenizerFormat(
    "vocab.txt",
    () => ({
      "vocab.txt": text(`${wordPieces.join("\n")}\n`),
      "tokenizer_config.json": json({ tokenizer_class: "BertTokenizer", do_lower_case: true, model_max_length: 512 }),
      "special_tokens_map.json": json({
        unk_token: "[UNK]",
        sep_token: "[SEP]",
        mask_token: { content: "[MASK]", lstrip: false },
      }),
      "added_tokens.json": json({ "<new>": wordPieces.length }),
    }),
    {
      "vocab.txt": "text",
      "tokenizer_config.json": "json",
      "special_tokens_map.json": "json",
      "added_tokens.json": "json",
    },
  ),
  tokenizerFormat(
    "vocab.json and merges.txt",
    () => ({
      "vocab.json": json(
        Object.fromEntries(
          ["<|endoftext|>", "h", "e", "l", "o", "he", "ll", "llo", "Ġ"].map((token, id) => [token, id]),
        ),
      ),
      "merges.txt": text("#version: 0.2\nh e\nl l\nll o\n"),
      "tokenizer_config.json": json({ tokenizer_class: "GPT2Tokenizer", unk_token: "<|endoftext|>" }),
    }),
    { "vocab.json": "json", "merges.txt": "text", "tokenizer_config.json": "json" },
  ),
  ...(goldenJson("tokenizers/sentencepiece.json").models as { name: string; file: string }[]).map(({ name, file }) =>
    tokenizerFormat(
      `a SentencePiece model, ${name}`,
      () => ({
        "spiece.model": Uint8Array.from(Buffer.from(file, "base64")),
        "tokenizer_config.json": json({ tokenizer_class: "T5Tokenizer" }),
      }),
      { "spiece.model": "bytes" },
    ),
  ),
  {
    name: "a reference of a model",
    modules: ["verification/verify.ts", "verification/model-reference.ts"],
    sample: modelFolder("gpt2-GPT2LMHeadModel", ["reference.json", "reference.safetensors"]),
    spoils: { "reference.json": "json", "reference.safetensors": "safetensors" },
    read: async (folder) => void (await verify(folder, { ...quiet, only: ["outputs", "generation"] })),
    share: 15,
  },
  {
    name: "a reference of training",
    modules: ["verification/training-checks.ts"],
    sample: () => goldenFiles("optim", ["optimizers.json"]),
    spoils: { "optimizers.json": "json" },
    read: async (folder) => void (await verify(join(folder, "optimizers.json"), quiet)),
    share: 10,
  },
  {
    name: "a reference of a tokenizer",
    modules: ["verification/tokenizer-checks.ts"],
    sample: () => ({
      ...goldenFiles("pipelines/bert", ["tokenizer.json", "tokenizer_config.json"]),
      "cases.jsonl": text(
        `${JSON.stringify({ id: 0, text: "a b", pair: "c", options: { max_length: 9 }, input_ids: [1], tokens: ["a"], decoded: { plain: "a" } })}\n${JSON.stringify({ id: 1, text: ["a"], options: {}, overflowing: [{ input_ids: [1] }], error: "x" })}\n`,
      ),
      "batches.jsonl": text(
        `${JSON.stringify({
          inputs: [
            ["a", null],
            ["b", "c"],
          ],
          options: { padding: true },
          encodings: [{ input_ids: [1] }, {}],
        })}\n`,
      ),
      "encodings.jsonl": text(`${JSON.stringify({ text: "a", ids: [1], tokens: ["a"], offsets: [[0, 1]] })}\n`),
    }),
    spoils: { "cases.jsonl": "jsonl", "batches.jsonl": "jsonl", "encodings.jsonl": "jsonl" },
    read: async (folder) => void (await verify(folder, quiet)),
    share: 100,
  },
  {
    name: "a run's checkpoint",
    modules: ["training/run-checkpoint.ts", "training/output-folder.ts", "training/pretraining-model.ts"],
    sample: trainedRun,
    spoils: {
      "out/checkpoints/step-00000002/trainer.json": "json",
      "out/checkpoints/step-00000002/optimizer.safetensors": "safetensors",
      "out/checkpoints/step-00000002/model.safetensors": "safetensors",
      "out/checkpoints/step-00000002/config.json": "json",
      "out/run.json": "json",
    },
    read: async (folder) => void (await pretrainIn(folder, { steps: 3 }, { resume: true })),
    share: 5,
  },
  ...(["settings.json", "settings.yaml"] as const).map(
    (file): Format => ({
      name: `a settings file, ${file}`,
      modules: ["cli/config-file.ts"],
      sample: () => ({
        [file]: file.endsWith("json")
          ? json({ batchSize: 4, "learning-rate": 0.1, objective: "a+b", steps: 3, corpus: "brown" })
          : text("batchSize: 4\nlearning-rate: 0.1\nobjective: a+b\n# a note\nsteps: 3\ncorpus: text\nminutes: &x 3\n"),
      }),
      spoils: { [file]: file.endsWith("json") ? "json" : "yaml" },
      async read(folder) {
        readOptions(pretrainSettingOptions, await readConfigFile(join(folder, file), pretrainSettingOptions));
      },
    }),
  ),
  corpusFormat("a corpus of text", "corpus.txt", "text", text(documents.join("\n"))),
  corpusFormat("a corpus in JSON Lines", "corpus.jsonl", "jsonl", text(records)),
  corpusFormat("a packed corpus", "corpus.txt.gz", "bytes", Uint8Array.from(gzipSync(documents.join("\n")))),
  {
    name: "a cache of tokens",
    modules: ["data/shard-cache.ts"],
    async sample() {
      const folder = mkdtempSync(join(tmpdir(), "cloze-fuzz-cache-"));
      writeFiles(folder, { "corpus.txt": text(documents.join("\n")) });
      await tokenizeInto(folder);
      const files = filesBelow(folder);
      rmSync(folder, { recursive: true });
      return files;
    },
    spoils: { "cache/index.json": "json", "cache/shard-00000.bin": "bytes" },
    read: tokenizeInto,
    share: 200,
  },
  exampleFormat(
    "rows in JSON Lines",
    "rows.jsonl",
    "jsonl",
    ["text-classification"],
    text(`${JSON.stringify(rows["text-classification"])}\n`.repeat(3)),
  ),
  ...Object.entries(rows).map(([task, row]) =>
    exampleFormat(`rows for ${task}`, "rows.json", "json", [task as ExampleTask], json([row, row])),
  ),
  exampleFormat(
    "rows with commas",
    "rows.csv",
    "text",
    ["text-classification"],
    text('text,textPair,label\na,b,1\n"a, ""b""",c,0\n'),
  ),
  exampleFormat(
    "rows with tabs",
    "rows.tsv",
    "text",
    ["text-classification"],
    text("text\ttextPair\tlabel\na\tb\t1\nc\td\t0\n"),
  ),
  exampleFormat("columns of tokens", "rows.conll", "text", ["token-classification"], text("a B-X\nb O\n\nc O\n")),
  exampleFormat(
    "a treebank",
    "rows.conllu",
    "text",
    ["dependency-parsing"],
    text("# text = a b\n1\ta\ta\tX\t_\t_\t0\troot\t_\t_\n2\tb\tb\tX\t_\t_\t1\tdep\t_\t_\n\n"),
  ),
  exampleFormat(
    "SQuAD",
    "rows.json",
    "json",
    ["question-answering"],
    json({
      version: "1",
      data: [
        {
          title: "t",
          paragraphs: [
            { context: "ab cd", qas: [{ id: "1", question: "q", answers: [{ text: "ab", answer_start: 0 }] }] },
          ],
        },
      ],
    }),
  ),
  exampleFormat("parquet", "rows.parquet", "bytes", ["language-modeling"], parquet("squad-snappy")),
];

async function tokenizeInto(folder: string): Promise<void> {
  const source = await openCorpus(join(folder, "corpus.txt"));
  const options = { encode: encodeWords, vocabSize: 1 << 10, cacheFolder: join(folder, "cache") };
  const corpus = await tokenizeCorpus(source, { ...options, shardTokens: 40, residentTokens: 40 });
  for (let index = 0; index < corpus.shardCount; index++) await corpus.shard(index);
}

/** Modules that read files whose content they only pass on, or which are not from outside. */
export const passedOn: Readonly<Record<string, string>> = {
  "cli/doctor.ts": "says what the machine has",
  "cli/dry-run.ts": "asks for the memory's size",
  "checkpoints/hub/settings.ts": "the user's own token, checked before it is sent",
  "cli/new-folder.ts": "asks what is in a folder",
  "cli/index-texts.ts": "lines of text, as a corpus has them",
  "cli/main.ts": "reads the package's own version",
  "cli/pretrain.ts": "asks whether run.json is there",
  "cli/text-inputs.ts": "lines of text, as a corpus has them",
  "cli/tokenizer-train.ts": "asks what is in a folder",
  "data/brown.ts": "a package that npm has checked",
  "data/package-corpus.ts": "a package that npm has checked",
  "data/song-ci.ts": "a package that npm has checked",
  "demo/demo.ts": "asks what is in a folder",
  "export/export-model.ts": "what it has just written",
  "pipelines/vector-file.ts": "what it has just written",
  "training/run-log.ts": "events of our own runs; what is no event is passed over",
  "training/several-runs.ts": "figures of our own runs, checked by a schema; src/cli/finetune.test.ts spoils them",
};
