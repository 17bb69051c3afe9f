/** Every command, in the order of the help. None is loaded before it is asked for. */
import type { CommandEntry } from "./command.ts";

export const commandEntries: readonly CommandEntry[] = [
  {
    name: "tokenizer",
    about: "Train a tokenizer, encode and decode text",
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
    ],
  },
];
