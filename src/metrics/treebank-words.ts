/**
 * English words in the manner of the Penn Treebank, as NLTK's word tokenizer cuts them: punctuation and clitics apart.
 *
 * The rules are sed scripts by Robert MacIntyre (1995); each is a pattern and what takes its place.
 */

const WORD = "[\\p{L}\\p{N}_]";

type Rule = readonly [pattern: RegExp, replacement: string];

const startingQuotes: readonly Rule[] = [
  [/[«“‘„]|`+/gu, " $& "],
  [/^"/gu, "``"],
  [/``/gu, " $& "],
  [/([ ([{<])("|'{2})/gu, "$1 `` "],
  [new RegExp(`(?<!${WORD})'(?!(?:re|ve|ll|m|t|s|d|n)(?!${WORD}))(?=${WORD})`, "giu"), "$& "],
];

const punctuation: readonly Rule[] = [
  [/([^.])(\.)([\])}>"'»”’ ]*)\s*$/gu, "$1 $2 $3 "],
  [/([:,])([^\p{Nd}])/gu, " $1 $2"],
  [/[:,]$/gu, " $& "],
  [/\.{2,}/gu, " $& "],
  [/[;@#$%&]/gu, " $& "],
  [/[\u2012-\u2015]/gu, " $& "],
  [/([^.])(\.)([\])}>"']*)\s*$/gu, "$1 $2$3 "],
  [/[?!]/gu, " $& "],
  [/([^'])' /gu, "$1 ' "],
  [/\*/gu, " $& "],
  [/[\][(){}<>]/gu, " $& "],
  [/--/gu, " $& "],
];

const endingQuotes: readonly Rule[] = [
  [/[»”’]/gu, " $& "],
  [/''/gu, " '' "],
  [/"/gu, " '' "],
  [/\s+/gu, " "],
  [/([^' ])('[sS]|'[mM]|'[dD]|') /gu, "$1 $2 "],
  [/([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) /gu, "$1 $2 "],
];

/** Words that are two: cannot, d'ye, gimme, …; of wanna only before a space. */
const contractions: readonly Rule[] = [
  ...["can|not", "d|'ye", "gim|me", "gon|na", "got|ta", "lem|me", "more|'n"].map(
    (parts): Rule => [contraction(parts, `(?!${WORD})`), " $1 $2 "],
  ),
  [contraction("wan|na", "(?=\\s)"), " $1 $2 "],
  [new RegExp(` ('t)(is|was)(?!${WORD})`, "giu"), " $1 $2 "],
];

function contraction(parts: string, after: string): RegExp {
  const [first, second] = parts.split("|");
  return new RegExp(`(?<!${WORD})(${first})(${second})${after}`, "giu");
}

function rewritten(text: string, rules: readonly Rule[]): string {
  return rules.reduce((sofar, [pattern, replacement]) => sofar.replace(pattern, replacement), text);
}

/** The words of a sentence. */
export function treebankWords(sentence: string): string[] {
  const padded = ` ${rewritten(rewritten(sentence, startingQuotes), punctuation)} `;
  return rewritten(rewritten(padded, endingQuotes), contractions)
    .split(/\s+/)
    .filter((word) => word !== "");
}
