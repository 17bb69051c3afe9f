/** How a text is cut, for people to look at. */
import type { Encoding } from "./encoding.ts";

export interface TextCutting {
  readonly text: string;
  /** The text as the model sees it, before it is cut. */
  readonly normalized: string;
  readonly words: readonly CutWord[];
}

export interface CutWord {
  /** Where the word stands in the text, in UTF-16 units; null for a token that a model expects around texts. */
  readonly start: number | null;
  readonly end: number | null;
  readonly tokens: readonly string[];
  readonly ids: readonly number[];
}

/** Tokens of the same word together, each special token alone. */
export function wordsOfEncoding({ ids, tokens, starts, ends, wordIds }: Encoding): CutWord[] {
  const words: { start: number | null; end: number | null; tokens: string[]; ids: number[] }[] = [];
  ids.forEach((id, index) => {
    const wordId = wordIds[index]!;
    let word = words.at(-1);
    if (!word || wordId === null || wordId !== wordIds[index - 1]) {
      word = { start: null, end: null, tokens: [], ids: [] };
      words.push(word);
    }
    if (wordId !== null) {
      word.start = Math.min(word.start ?? starts[index]!, starts[index]!);
      word.end = Math.max(word.end ?? 0, ends[index]!);
    }
    word.tokens.push(tokens[index]!);
    word.ids.push(id);
  });
  return words;
}
