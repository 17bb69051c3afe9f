/** Hypotheses and their references, as the translation metrics take them. */
import { DataError } from "../errors.ts";

/**
 * Of each reference translator the whole list, in the order of the hypotheses; null where there is none for a sentence.
 */
export type ReferenceLists = readonly (readonly (string | null)[])[];

/** The references of each hypothesis, those that are null left out. */
export function referencesOf(hypotheses: readonly string[], references: ReferenceLists): string[][] {
  if (references.length === 0) {
    throw new DataError("There are no references.", { field: "references", expected: "at least one list" });
  }
  for (const list of references) {
    if (list.length === hypotheses.length) continue;
    throw new DataError(`There are ${list.length} references for ${hypotheses.length} hypotheses.`, {
      field: "references",
      expected: `${hypotheses.length}, one for each; null where there is none`,
      received: String(list.length),
    });
  }
  return hypotheses.map((_, at) => {
    const own = references.map((list) => list[at]).filter((text) => typeof text === "string");
    if (own.length > 0) return own;
    throw new DataError(`Hypothesis ${at} has no reference.`, { field: `references[…][${at}]`, expected: "a text" });
  });
}
