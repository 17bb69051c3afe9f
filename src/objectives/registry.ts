/** The objectives by the names of the command line; none is loaded before it is asked for. */
import type { SpecialTokens } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import { nearestName } from "../platform/option-names.ts";
import type { CausalLanguageModelingOptions } from "./causal-language-modeling.ts";
import type { MaskingOptions } from "./masked-language-modeling.ts";
import type { Objective } from "./objective.ts";
import type { PairObjective } from "./sentence-pair-objective.ts";

export interface ObjectiveOptions {
  masking?: MaskingOptions;
  causal?: CausalLanguageModelingOptions;
  /** Of pairs of segments: share of rows whose target is a random shorter length; 0.1. */
  shortSequenceProbability?: number;
}

type Loader<O> = (tokens: SpecialTokens, options: ObjectiveOptions) => Promise<O>;

const MASKED = "masked-language-modeling";

// biome-ignore lint/suspicious/noExplicitAny: each objective asks something else of its model; the trainer brings the two together.
const alone: Record<string, Loader<Objective<any>>> = {
  [MASKED]: async (tokens, { masking }) =>
    (await import("./masked-language-modeling.ts")).maskedLanguageModeling(tokens, masking),
  "causal-language-modeling": async (tokens, { causal }) =>
    (await import("./causal-language-modeling.ts")).causalLanguageModeling(tokens, causal),
};

const pairs: Record<string, Loader<PairObjective>> = {
  "next-sentence-prediction": async (tokens, options) =>
    (await import("./next-sentence-prediction.ts")).nextSentencePrediction(tokens, pairOptions(options)),
  "three-class-next-sentence-prediction": async (tokens, options) =>
    (await import("./next-sentence-prediction.ts")).threeClassNextSentencePrediction(tokens, pairOptions(options)),
  "sentence-order-prediction": async (tokens, options) =>
    (await import("./sentence-order-prediction.ts")).sentenceOrderPrediction(tokens, pairOptions(options)),
};

function pairOptions({ shortSequenceProbability }: ObjectiveOptions) {
  return shortSequenceProbability === undefined ? {} : { shortSequenceProbability };
}

/** Every name that `loadObjective` knows; one of pairs can follow `masked-language-modeling+`. */
export const objectiveNames: readonly string[] = [...Object.keys(alone), ...Object.keys(pairs)];

/** The names of the objectives on pairs of segments. */
export const pairObjectiveNames: readonly string[] = Object.keys(pairs);

/**
 * The objective of this name: one, or `masked-language-modeling` and one on pairs joined by `+`, in either order.
 *
 * @throws ConfigurationError for other names and combinations.
 */
export async function loadObjective(
  name: string,
  tokens: SpecialTokens,
  options: ObjectiveOptions = {},
  // biome-ignore lint/suspicious/noExplicitAny: see above.
): Promise<Objective<any>> {
  const parts = name.split("+").map((part) => part.trim());
  for (const part of parts) checkName(part);
  const [first, second] = parts.toSorted((a, b) => Number(b === MASKED) - Number(a === MASKED)) as [string, string?];
  if (second === undefined) return await (alone[first] ?? (pairs[first] as Loader<PairObjective>))(tokens, options);
  const loadPair = pairs[second];
  if (parts.length > 2 || first !== MASKED || loadPair === undefined) {
    throw new ConfigurationError(`These objectives cannot be joined: ${name}.`, {
      field: "objective",
      expected: `${MASKED} and one of ${pairObjectiveNames.join(", ")}`,
      received: name,
      hint: `For example: --objective ${MASKED}+next-sentence-prediction.`,
    });
  }
  const { maskedLanguageModelingWith } = await import("./joint-objective.ts");
  return maskedLanguageModelingWith(await loadPair(tokens, options), tokens, options.masking);
}

function checkName(name: string): void {
  if (objectiveNames.includes(name)) return;
  const nearest = nearestName(name, objectiveNames);
  throw new ConfigurationError(`There is no objective called ${name === "" ? "(nothing)" : name}.`, {
    field: "objective",
    expected: objectiveNames.join(", "),
    received: name,
    hint: nearest === undefined ? "Choose one of these names, or two joined by +." : `Did you mean ${nearest}?`,
  });
}
