/** Continues prompts as the options say. */
import { DataError } from "../errors.ts";
import { Random } from "../random.ts";
import { beamSearch } from "./beam-search.ts";
import { type GenerationOptions, type GenerationSettings, planGeneration } from "./generation-settings.ts";
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
    const rows = await decodeTokenByToken(model, prompts, plan, drawing);
    return { sequences: padRight(rows, padToken ?? endTokens[0] ?? 0), scores: undefined };
  }
  const results = (await beamSearch(model, prompts, plan, drawing)).flat();
  // As in the reference, a padding token of number 0 counts as none here.
  const filler = padToken || (endTokens[0] ?? padToken ?? 0);
  return {
    sequences: padRight(
      results.map(({ ids }) => ids),
      filler,
    ),
    scores: results.map(({ score }) => score),
  };
}

function padRight(rows: readonly (readonly number[])[], filler: number): number[][] {
  const length = rows.reduce((most, row) => Math.max(most, row.length), 0);
  return rows.map((row) => [...row, ...Array.from({ length: length - row.length }, () => filler)]);
}
