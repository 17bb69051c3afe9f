import { describe, expect, it } from "vitest";
import {
  corpusFromDocuments,
  int64Array,
  type SpecialTokens,
  type TokenizedCorpus,
  tokenizeCorpus,
} from "../data/index.ts";
import { Random } from "../random.ts";
import { baselineAccuracies, MaskedBaselines } from "./baselines.ts";

const V = 30;
const [CLS, SEP, MASK] = [1, 2, 3];
const tokens: SpecialTokens = { vocabSize: V, padTokenId: 0, clsTokenId: CLS, sepTokenId: SEP, maskTokenId: MASK };

/** A token a letter; a = 4. */
const idsOf = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0) - 93);
const corpusOf = (documents: string[]): Promise<TokenizedCorpus> =>
  tokenizeCorpus(corpusFromDocuments(documents), { encode: idsOf, vocabSize: V });

/** `_` is masked, `^` and `$` the ends of a row. */
function rowsOf(...rows: string[]) {
  const special: Record<string, number> = { _: MASK, "^": CLS, $: SEP };
  const ids = rows.flatMap((row) => Array.from(row, (letter) => special[letter] ?? (idsOf(letter)[0] as number)));
  return {
    sequenceLength: rows[0]?.length ?? 0,
    inputIds: Int32Array.from(ids),
    positions: Int32Array.from(ids.flatMap((id, i) => (id === MASK ? [i] : []))),
  };
}

const letters = (ids: Int32Array) => String.fromCharCode(...Array.from(ids, (id) => id + 93));

describe("MaskedBaselines", () => {
  it("predicts by frequency, by the left neighbour, and by both", async () => {
    const baselines = await MaskedBaselines.count(await corpusOf(["xaybzzzzz", "xaycdayc"]));
    const rows = rowsOf("^xa_b$", "^_ayc$", "^xq_z$", "^q_d_$");
    const { mostFrequent, leftBigram, twoSided } = baselines.predict(rows, tokens);
    expect(letters(mostFrequent)).toBe("zzzzz");
    expect(letters(leftBigram)).toBe("yzzza");
    // z stands beside z, d before a and c before d.
    expect(letters(twoSided)).toBe("yxzca");
  });

  it("does not see what is masked, special, or in another row", async () => {
    const baselines = await MaskedBaselines.count(await corpusOf(["abcabcabcz", "zzzzzzzzzz"]));
    expect(letters(baselines.predict(rowsOf("^a_bc", "____$"), tokens).leftBigram)).toBe("bzzzz");
    expect(letters(baselines.predict(rowsOf("^a__$", "_bc_$"), tokens).twoSided)).toBe("bzaa");
  });

  it("does not count over the ends of documents", async () => {
    const baselines = await MaskedBaselines.count(await corpusOf(["ab", "cd", "zzz"]));
    expect(letters(baselines.predict(rowsOf("b_"), tokens).leftBigram)).toBe("z");
  });

  it("gives the best of the formula computed plainly", async () => {
    const random = new Random(11);
    const letter = () => String.fromCharCode(97 + Math.floor(random.uniform() ** 2 * 12));
    const documents = Array.from({ length: 8 }, () => Array.from({ length: 60 }, letter).join(""));
    const baselines = await MaskedBaselines.count(await corpusOf(documents));
    const alphabet = [...new Set(documents.join(""))].sort();
    const count = (text: string) =>
      documents.reduce((sum, document) => {
        for (let i = 0; i + text.length <= document.length; i++) if (document.startsWith(text, i)) sum++;
        return sum;
      }, 0);
    const total = count("");
    const frequency = (w: string) => count(w) / (total - documents.length);
    /** Witten and Bell: (c(context w) + t · shorter) / (n + t). */
    const side = (w: string, contexts: string[], join: (context: string, w: string) => string): number => {
      const [context, ...shorter] = contexts;
      if (context === undefined) return frequency(w);
      const seen = alphabet.map((letter) => count(join(context, letter)));
      const n = seen.reduce((sum, c) => sum + c, 0);
      const t = seen.filter((c) => c > 0).length;
      const below = side(w, shorter, join);
      return n === 0 ? below : (count(join(context, w)) + t * below) / (n + t);
    };
    for (let trial = 0; trial < 40; trial++) {
      const [l2, l1, r1, r2] = [letter(), letter(), letter(), letter()];
      const score = (w: string) =>
        (side(w, [l2 + l1, l1], (context, x) => context + x) * side(w, [r1 + r2, r1], (context, x) => x + context)) /
        frequency(w);
      const predicted = letters(baselines.predict(rowsOf(`^${l2}${l1}_${r1}${r2}$`), tokens).twoSided);
      const best = Math.max(...alphabet.map(score));
      expect(score(predicted)).toBeGreaterThan(best * (1 - 1e-9));
    }
  });
});

it("gives shares of what was predicted right", async () => {
  const baselines = await MaskedBaselines.count(await corpusOf(["abababab"]));
  const { inputIds, positions } = rowsOf("^a_a$", "^b_b$");
  const batch = {
    inputIds: int64Array(inputIds, [2, 5]),
    positions: int64Array(positions, [2]),
    labels: int64Array(Int32Array.from(idsOf("bb")), [2]),
  };
  expect(baselineAccuracies(baselines, [batch], tokens)).toEqual({
    mostFrequent: 0,
    leftBigram: 0.5,
    twoSided: 0.5,
    positions: 2,
  });
});
