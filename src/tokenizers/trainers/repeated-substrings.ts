/**
 * Substrings that occur at least twice in a list of words: the pieces that Unigram training begins with.
 *
 * Those are found that branch, that is, are followed by different characters somewhere (the inner nodes of a suffix
 * tree), as in Kudo 2018, https://arxiv.org/abs/1804.10959, §3.2. The end of a word counts as a character, so that a
 * piece that only ever ends words does not branch. Suffixes are sorted no further than the longest piece needs.
 */
export interface RepeatedSubstring {
  readonly text: string;
  /** Occurrences in the words, each word taken once. */
  readonly count: number;
}

/** Code points of all words, each followed by this one. */
const WORD_END = 0;

/** All repeated, branching substrings of 2 to `maxLength` characters within the words. */
export function repeatedSubstrings(words: Iterable<string>, maxLength: number): RepeatedSubstring[] {
  const points = flatten(words);
  const suffixes = sortSuffixes(points, maxLength + 1);
  const found: RepeatedSubstring[] = [];
  // The common beginnings that are still open: how long they are, and at which suffix they began.
  const lengths: number[] = [];
  const firsts: number[] = [];
  for (let index = 1; index <= suffixes.length; index++) {
    const common =
      index < suffixes.length ? commonLength(points, suffixes[index - 1]!, suffixes[index]!, maxLength + 1) : 0;
    let first = index - 1;
    while (lengths.length > 0 && lengths.at(-1)! > common) {
      const length = lengths.pop()!;
      first = firsts.pop()!;
      const start = suffixes[first]!;
      if (length < 2 || length > maxLength || hasWordEnd(points, start, length)) continue;
      found.push({ text: String.fromCodePoint(...points.subarray(start, start + length)), count: index - first });
    }
    if (common > 0 && common !== lengths.at(-1)) {
      lengths.push(common);
      firsts.push(first);
    }
  }
  return found;
}

function flatten(words: Iterable<string>): Uint32Array {
  const points: number[] = [];
  for (const word of words) {
    for (const character of word) points.push(character.codePointAt(0)!);
    points.push(WORD_END);
  }
  return Uint32Array.from(points);
}

/** Starts of all suffixes, in the order of their first `depth` code points. */
function sortSuffixes(points: Uint32Array, depth: number): Uint32Array {
  const starts = Uint32Array.from(points, (_, index) => index);
  return starts.sort((a, b) => {
    if (a === b) return 0;
    const common = commonLength(points, a, b, depth);
    // Where one text ends the end counts as smaller than all; equal ones keep an order.
    const difference = (points[a + common] ?? -1) - (points[b + common] ?? -1);
    return common < depth && difference !== 0 ? difference : a - b;
  });
}

function commonLength(points: Uint32Array, a: number, b: number, most: number): number {
  let length = 0;
  while (length < most && a + length < points.length && points[a + length] === points[b + length]) length++;
  return length;
}

function hasWordEnd(points: Uint32Array, start: number, length: number): boolean {
  const end = points.indexOf(WORD_END, start);
  return end >= 0 && end < start + length;
}
