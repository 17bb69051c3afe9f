/** How varied generated texts are: distinct-n (Li et al. 2016). */
import { ratio } from "./precision-recall.ts";
import { ngrams } from "./words.ts";

export interface DistinctNgrams {
  /** Different n-grams of all texts over all their n-grams, in [0, 1]. */
  readonly corpus: number;
  /** Mean over the texts that have an n-gram of the same for each text. */
  readonly sentence: number;
}

/** @param texts of each text its words. */
export function distinctNgrams(texts: readonly (readonly string[])[], n: number): DistinctNgrams {
  const each = texts.map((words) => ngrams(words, n));
  const all = each.flat();
  const own = each.filter(({ length }) => length > 0).map((grams) => new Set(grams).size / grams.length);
  return {
    corpus: ratio(new Set(all).size, all.length),
    sentence: ratio(
      own.reduce((sum, share) => sum + share, 0),
      own.length,
    ),
  };
}
