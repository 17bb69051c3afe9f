/**
 * Which tensor of a file belongs to which parameter of a model. Published files differ in harmless ways: with or without
 * the base model's prefix, a tied weight under one of its names, names of 2018, buffers beside the parameters, heads that
 * are not wanted. This file knows the ways, and no model: prefix, ties and patterns are handed in.
 */
import { CheckpointError } from "../errors.ts";

/** A parameter that wants values. */
export interface WantedTensor {
  readonly shape: readonly number[];
}

export interface KeyMapOptions {
  /** What the base model's parameters begin with inside models with a head: "bert". */
  readonly basePrefix?: string;
  /** Tied names, as the model has them: alias → the parameter that stands for both. */
  readonly tied?: Readonly<Record<string, string>>;
  /** Old spellings: what matches is replaced, in this order. `publishedRenames` if absent. */
  readonly renames?: readonly (readonly [pattern: RegExp, replacement: string])[];
  /** Tensors that are no parameters, such as buffers: not read, not mentioned. */
  readonly ignore?: readonly RegExp[];
}

/** LayerNorm as TensorFlow names it, in files that were converted from there; the prefix of data-parallel training. */
export const publishedRenames: readonly (readonly [RegExp, string])[] = [
  [/^module\./, ""],
  [/(^|[._])LayerNorm\.gamma$/, "$1LayerNorm.weight"],
  [/(^|[._])LayerNorm\.beta$/, "$1LayerNorm.bias"],
];

export interface ShapeMismatch {
  /** The parameter. */
  readonly name: string;
  /** The tensor in the file. */
  readonly stored: string;
  readonly expected: readonly number[];
  readonly received: readonly number[];
}

export interface KeyMatch {
  /** Parameter → tensor in the file. */
  readonly matched: ReadonlyMap<string, string>;
  /** Parameters for which the file has nothing. */
  readonly missing: readonly string[];
  /** Tensors of the file that no parameter wants. */
  readonly unexpected: readonly string[];
  /** Parameters whose tensor has another shape; they are not in `matched`. */
  readonly shapeMismatch: readonly ShapeMismatch[];
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, index) => size === b[index]);
}

/** The names that a tensor may have in the model, the likeliest first. */
function possibleNames(name: string, { basePrefix, tied = {} }: KeyMapOptions): string[] {
  const names = [name];
  if (basePrefix !== undefined) {
    names.push(`${basePrefix}.${name}`);
    if (name.startsWith(`${basePrefix}.`)) names.push(name.slice(basePrefix.length + 1));
  }
  return [...names, ...names.flatMap((possible) => (Object.hasOwn(tied, possible) ? [tied[possible]!] : []))];
}

interface Claim {
  /** The tensor in the file. */
  readonly stored: string;
  /** The parameter that it is for. */
  readonly parameter: string;
  /** How many changes lead from one name to the other; 0 is the same name. */
  readonly distance: number;
}

function claimOf(stored: string, wanted: ReadonlyMap<string, WantedTensor>, options: KeyMapOptions): Claim | undefined {
  const renames = options.renames ?? publishedRenames;
  const renamed = renames.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement), stored);
  const names = possibleNames(renamed, options);
  const index = names.findIndex((name) => wanted.has(name));
  return index < 0
    ? undefined
    : { stored, parameter: names[index]!, distance: 2 * index + (renamed === stored ? 0 : 1) };
}

/**
 * Matches the tensors of a file with the parameters of a model.
 *
 * The exact name wins; then the name with or without the base prefix; then the other name of a tied weight. A tied weight
 * that stands in the file under both names is read once.
 *
 * @param stored the tensors of the file with their shapes.
 * @param wanted the parameters of the model with theirs.
 */
export function matchKeys(
  stored: ReadonlyMap<string, WantedTensor>,
  wanted: ReadonlyMap<string, WantedTensor>,
  options: KeyMapOptions = {},
): KeyMatch {
  const standsForTwo = new Set(Object.values(options.tied ?? {}));
  const claims = new Map<string, Claim>();
  const unexpected: string[] = [];
  for (const name of stored.keys()) {
    if (options.ignore?.some((pattern) => pattern.test(name))) continue;
    const claim = claimOf(name, wanted, options);
    const rival = claim && claims.get(claim.parameter);
    const wins = claim !== undefined && claim.distance < (rival?.distance ?? Number.POSITIVE_INFINITY);
    if (wins) claims.set(claim.parameter, claim);
    const loser = wins ? rival?.stored : name;
    // The second name of a tied weight is no surprise.
    if (loser !== undefined && !(claim && standsForTwo.has(claim.parameter))) unexpected.push(loser);
  }

  const matched = new Map<string, string>();
  const shapeMismatch: ShapeMismatch[] = [];
  for (const [name, { shape: expected }] of wanted) {
    const source = claims.get(name)?.stored;
    if (source === undefined) continue;
    const received = stored.get(source)!.shape;
    if (sameShape(expected, received)) matched.set(name, source);
    else shapeMismatch.push({ name, stored: source, expected, received });
  }
  return { matched, missing: [...wanted.keys()].filter((name) => !claims.has(name)), unexpected, shapeMismatch };
}

/** At most a handful of names; the rest is counted. */
function listed(names: readonly string[]): string {
  const few = names.slice(0, 4).join(", ");
  return names.length > 4 ? `${few} and ${names.length - 4} more` : few;
}

/** What a person should know about an incomplete match, as one text; undefined if all parameters and tensors met. */
export function describeMatch({ missing, unexpected }: KeyMatch, file: string): string | undefined {
  const parts: string[] = [];
  if (missing.length > 0) {
    parts.push(`not in the file, so newly drawn: ${listed(missing)}. Train the model before you use these.`);
  }
  if (unexpected.length > 0) parts.push(`in the file, but not part of this model: ${listed(unexpected)}.`);
  return parts.length === 0 ? undefined : `${file}: ${parts.join(" ")}`;
}

/**
 * Refuses a match that cannot be meant: no parameter found, or one of another shape.
 *
 * @throws CheckpointError
 */
export function requireFit(match: KeyMatch, file: string): void {
  const [wrong] = match.shapeMismatch;
  if (wrong) {
    throw new CheckpointError(`${file}: ${wrong.stored} has another shape than the model's ${wrong.name}.`, {
      file,
      field: wrong.stored,
      expected: `[${wrong.expected.join(", ")}]`,
      received: `[${wrong.received.join(", ")}]`,
      hint: "Check that config.json belongs to these weights.",
    });
  }
  if (match.matched.size > 0 || match.missing.length === 0) return;
  throw new CheckpointError(`${file} holds no parameter of this model.`, {
    file,
    expected: listed(match.missing),
    received: match.unexpected.length === 0 ? "no tensors" : listed(match.unexpected),
    hint: "Check that the weights are of this architecture.",
  });
}

/**
 * Refuses a match that is not whole: a parameter without a tensor, or a tensor without a parameter.
 *
 * @throws CheckpointError
 */
export function requireAll(match: KeyMatch, file: string): void {
  const { missing, unexpected } = match;
  const text = describeMatch(match, file);
  if (text === undefined) return;
  throw new CheckpointError(text, {
    file,
    field: missing[0] ?? unexpected[0],
    expected: "every parameter of the model, and nothing else",
    received: `${missing.length} missing, ${unexpected.length} left over`,
    hint: "Load it without `strict`, or with the class that was saved.",
  });
}
