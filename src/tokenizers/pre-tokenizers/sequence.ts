import type { AlignedText } from "../aligned-text.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";

/** Several pre-tokenizers, each cutting the words of the one before. */
export class SequencePreTokenizer implements PreTokenizer {
  readonly preTokenizers: readonly PreTokenizer[];

  constructor(preTokenizers: readonly PreTokenizer[]) {
    this.preTokenizers = preTokenizers;
  }

  preTokenize(source: AlignedText, words: AlignedText[]): void {
    let current = [source];
    for (const preTokenizer of this.preTokenizers) {
      const next: AlignedText[] = [];
      for (const word of current) preTokenizer.preTokenize(word, next);
      current = next;
    }
    for (const word of current) words.push(word);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Sequence", pretokenizers: this.preTokenizers.map((preTokenizer) => preTokenizer.toJSON()) };
  }
}
