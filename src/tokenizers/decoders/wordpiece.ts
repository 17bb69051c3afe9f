import type { JsonFields } from "../json-fields.ts";
import type { Decoder } from "./decoder.ts";

/** Joins pieces that continue a word, puts spaces between words, and takes those before punctuation away again. */
export class WordPieceDecoder implements Decoder {
  readonly prefix: string;
  readonly cleanup: boolean;

  constructor(prefix = "##", cleanup = true) {
    this.prefix = prefix;
    this.cleanup = cleanup;
  }

  static fromJSON(fields: JsonFields): WordPieceDecoder {
    return new WordPieceDecoder(fields.string("prefix", "##"), fields.boolean("cleanup", true));
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token, index) => {
      let text = token;
      if (index > 0) text = token.startsWith(this.prefix) ? token.slice(this.prefix.length) : ` ${token}`;
      return this.cleanup ? cleanUpToken(text) : text;
    });
  }

  toJSON(): Record<string, unknown> {
    return { type: "WordPiece", prefix: this.prefix, cleanup: this.cleanup };
  }
}

const CLEAN_UPS: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** The reference's clean-up of a single token; that of a whole text (`cleanUpText`) knows no ` do not`. */
function cleanUpToken(token: string): string {
  return CLEAN_UPS.reduce((text, [from, to]) => text.replaceAll(from, to), token);
}

/** Removes the spaces that cutting put before punctuation and contractions. */
export function cleanUpText(text: string): string {
  return CLEAN_UPS.reduce((current, [from, to]) => (from === " do not" ? current : current.replaceAll(from, to)), text);
}
