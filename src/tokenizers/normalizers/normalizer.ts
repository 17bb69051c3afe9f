import type { AlignedText } from "../aligned-text.ts";

/** Rewrites text before it is cut: case, accents, control characters, Unicode forms. */
export interface Normalizer {
  /** Whether words are rewritten alone: what a space lies between does not matter to each other. */
  readonly isLocal?: boolean;
  normalize(text: AlignedText): AlignedText;
  /** As tokenizer.json writes it. */
  toJSON(): Record<string, unknown>;
}
