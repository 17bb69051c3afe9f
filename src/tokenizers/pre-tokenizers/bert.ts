import type { AlignedText } from "../aligned-text.ts";
import { characterProperties, PUNCTUATION, unitsOf, WHITESPACE } from "../character-properties.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";

/** Cuts at white space, which is dropped, and makes each punctuation character a word. */
export class BertPreTokenizer implements PreTokenizer {
  preTokenize(source: AlignedText, words: AlignedText[]): void {
    const properties = characterProperties();
    const { text } = source;
    let wordStart = 0;
    for (let at = 0; at < text.length; ) {
      const codePoint = text.codePointAt(at)!;
      const next = at + unitsOf(codePoint);
      if (properties[codePoint]! & (WHITESPACE | PUNCTUATION)) {
        if (wordStart < at) words.push(source.slice(wordStart, at));
        if (properties[codePoint]! & PUNCTUATION) words.push(source.slice(at, next));
        wordStart = next;
      }
      at = next;
    }
    if (wordStart < text.length) words.push(source.slice(wordStart, text.length));
  }

  toJSON(): Record<string, unknown> {
    return { type: "BertPreTokenizer" };
  }
}
