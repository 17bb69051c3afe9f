/** Every command, in the order of the help. None is loaded before it is asked for. */
import type { CommandEntry } from "./command.ts";

export const commandEntries: readonly CommandEntry[] = [
  {
    name: "demo",
    about: "Watch a BERT learn English and fill blanks, in a few minutes",
    load: async () => (await import("./demo.ts")).demo,
  },
  {
    name: "pretrain",
    about: "Train a model on text, from nothing or from a checkpoint",
    load: async () => (await import("./pretrain.ts")).pretrainCommand,
  },
  {
    name: "finetune",
    about: "Train a model for a task on labelled examples",
    load: async () => (await import("./finetune.ts")).finetuneCommand,
  },
  {
    name: "evaluate",
    about: "A model's figures on held-out text",
    load: async () => (await import("./evaluate.ts")).evaluate,
  },
  {
    name: "run",
    about: "Run a model: fill blanks and more",
    load: async () => (await import("./run.ts")).run,
  },
  {
    name: "index",
    about: "Texts that are found by their meaning: build an index, add to it, search it",
    commands: [
      {
        name: "build",
        about: "Make an index of a file of texts",
        load: async () => (await import("./index-build.ts")).indexBuild,
      },
      {
        name: "add",
        about: "Add a file of texts to an index",
        load: async () => (await import("./index-add.ts")).indexAdd,
      },
      {
        name: "search",
        about: "The texts that are nearest to a query",
        load: async () => (await import("./index-search.ts")).indexSearch,
      },
    ],
  },
  {
    name: "tokenizer",
    about: "Train a tokenizer, encode and decode text, see how it is cut",
    commands: [
      {
        name: "train",
        about: "Train a vocabulary on text",
        load: async () => (await import("./tokenizer-train.ts")).tokenizerTrain,
      },
      {
        name: "encode",
        about: "Text to tokens",
        load: async () => (await import("./tokenizer-encode.ts")).tokenizerEncode,
      },
      {
        name: "decode",
        about: "Tokens to text",
        load: async () => (await import("./tokenizer-decode.ts")).tokenizerDecode,
      },
      {
        name: "inspect",
        about: "What a tokenizer consists of, and how it cuts a text",
        load: async () => (await import("./tokenizer-inspect.ts")).tokenizerInspect,
      },
    ],
  },
  {
    name: "inspect",
    about: "What a model folder holds and can do; where its heads look in a text",
    load: async () => (await import("./inspect.ts")).inspect,
  },
  {
    name: "verify",
    about: "Compare models with reference values",
    load: async () => (await import("./verify.ts")).verifyCommand,
  },
  {
    name: "export",
    about: "A model as an ONNX folder for transformers.js, in full and in 8 bits",
    load: async () => (await import("./export.ts")).exportCommand,
  },
  {
    name: "doctor",
    about: "What this machine offers, and what is missing",
    load: async () => (await import("./doctor.ts")).doctor,
  },
];
