/** Continues prompts as the options say. */
import { DataError } from "../errors.ts";
import { Random } from "../random.ts";
import { beamSearch } from "./beam-search.ts";
import { constrainedBeamSearch } from "./constrained-beam-search.ts";
import { contrastiveSearch } from "./contrastive-search.ts";
import { diverseBeamSearch } from "./diverse-beam-search.ts";
import {
  type GenerationOptions,
  type GenerationPlan,
  type GenerationSettings,
  planGeneration,
} from "./generation-settings.ts";
import type { NextTokenModel, Prompts } from "./next-token-model.ts";
import { decodeTokenByToken } from "./token-by-token.ts";

export interface Generated {
  /** Prompts and what follows, all of one length: padded on the right. The continuations of one prompt side by side. */
  readonly sequences: readonly (readonly number[])[];
  /** Summed log-probability over length^lengthPenalty of each; with beams only. */
  readonly scores: readonly number[] | undefined;
}

/**
 * Continues prompts.
 *
 * @param own what the model's folder says; the options come before it.
 * @throws ConfigurationError for options that cannot be met, ShapeError for a prompt that leaves no room.
 */
export async function generateTokens(
  model: NextTokenModel,
  prompts: Prompts,
  options: GenerationOptions,
  own: GenerationSettings = {},
): Promise<Generated> {
  const length = prompts.ids[0]?.length ?? 0;
  if (length === 0) throw new DataError("there is no prompt to go on from", { field: "inputIds" });
  const plan = planGeneration(options, own, { length, maximumLength: model.maximumLength });
  const drawing = { ...options, random: options.random ?? new Random(0) };
  const { padToken, endTokens } = plan;
  if (plan.beams === 1) {
    const decode = plan.penaltyAlpha > 0 ? contrastiveSearch : decodeTokenByToken;
    const rows = await decode(model, prompts, plan, drawing);
    return { sequences: padRight(rows, padToken ?? endTokens[0] ?? 0), scores: undefined };
  }
  const results = (await searchOf(plan)(model, prompts, plan, drawing)).flat();
  const rows = results.map(({ ids }) => ids);
  return { sequences: padRight(rows, fillerOf(plan)), scores: results.map(({ score }) => score) };
}

function searchOf({ requiredWords, beamGroups }: GenerationPlan): typeof beamSearch {
  if (requiredWords.length > 0) return constrainedBeamSearch;
  return beamGroups > 1 ? diverseBeamSearch : beamSearch;
}

/** As in the reference, a padding token of number 0 counts as none after a plain beam search. */
function fillerOf({ padToken, endTokens, requiredWords, beamGroups }: GenerationPlan): number {
  const isPlain = requiredWords.length === 0 && beamGroups === 1;
  const end = endTokens[0] ?? padToken ?? 0;
  return isPlain ? padToken || end : (padToken ?? end);
}

function padRight(rows: readonly (readonly number[])[], filler: number): number[][] {
  const length = rows.reduce((most, row) => Math.max(most, row.length), 0);
  return rows.map((row) => [...row, ...Array.from({ length: length - row.length }, () => filler)]);
}
