/** What the demo's second part can learn: the text, and what is asked afterwards. */
export interface DemoLanguage {
  /** As `pretrain` names it. */
  readonly corpus: string;
  /** What is learned from what, after "A BERT learns". */
  readonly subject: string;
  /** What its tokens are, and what a person calls what is hidden. */
  readonly tokens: string;
  readonly hidden: string;
  /** Sentences made up for the demo, labelled as such where they are shown. */
  readonly probes: readonly string[];
  /** Whether a token that is followed by another is a whole word, fit to be hidden. */
  readonly isWord: (token: string, next: string | undefined) => boolean;
  /** Decoded text as it is printed. */
  readonly printed: (decoded: string) => string;
  /** What a reader of the fills should know. */
  readonly fillsNote: string;
  /** What to try, within double quotes. */
  readonly invitation: string;
}

export const languages = {
  en: {
    corpus: "brown",
    subject: "English from nothing: the Brown corpus, a million words printed in 1961",
    tokens: "word pieces",
    hidden: "words",
    probes: [
      "the united [MASK] of america",
      "he did [MASK] know what to do.",
      "she looked at [MASK] husband.",
      "in new [MASK] city",
      "it was the first [MASK] that he had seen her.",
    ],
    isWord: (token, next) => /^[a-z]{2,}$/.test(token) && !(next ?? "").startsWith("##"),
    printed: (decoded) => decoded,
    fillsNote: " (## goes on with a word)",
    invitation: "your own text with a [MASK] in it",
  },
  zh: {
    corpus: "song-ci",
    subject: "classical Chinese from nothing: 21,000 lyrics (宋词) of the Song dynasty, 960–1279",
    tokens: "characters",
    hidden: "characters",
    probes: [
      "今夜[MASK]明如水。",
      "东[MASK]吹落花。",
      "独倚阑[MASK]，望断归路。",
      "杨[MASK]千条。",
      "一片归[MASK]，几点寒鸦。",
    ],
    isWord: (token) => /^\p{Script=Han}$/u.test(token),
    printed: (decoded) => decoded.replaceAll(" ", ""),
    fillsNote: "",
    invitation: "明月[MASK]时有",
  },
} as const satisfies Record<string, DemoLanguage>;

export type DemoLanguageName = keyof typeof languages;
export const demoLanguageNames = Object.keys(languages) as readonly DemoLanguageName[];
