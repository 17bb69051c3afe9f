/** Files made to take all memory or time: what each is, and how it is read. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openSafetensors, openWeights } from "../../src/checkpoints/index.ts";
import { loadExamples } from "../../src/data/examples/index.ts";
import { openCorpus } from "../../src/data/index.ts";
import { AutoModel } from "../../src/models/index.ts";
import { AutoTokenizer } from "../../src/tokenizers/index.ts";
import { verify } from "../../src/verification/index.ts";
import { zip } from "../support/zip-file.ts";
import { type Files, goldenFiles } from "./format.ts";

export interface Bomb {
  readonly name: string;
  readonly files: () => Files;
  readonly read: (folder: string) => Promise<unknown>;
  /** What the error says of the place; any when left out. */
  readonly field?: string;
  /** The files may be read after all, within the same bounds. */
  readonly isHarmless?: boolean;
}

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, "latin1"));
const many = (piece: string, bytes: number): string => piece.repeat(Math.ceil(bytes / piece.length));
const MIB = 1 << 20;

/** A safetensors file of a header alone. */
function headerOnly(header: string, length = BigInt(header.length)): Uint8Array {
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length);
  return new Uint8Array(Buffer.concat([start, Buffer.from(header)]));
}

const safetensors = (name: string, header: string, field?: string): Bomb => ({
  name: `safetensors: ${name}`,
  files: () => ({ "model.safetensors": headerOnly(header) }),
  read: (folder) => openSafetensors(join(folder, "model.safetensors")),
  ...(field !== undefined && { field }),
});

const pickled = (name: string, pickle: () => string, entries: Files = {}): Bomb => ({
  name: `pytorch_model.bin: ${name}`,
  files: () => ({ "pytorch_model.bin": new Uint8Array(zip({ "x/data.pkl": text(pickle()), ...entries })) }),
  read: async (folder) => {
    const weights = await openWeights(folder);
    for (const tensor of weights.tensors.keys()) await weights.readFloat32(tensor);
  },
});

/** A tensor over storage 0, of this offset, these sizes and strides, as a pickle. */
function tensorPickle(numbers: string): string {
  const short = (value: string): string => `\x8c${String.fromCharCode(value.length)}${value}`;
  const storage = `(${short("storage")}ctorch\nFloatStorage\n${short("0")}${short("cpu")}K\x02tQ`;
  return `\x80\x02}${short("w")}ctorch._utils\n_rebuild_tensor_v2\n(${storage}${numbers}\x89}tRs.`;
}

const config = (name: string, values: object, field?: string): Bomb => ({
  name: `config.json: ${name}`,
  files: () => {
    const files = goldenFiles("models/bert-BertForPreTraining", ["config.json", "model.safetensors"]);
    const own = JSON.parse(new TextDecoder().decode(files["config.json"]));
    return { ...files, "config.json": text(JSON.stringify({ ...own, ...values })) };
  },
  read: (folder) => AutoModel.fromPretrained(folder, { threads: 1, onWarning: () => {} }),
  ...(field !== undefined && { field }),
});

const wholeConfig = (name: string, content: () => string): Bomb => ({
  ...config(name, {}),
  files: () => ({ ...config(name, {}).files(), "config.json": text(content()) }),
});

const rows = (name: string, file: string, content: () => string, field?: string): Bomb => ({
  name: `${file}: ${name}`,
  files: () => ({ [file]: text(content()) }),
  read: (folder) => loadExamples(join(folder, file), "text-classification"),
  ...(field !== undefined && { field }),
});

const corpus = (name: string, file: string, content: () => Uint8Array, isHarmless: boolean): Bomb => ({
  name: `${file}: ${name}`,
  files: () => ({ [file]: content() }),
  read: async (folder) => {
    for await (const _ of (await openCorpus(join(folder, file))).documents());
  },
  isHarmless,
});

