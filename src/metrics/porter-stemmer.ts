/**
 * English stems by Porter's rules, with NLTK's changes to them, as ROUGE's tools take them.
 *
 * Paper: Porter 1980, "An algorithm for suffix stripping".
 */

/** Forms that the rules would spoil, by NLTK. */
const irregular = new Map([
  ["sky", "sky"],
  ["skies", "sky"],
  ["dying", "die"],
  ["lying", "lie"],
  ["tying", "tie"],
  ["news", "news"],
  ["innings", "inning"],
  ["inning", "inning"],
  ["outings", "outing"],
  ["outing", "outing"],
  ["cannings", "canning"],
  ["canning", "canning"],
  ["howe", "howe"],
  ["proceed", "proceed"],
  ["exceed", "exceed"],
  ["succeed", "succeed"],
]);

/** The stem of a word in lower case. */
export function porterStem(word: string): string {
  const known = irregular.get(word);
  if (known !== undefined) return known;
  if (word.length <= 2) return word;
  return [plural, pastAndGerund, finalY, doubleSuffixes, longSuffixes, shortSuffixes, finalE, doubleL].reduce(
    (stem, step) => step(stem),
    word,
  );
}

/** Which letters are consonants; y is one unless it follows one. */
function consonants(word: string): boolean[] {
  const flags: boolean[] = [];
  for (const letter of word) flags.push(letter === "y" ? !(flags.at(-1) ?? false) : !"aeiou".includes(letter));
  return flags;
}

/** m: how often a consonant follows a vowel. */
function measure(stem: string): number {
  const flags = consonants(stem);
  return flags.filter((consonant, at) => consonant && flags[at - 1] === false).length;
}

function endsWithDoubleConsonant(word: string): boolean {
  return word.length >= 2 && word.at(-1) === word.at(-2) && consonants(word).at(-1) === true;
}

/** Consonant, vowel, consonant other than w, x and y; of a word of two letters vowel and consonant. */
function endsShort(word: string): boolean {
  const flags = consonants(word);
  if (word.length === 2) return flags[0] === false && flags[1] === true;
  const [before, middle, last] = flags.slice(-3);
  return before === true && middle === false && last === true && !"wxy".includes(word.at(-1) ?? "");
}

type SuffixRule = readonly [suffix: string, replacement: string];

/** The first rule whose suffix the word has decides: it is replaced if the stem is right. */
function replaceSuffix(
  word: string,
  rules: readonly SuffixRule[],
  fits: (stem: string, suffix: string) => boolean,
): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (rule === undefined) return word;
  const [suffix, replacement] = rule;
  const stem = word.slice(0, word.length - suffix.length);
  return fits(stem, suffix) ? stem + replacement : word;
}

function plural(word: string): string {
  if (word.endsWith("ies") && word.length === 4) return `${word.slice(0, -3)}ie`;
  return replaceSuffix(
    word,
    [
      ["sses", "ss"],
      ["ies", "i"],
      ["ss", "ss"],
      ["s", ""],
    ],
    () => true,
  );
}

function pastAndGerund(word: string): string {
  if (word.endsWith("ied")) return word.slice(0, -3) + (word.length === 4 ? "ie" : "i");
  if (word.endsWith("eed")) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const suffix = ["ed", "ing"].find(
    (end) => word.endsWith(end) && consonants(word.slice(0, -end.length)).includes(false),
  );
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (endsWithDoubleConsonant(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

function finalY(word: string): string {
  const stem = word.slice(0, -1);
  return word.endsWith("y") && stem.length > 1 && consonants(stem).at(-1) === true ? `${stem}i` : word;
}

const doubleSuffixRules: readonly SuffixRule[] = [
  ["ational", "ate"],
  ["tional", "tion"],
  ["enci", "ence"],
  ["anci", "ance"],
  ["izer", "ize"],
  ["bli", "ble"],
  ["alli", "al"],
  ["entli", "ent"],
  ["eli", "e"],
  ["ousli", "ous"],
  ["ization", "ize"],
  ["ation", "ate"],
  ["ator", "ate"],
  ["alism", "al"],
  ["iveness", "ive"],
  ["fulness", "ful"],
  ["ousness", "ous"],
  ["aliti", "al"],
  ["iviti", "ive"],
  ["biliti", "ble"],
  ["fulli", "ful"],
  ["logi", "log"],
];

function doubleSuffixes(word: string): string {
  if (word.endsWith("alli") && measure(word.slice(0, -4)) > 0) return doubleSuffixes(word.slice(0, -2));
  return replaceSuffix(word, doubleSuffixRules, (stem, suffix) => measure(suffix === "logi" ? `${stem}l` : stem) > 0);
}

function longSuffixes(word: string): string {
  return replaceSuffix(
    word,
    [
      ["icate", "ic"],
      ["ative", ""],
      ["alize", "al"],
      ["iciti", "ic"],
      ["ical", "ic"],
      ["ful", ""],
      ["ness", ""],
    ],
    (stem) => measure(stem) > 0,
  );
}

const shortSuffixRules = (
  "al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize".split(" ") as readonly string[]
).map((suffix): SuffixRule => [suffix, ""]);

function shortSuffixes(word: string): string {
  return replaceSuffix(
    word,
    shortSuffixRules,
    (stem, suffix) => measure(stem) > 1 && (suffix !== "ion" || /[st]$/.test(stem)),
  );
}

function finalE(word: string): string {
  const stem = word.slice(0, -1);
  if (!word.endsWith("e")) return word;
  return measure(stem) > 1 || (measure(stem) === 1 && !endsShort(stem)) ? stem : word;
}

function doubleL(word: string): string {
  return word.endsWith("ll") && measure(word.slice(0, -1)) > 1 ? word.slice(0, -1) : word;
}
