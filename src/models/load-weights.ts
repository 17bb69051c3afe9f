/** A checkpoint's tensors into a model's memory, whatever harmless ways their names differ in. */
import { type KeyMatch, matchKeys, requireAll, requireFit, type Weights } from "../checkpoints/index.ts";
import type { Parameter } from "../graph/index.ts";
import type { ParameterStore } from "../nn/index.ts";
import type { Random } from "../random.ts";
import type { KeyTable } from "./keys.ts";
import { partsExpression } from "./parameter-patterns.ts";

/** What is needed of a model to fill it. */
export interface WeightsTarget {
  readonly store: ParameterStore;
  readonly keys: KeyTable;
  /** By published name. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Further names of tied parameters, with the one under which each is stored. */
  readonly tied: ReadonlyMap<string, string>;
}

interface LoadingOptions {
  readonly random: Random;
  readonly strict: boolean;
  /** Pairs of names that usually mean one parameter: where the file lacks one of them, the other is taken. */
  readonly ties: ReadonlyMap<string, string>;
}

/**
 * Leaves the values in the file where they can stay there, and reads them straight into the place where they live where
 * not. What the file lacks is drawn anew, each parameter from a stream of its own name.
 *
 * @returns which tensor each parameter got, which parameters the file lacks, and what the model has no use for.
 * @throws CheckpointError if the file does not fit the model, or is not exactly what it wants if that is asked for.
 */
export async function loadWeights(
  model: WeightsTarget,
  weights: Weights,
  { random, strict, ties }: LoadingOptions,
): Promise<KeyMatch> {
  const { store, parameters } = model;
  const found = matchWeights(model, weights);
  const matched = new Map(found.matched);
  const others = new Map([...ties].flatMap(([alias, name]) => [[alias, name] as const, [name, alias] as const]));
  for (const name of found.missing) {
    const stored = found.matched.get(others.get(name) ?? "");
    if (stored !== undefined) matched.set(name, stored);
  }
  const match = { ...found, matched, missing: found.missing.filter((name) => !matched.has(name)) };
  requireFit(match, weights.file);
  if (strict) requireAll(match, weights.file);
  const placeOf = weights.keepOpen?.();
  for (const [name, stored] of match.matched) {
    const parameter = parameters.get(name) as Parameter;
    const place = placeOf?.(stored);
    if (place === undefined) await weights.readFloat32(stored, store.peek(parameter));
    else store.leaveInFile(parameter, place);
  }
  const missing = match.missing.map((name) => parameters.get(name) as Parameter);
  store.initialize(random, missing);
  return match;
}

/** Which tensor of the file is which parameter. */
export function matchWeights({ keys, parameters, tied }: Omit<WeightsTarget, "store">, weights: Weights): KeyMatch {
  return matchKeys(weights.tensors, parameters, {
    basePrefix: keys.prefix,
    tied: Object.fromEntries(tied),
    ignore: keys.ignored.map(namePattern),
  });
}

/** Fits a name, with or without a prefix, where `*` stands for one part. */
export function namePattern(name: string): RegExp {
  return new RegExp(`(^|\\.)${partsExpression(name)}$`);
}
