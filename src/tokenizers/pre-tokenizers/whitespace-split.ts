import type { AlignedText } from "../aligned-text.ts";
import { characterProperties, WHITESPACE } from "../character-properties.ts";
import type { PreTokenizer, WordReceiver } from "./pre-tokenizer.ts";

/** Cuts at white space, which is dropped. */
export class WhitespaceSplitPreTokenizer implements PreTokenizer {
  readonly cuts = "white space";

  preTokenize(source: AlignedText, words: WordReceiver): void {
    const properties = characterProperties();
    const { text } = source;
    let wordStart = 0;
    // All white space lies in the basic plane, and no half of a surrogate pair is white space.
    for (let at = 0; at < text.length; at++) {
      if (!(properties[text.charCodeAt(at)]! & WHITESPACE)) continue;
      if (wordStart < at) words.add(source, wordStart, at);
      wordStart = at + 1;
    }
    if (wordStart < text.length) words.add(source, wordStart, text.length);
  }

  toJSON(): Record<string, unknown> {
    return { type: "WhitespaceSplit" };
  }
}
