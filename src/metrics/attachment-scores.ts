/** How many words of dependency parses hang where they should (Buchholz and Marsi 2006). */
import { ratio } from "./precision-recall.ts";
import { checkSameLength } from "./same-length.ts";

/** For each word the number of its head, counted from 1, 0 being the root, and the relation to it. */
export interface DependencyParse {
  readonly heads: readonly number[];
  readonly relations: readonly string[];
}

export interface AttachmentScores {
  /** Unlabelled: share of the words with the right head, in [0, 1]. */
  readonly uas: number;
  /** Labelled: with the right relation too. */
  readonly las: number;
  readonly words: number;
}

/** Over all words of all sentences, punctuation included. */
export function attachmentScores(
  gold: readonly DependencyParse[],
  predicted: readonly DependencyParse[],
): AttachmentScores {
  checkSameLength(gold, predicted, "parses");
  let [words, attached, labelled] = [0, 0, 0];
  for (const [at, { heads, relations }] of gold.entries()) {
    const own = predicted[at] ?? { heads: [], relations: [] };
    checkSameLength(heads, own.heads, "heads");
    checkSameLength(relations, own.relations, "relations");
    for (const [word, head] of heads.entries()) {
      words++;
      if (own.heads[word] !== head) continue;
      attached++;
      if (own.relations[word] === relations[word]) labelled++;
    }
  }
  return { uas: ratio(attached, words), las: ratio(labelled, words), words };
}
