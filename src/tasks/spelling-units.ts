/** A text as the units that spelling correction replaces one by one, and two texts unit by unit. */

/** A word or a character, with its place in UTF-16 units of the text. */
export interface SpellingUnit {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * What stands between spaces is a word. Where Chinese characters are, each is a unit, so are marks, and letters and digits that
 * stand together are one.
 */
export function spellingUnits(text: string): SpellingUnit[] {
  const pattern = /\p{Script=Han}/u.test(text)
    ? /\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}])+|\S/gu
    : /\S+/gu;
  return Array.from(text.matchAll(pattern), ({ 0: unit, index }) => ({
    ...{ text: unit, start: index, end: index + unit.length },
  }));
}

/**
 * What each unit of the source is in the target: itself, another one, several with what was put beside it, or nothing where
 * it was taken out. Texts with as many units go together one by one, others by the fewest edits (Levenshtein 1966).
 */
export function alignedUnits(source: readonly string[], target: readonly string[]): string[][] {
  if (source.length === target.length) return target.map((unit) => [unit]);
  const aligned: string[][] = source.map(() => []);
  // What stands before the first unit goes with it.
  for (const [from, to] of fewestEdits(source, target)) aligned[Math.max(0, from)]?.push(...to);
  return aligned;
}

/** Edits in order: the unit of the source, and what of the target goes to its place. */
function fewestEdits(source: readonly string[], target: readonly string[]): [from: number, to: string[]][] {
  const width = target.length + 1;
  const costs = new Uint32Array((source.length + 1) * width);
  for (let column = 0; column < width; column++) costs[column] = column;
  for (let row = 1; row <= source.length; row++) {
    costs[row * width] = row;
    for (let column = 1; column < width; column++) {
      const above = costs[(row - 1) * width + column] as number;
      const left = costs[row * width + column - 1] as number;
      const both = (costs[(row - 1) * width + column - 1] as number) + Number(source[row - 1] !== target[column - 1]);
      costs[row * width + column] = Math.min(both, above + 1, left + 1);
    }
  }
  const edits: [from: number, to: string[]][] = [];
  let [row, column] = [source.length, target.length];
  while (row > 0 || column > 0) {
    const cost = costs[row * width + column] as number;
    const isPaired =
      row > 0 &&
      column > 0 &&
      cost === (costs[(row - 1) * width + column - 1] as number) + Number(source[row - 1] !== target[column - 1]);
    const isAdded = !isPaired && column > 0 && cost === (costs[row * width + column - 1] as number) + 1;
    edits.push([row - 1, isPaired || isAdded ? [target[column - 1] as string] : []]);
    if (isPaired || !isAdded) row--;
    if (isPaired || isAdded) column--;
  }
  return edits.reverse();
}
