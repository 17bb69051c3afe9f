/** Files that say that two weights are one and hold two: the reference then takes them as two, and so do we. */
import type { Weights } from "../checkpoints/index.ts";
import { elementCount } from "../checkpoints/weights.ts";
import { matchWeights, type WeightsTarget } from "./load-weights.ts";

/** The further names under which the file holds other values than under the name of the parameter that should be both. */
export async function differingTies(model: Omit<WeightsTarget, "store">, weights: Weights): Promise<readonly string[]> {
  const both = [...model.tied].filter(([alias]) => weights.tensors.has(alias));
  if (both.length === 0) return [];
  const { matched } = matchWeights(model, weights);
  const differing: string[] = [];
  for (const [alias, name] of both) {
    const stored = matched.get(name);
    if (stored !== undefined && stored !== alias && (await differ(weights, alias, stored))) differing.push(alias);
  }
  return differing;
}

async function differ(weights: Weights, one: string, other: string): Promise<boolean> {
  const [first, second] = [one, other].map((name) => weights.tensors.get(name)?.shape ?? []);
  if (String(first) !== String(second)) return true;
  const [left, right] = [one, other].map(() => new Float32Array(elementCount(first ?? []))) as [
    Float32Array,
    Float32Array,
  ];
  await weights.readFloat32(one, left);
  await weights.readFloat32(other, right);
  return left.some((value, index) => value !== right[index]);
}
