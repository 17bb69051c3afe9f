/** Which parameters a run leaves as they are. */
import { ConfigurationError } from "../errors.ts";
import type { AnyModel } from "../models/index.ts";

export interface FreezingSettings {
  /** Patterns of parameters that are kept, separated by commas. */
  readonly freeze: string | null;
  /** Patterns of the only parameters that are trained, separated by commas. */
  readonly trainOnly: string | null;
}

function patternsOf(text: string): string[] {
  return text.split(",").map((pattern) => pattern.trim());
}

/** Freezes what the settings say. Throws a ConfigurationError for a pattern that means nothing in this model. */
export function freezeParameters(model: AnyModel, { freeze, trainOnly }: FreezingSettings): void {
  if (freeze !== null && trainOnly !== null) {
    throw new ConfigurationError("freeze and trainOnly contradict each other", {
      field: "freeze",
      expected: "one of them",
      received: "both",
    });
  }
  if (freeze !== null) model.freeze(...patternsOf(freeze));
  if (trainOnly === null) return;
  model.freeze(/^/);
  model.unfreeze(...patternsOf(trainOnly));
}
