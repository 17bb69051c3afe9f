/** What a multiple-choice head reads: the context beside each choice, as for SWAG in Zellers et al. 2018. */

export interface ChoiceQuestion {
  readonly context: string;
  /** Stands before each choice. */
  readonly question?: string | undefined;
  readonly choices: readonly string[];
}

/** One pair of texts for each choice: the context, and the question with the choice. */
export function choicePairs({ context, question, choices }: ChoiceQuestion): { text: string; textPair: string }[] {
  const before = question === undefined || question === "" ? "" : `${question} `;
  return choices.map((choice) => ({ text: context, textPair: `${before}${choice}` }));
}
