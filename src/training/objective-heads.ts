/** Which head of a model an objective is about. */
import { ConfigurationError } from "../errors.ts";
import type { Architecture, ModelTask, PreTrainedConfig } from "../models/index.ts";

const threeClasses = "three-class-next-sentence-prediction";

function partsOf(objective: string): readonly string[] {
  return objective.split("+").map((part) => part.trim());
}

/** The class that an objective takes. Throws a ConfigurationError for pairs where the architecture has no head for them. */
export function headOf(objective: string, architecture: Architecture): ModelTask {
  const parts = partsOf(objective);
  if (parts.length > 1) requirePairHead(architecture, objective);
  if (parts.includes(threeClasses)) return "threeClassPreTraining";
  if (parts.length > 1) return "preTraining";
  if (parts[0] === "masked-language-modeling") return "maskedLM";
  if (parts[0] === "causal-language-modeling") return "causalLM";
  if (architecture.tasks.nextSentencePrediction !== undefined) return "nextSentencePrediction";
  requirePairHead(architecture, objective);
  return "preTraining";
}

/** Where the class for pretraining is also that for tokens alone, it has no head for pairs. */
function requirePairHead({ tasks, configuration }: Architecture, objective: string): void {
  if (tasks.preTraining !== tasks.maskedLM && tasks.preTraining !== tasks.causalLM) return;
  throw new ConfigurationError(`${configuration.modelType} has no head for pairs of segments.`, {
    field: "objective",
    expected: "masked-language-modeling or causal-language-modeling alone",
    received: objective,
    hint: "choose bert or albert as the architecture for pairs",
  });
}

/** Throws a ConfigurationError for an objective that is there only beside another one. */
export function requireTrainable(objective: string): void {
  const parts = partsOf(objective);
  if (parts.length > 1 || parts[0] !== threeClasses) return;
  throw new ConfigurationError(`${threeClasses} is not trained alone`, {
    field: "objective",
    expected: `masked-language-modeling+${threeClasses}`,
    received: objective,
    hint: "its head is stored beside a masked language model's, so train both",
  });
}

/** A model that sees later tokens would only copy them. */
export function requireCausal(
  config: PreTrainedConfig,
  { isCausal = () => true }: Architecture,
  folder: string | null,
): void {
  if (isCausal(config)) return;
  throw new ConfigurationError(`In the model of ${folder} a token sees those after it.`, {
    field: "is_decoder",
    expected: "true",
    received: "false",
    hint: "set is_decoder to true in its config.json, or choose another objective",
  });
}
