import type { AlignedText } from "../aligned-text.ts";
import { characterProperties, PUNCTUATION, unitsOf, WHITESPACE } from "../character-properties.ts";
import type { PreTokenizer, WordReceiver } from "./pre-tokenizer.ts";

/** Cuts at white space, which is dropped, and makes each punctuation character a word. */
export class BertPreTokenizer implements PreTokenizer {
  readonly cuts = "white space";

  preTokenize(source: AlignedText, words: WordReceiver): void {
    const properties = characterProperties();
    const { text } = source;
    let wordStart = 0;
    for (let at = 0; at < text.length; ) {
      const codePoint = text.codePointAt(at)!;
      const next = at + unitsOf(codePoint);
      if (properties[codePoint]! & (WHITESPACE | PUNCTUATION)) {
        if (wordStart < at) words.add(source, wordStart, at);
        if (properties[codePoint]! & PUNCTUATION) words.add(source, at, next);
        wordStart = next;
      }
      at = next;
    }
    if (wordStart < text.length) words.add(source, wordStart, text.length);
  }

  toJSON(): Record<string, unknown> {
    return { type: "BertPreTokenizer" };
  }
}