export const bombs: readonly Bomb[] = [
  {
    ...safetensors("a header as long as the world", "{}", "header length"),
    files: () => ({ "model.safetensors": headerOnly("{}", 0x7fffffffffffffffn) }),
  },
  safetensors("brackets in brackets", many("[", 8 * MIB), "header"),
  safetensors("nothing but arrays", `{"a":[${many("[],", 8 * MIB)}[]]}`, "header"),
  safetensors("nothing but texts", `{"__metadata__":{${many('"aa":"b",', 8 * MIB)}"c":"d"}}`, "header"),
  safetensors(
    "a hundred thousand names",
    `{${Array.from({ length: 100_000 }, (_, at) => `"w${at}":{"dtype":"F32","shape":[0],"data_offsets":[0,${at}]}`).join()}}`,
  ),
  safetensors(
    "a tensor of all memory",
    `{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}`,
    "w.shape",
  ),
  safetensors("many dimensions", `{"w":{"dtype":"F32","shape":[${many("1,", MIB)}1],"data_offsets":[0,4]}}`),
  {
    name: "index: a file elsewhere",
    files: () => ({ "model.safetensors.index.json": text('{"weight_map":{"w":"../../x.safetensors"}}') }),
    read: openWeights,
    field: "w",
  },
  {
    name: "index: itself",
    files: () => ({ "model.safetensors.index.json": text('{"weight_map":{"w":"model.safetensors.index.json"}}') }),
    read: openWeights,
    field: "w",
  },
  {
    name: "index: a hundred thousand files",
    files: () => {
      const names = Array.from({ length: 100_000 }, (_, at) => `"w${at}":"${at}.safetensors"`);
      return { "model.safetensors.index.json": text(`{"weight_map":{${names.join()}}}`) };
    },
    read: openWeights,
  },
  pickled("a call of the system", () => "\x80\x02cos\nsystem\nX\x04\0\0\0trueq\0\x85R."),
  pickled("lists in lists", () => `\x80\x02${many("]q\0", 4 * MIB)}${many("a", MIB)}.`),
  pickled("tuples in tuples", () => `\x80\x02)${many("\x85", 8 * MIB)}.`),
  pickled("nothing but marks", () => `\x80\x02${many("(", 8 * MIB)}.`),
  pickled("marks and tuples", () => `\x80\x02${many("(", 2 * MIB)}${many("t", 2 * MIB)}.`),
  pickled("a memo of everything", () => `\x80\x02N${many("\x94", 8 * MIB)}.`),
  pickled("a list that doubles", () => `\x80\x02]q\0${many("(h\0h\0h\0h\0e", 2 * MIB)}.`),
  pickled("a text that is not there", () => "\x80\x02X\xff\xff\xff\x7f."),
  pickled("empty dictionaries", () => `\x80\x02${many("}", 8 * MIB)}.`),
  pickled("a dictionary in itself", () => "\x80\x02}q\0h\0h\0s."),
  pickled("lines without end", () => `\x80\x02c${many("x", 8 * MIB)}`),
  pickled("many globals", () => `\x80\x02${many("ca\nb\n", 8 * MIB)}.`),
  pickled("a tensor of one value", () => tensorPickle("K\0J\xff\xff\xff\x7f\x85K\0\x85"), {
    "x/data/0": new Uint8Array(8),
  }),
  pickled("a tensor with holes", () => tensorPickle("K\0(J\0\0\0\x10K\x01tK\x01K\x01\x86"), {
    "x/data/0": new Uint8Array(8),
  }),
  {
    ...pickled("packed", () => ""),
    files: () => ({
      "pytorch_model.bin": new Uint8Array(zip({ "x/data.pkl": gzipSync(Buffer.alloc(64 * MIB)) }, { method: 8 })),
    }),
  },
  {
    ...pickled("a directory of a million entries", () => ""),
    files: () => {
      const entry = Buffer.alloc(48);
      entry.writeUInt32LE(0x02014b50, 0);
      entry.writeUInt16LE(2, 28);
      const directory = Buffer.alloc(48 * 200_000);
      for (let at = 0; at < 200_000; at++) {
        entry.copy(directory, at * 48);
        directory.writeUInt16LE(at & 0xffff, at * 48 + 46);
      }
      const end = Buffer.alloc(22);
      end.writeUInt32LE(0x06054b50, 0);
      end.writeUInt32LE(directory.length, 12);
      end.writeUInt32LE(4, 16);
      return { "pytorch_model.bin": new Uint8Array(Buffer.concat([Buffer.from("PK\0\0"), directory, end])) };
    },
  },
  config("more layers than atoms", { num_hidden_layers: 2_147_483_647 }),
  config("a million layers", { num_hidden_layers: 1_000_000 }),
  config("a vocabulary as large as memory", { vocab_size: 2_147_483_647 }),
  config("wide as the sky", { hidden_size: 2_147_483_646, num_attention_heads: 2 }),
  config("positions without end", { max_position_embeddings: 2_147_483_647 }),
  config("labels without end", { num_labels: 2_147_483_647 }),
  wholeConfig("brackets in brackets", () => `{"a":${many("[", 8 * MIB)}`),
  wholeConfig("nothing but texts", () => `{"model_type":"bert","a":[${many('"bc",', 8 * MIB)}""]}`),
  wholeConfig("nothing but numbers", () => `{"model_type":"bert","a":[${many("1,", 8 * MIB)}1]}`),
  wholeConfig("a long text", () => `{"model_type":"${many("x", 8 * MIB)}"}`),
  wholeConfig(
    "a million keys",
    () => `{"model_type":"bert",${Array.from({ length: 200_000 }, (_, at) => `"${at}":1`).join()}}`,
  ),
  {
    name: "a packed reference",
    files: () => ({
      ...goldenFiles("pipelines/bert", ["tokenizer.json", "tokenizer_config.json"]),
      "cases.jsonl.gz": new Uint8Array(gzipSync(Buffer.alloc(200 * MIB, "[]\n"))),
    }),
    read: (folder) => verify(folder),
  },
  {
    name: "a packed tokenizer",
    files: () => ({ "tokenizer.json.gz": new Uint8Array(gzipSync(Buffer.alloc(400 * MIB, " "))) }),
    read: (folder) => AutoTokenizer.fromPretrained(folder),
  },
  corpus("a line without end", "corpus.jsonl", () => text(`{"text":"${many("x", 32 * MIB)}`), false),
  corpus("packed spaces", "corpus.txt.gz", () => new Uint8Array(gzipSync(Buffer.alloc(32 * MIB, " "))), true),
  corpus("brackets in brackets", "corpus.jsonl", () => text(`{"text":${many("[", 8 * MIB)}`), false),
  corpus("nothing but arrays", "corpus.jsonl", () => text(`{"a":[${many("[],", 8 * MIB)}[]]}`), false),
  rows("nothing but arrays", "rows.json", () => `[${many("[],", 8 * MIB)}[]]`),
  rows("brackets in brackets", "rows.json", () => many("[", 8 * MIB)),
  rows("brackets in a row", "rows.jsonl", () => `{"text":${many("[", 8 * MIB)}`),
  rows("a quote without end", "rows.csv", () => `text,label\n"${many("x,\n", 8 * MIB)}`),
  rows("a million columns", "rows.csv", () => `text,label${many(",a", 4 * MIB)}\n1,2\n`),
];
