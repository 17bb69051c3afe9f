import { specialToken } from "../added-vocabulary.ts";
import { SPECIAL_TOKEN_NAMES, type SpecialTokenMap } from "../tokenizer-classes.ts";
import type { TokenizerConfig } from "../tokenizer-config.ts";

export interface TrainedSettings {
  readonly specialTokens: SpecialTokenMap;
  readonly additionalSpecialTokens: readonly string[];
  readonly modelMaxLength: number;
  readonly cleanUpTokenizationSpaces: boolean;
  readonly modelInputNames: readonly string[];
  readonly rest: Readonly<Record<string, unknown>>;
}

/** The settings of a tokenizer that was just trained, so that it is saved as one of the published classes. */
export function trainedConfig(tokenizerClass: string, settings: TrainedSettings): TokenizerConfig {
  const { specialTokens, additionalSpecialTokens, ...rest } = settings;
  const named = SPECIAL_TOKEN_NAMES.flatMap((name) => {
    const token = specialTokens[name];
    return token === undefined ? [] : [[name, specialToken(token, { lstrip: token === "<mask>" })] as const];
  });
  return {
    tokenizerClass,
    specialTokens: new Map(named),
    additionalSpecialTokens: additionalSpecialTokens.map((token) => specialToken(token)),
    paddingSide: "right",
    truncationSide: "right",
    padTokenTypeId: 0,
    addedTokens: new Map(),
    ...rest,
  };
}
