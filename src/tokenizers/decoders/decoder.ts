/** Turns tokens back into text. */
export interface Decoder {
  /** Rewrites the tokens so that, joined without anything between, they are the text. */
  decode(tokens: readonly string[]): string[];
  /** As tokenizer.json writes it. */
  toJSON(): Record<string, unknown>;
}
