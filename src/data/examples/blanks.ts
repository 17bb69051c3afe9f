/** Blanks in the texts of cloze tasks. */

/** What a blank looks like: `[MASK]`, `<mask>`, or two and more underscores. */
export const BLANK = /\[MASK\]|<mask>|_{2,}/g;
