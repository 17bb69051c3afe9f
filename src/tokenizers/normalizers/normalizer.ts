import type { AlignedText } from "../aligned-text.ts";

/** Rewrites text before it is cut: case, accents, control characters, Unicode forms. */
export interface Normalizer {
  normalize(text: AlignedText): AlignedText;
  /** As tokenizer.json writes it. */
  toJSON(): Record<string, unknown>;
}
