import type { AlignedText } from "../aligned-text.ts";
import { type PreTokenizer, WordList, type WordReceiver } from "./pre-tokenizer.ts";

/** Several pre-tokenizers, each cutting the words of the one before. */
export class SequencePreTokenizer implements PreTokenizer {
  readonly preTokenizers: readonly PreTokenizer[];

  constructor(preTokenizers: readonly PreTokenizer[]) {
    this.preTokenizers = preTokenizers;
  }

  get cuts(): PreTokenizer["cuts"] {
    return this.preTokenizers[0]?.cuts;
  }

  preTokenize(source: AlignedText, words: WordReceiver): void {
    const last = this.preTokenizers.at(-1);
    if (!last) {
      if (source.text !== "") words.add(source, 0, source.text.length);
      return;
    }
    let current = [source];
    for (const preTokenizer of this.preTokenizers.slice(0, -1)) {
      const next = new WordList();
      for (const word of current) preTokenizer.preTokenize(word, next);
      current = next.words;
    }
    for (const word of current) last.preTokenize(word, words);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Sequence", pretokenizers: this.preTokenizers.map((preTokenizer) => preTokenizer.toJSON()) };
  }
}
