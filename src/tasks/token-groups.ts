/**
 * From scores of tokens to entities with their places in the text, equal to the token-classification pipeline of
 * transformers 5: token by token, or neighbours with one label together, by the schemes of Ramshaw and Marcus 1995,
 * https://arxiv.org/abs/cmp-lg/9505040 (`B-` begins an entity, `I-` goes on with it).
 */
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";

/**
 * `none`: each token for itself. `simple`: neighbouring tokens with one label together. The others give the tokens of a
 * word one label first: that of the `first` token, of their `average` scores, or of the token with the `max` score.
 */
export const aggregationStrategies = ["none", "simple", "first", "average", "max"] as const;
export type AggregationStrategy = (typeof aggregationStrategies)[number];

/** What all entities have. */
interface Place {
  /** Probability from 0 to 1; of several tokens, the mean. */
  score: number;
  /** As the tokenizer spells it; the text itself is `text.slice(start, end)`. */
  word: string;
  /** UTF-16 units of the text: the first, and the one after the last. */
  start: number;
  end: number;
}

/** A token, without aggregation. */
export interface TokenEntity extends Place {
  entity: string;
  /** Its place among the tokens of its window, special ones counted. */
  index: number;
}

/** Tokens that go together. */
export interface EntityGroup extends Place {
  /** The label without `B-` or `I-`. */
  entityGroup: string;
}

export type Entity = TokenEntity | EntityGroup;

/** What a model says of one window of T tokens. */
export interface LabelledWindow {
  readonly window: EncodedArrays;
  /** Probabilities of the C classes for each token, [T][C]. */
  readonly scores: readonly ArrayLike<number>[];
}

export interface AggregationOptions {
  readonly aggregationStrategy: AggregationStrategy;
  /** Entities with these labels are left out. */
  readonly ignoreLabels: readonly string[];
  /** The name of a class. */
  readonly labelOf: (id: number) => string;
}

/** A token before it has a label. */
interface ScoredToken extends Place {
  readonly scores: ArrayLike<number>;
  readonly index: number;
  readonly isSubword: boolean;
}

/** A token or a word with its label. */
type Labelled = Place & { readonly entity: string };

/** The entities of a text, whose windows may overlap: of those that do, the longest one stays, or the surer one. */
export function groupTokens(
  text: string,
  windows: readonly LabelledWindow[],
  tokenizer: Tokenizer,
  options: AggregationOptions,
): Entity[] {
  const entities = windows.flatMap((window) => {
    const tokens = scoredTokens(text, window, tokenizer);
    return aggregate(tokens, tokenizer, options).filter(
      (entity) => !options.ignoreLabels.includes("entity" in entity ? entity.entity : entity.entityGroup),
    );
  });
  return windows.length > 1 ? withoutOverlaps(entities) : entities;
}

function scoredTokens(text: string, { window, scores }: LabelledWindow, tokenizer: Tokenizer): ScoredToken[] {
  const { tokens, inputIds, offsetMapping = [], specialTokensMask = [] } = window;
  const marksSubwords = (tokenizer.pipeline.model.continuingSubwordPrefix ?? "") !== "";
  return tokens.flatMap((token, index) => {
    if (specialTokensMask[index] === 1) return [];
    const [start, end] = offsetMapping[index] ?? [0, 0];
    const spelled = text.slice(start, end);
    const isUnknown = inputIds[index] === tokenizer.unkTokenId;
    // Tokens such as `##ing` are longer than what they stand for; of others only spaces tell.
    const isLonger = marksSubwords
      ? [...token].length !== [...spelled].length
      : start > 0 && !text.slice(start - 1, start + 1).includes(" ");
    const place = { start, end, word: isUnknown ? spelled : token };
    return [{ ...place, score: 0, scores: scores[index] ?? [], index, isSubword: !isUnknown && isLonger }];
  });
}

function aggregate(
  tokens: readonly ScoredToken[],
  tokenizer: Tokenizer,
  { aggregationStrategy: strategy, labelOf }: AggregationOptions,
): Entity[] {
  const labelled = (place: Place, scores: ArrayLike<number>): Labelled => {
    const best = indexOfLargest(scores);
    return { entity: labelOf(best), score: scores[best] ?? 0, word: place.word, start: place.start, end: place.end };
  };
  if (strategy === "none" || strategy === "simple") {
    const entities = tokens.map((token) => ({ ...labelled(token, token.scores), index: token.index }));
    return strategy === "none" ? entities : groupEntities(entities, tokenizer);
  }
  const words = wordsOf(tokens).map((word) => labelled(spanOf(word, tokenizer), wordScores(word, strategy)));
  return groupEntities(words, tokenizer);
}

/** Tokens that are not subwords each begin a word. */
function wordsOf(tokens: readonly ScoredToken[]): ScoredToken[][] {
  const words: ScoredToken[][] = [];
  for (const token of tokens) {
    const last = words.at(-1);
    if (last !== undefined && token.isSubword) last.push(token);
    else words.push([token]);
  }
  return words;
}

/** The scores that stand for all tokens of a word. */
function wordScores(word: readonly ScoredToken[], strategy: "first" | "average" | "max"): ArrayLike<number> {
  const all = word.map(({ scores }) => scores);
  const first = all[0] ?? [];
  if (strategy === "first") return first;
  if (strategy === "average") {
    return Array.from(first, (_, id) => all.reduce((sum, scores) => sum + (scores[id] as number), 0) / all.length);
  }
  const highest = (scores: ArrayLike<number>): number => scores[indexOfLargest(scores)] as number;
  return all.reduce((best, scores) => (highest(scores) > highest(best) ? scores : best), first);
}

/** Neighbours with one label, unless a `B-` begins another entity. */
function groupEntities(entities: readonly Labelled[], tokenizer: Tokenizer): EntityGroup[] {
  const groups: Labelled[][] = [];
  for (const entity of entities) {
    const last = groups.at(-1);
    const goesOn = last !== undefined && tagOf(last.at(-1) as Labelled) === tagOf(entity);
    if (goesOn && !entity.entity.startsWith("B-")) last.push(entity);
    else groups.push([entity]);
  }
  return groups.map((group) => {
    const score = group.reduce((sum, each) => sum + each.score, 0) / group.length;
    const { word, start, end } = spanOf(group, tokenizer);
    const [first = ""] = group.map(({ entity }) => entity);
    // Whatever stands before the first hyphen, as in the reference.
    return { entityGroup: first.slice(first.indexOf("-") + 1), score, word, start, end };
  });
}

function tagOf({ entity }: Labelled): string {
  return /^[BI]-/.test(entity) ? entity.slice(2) : entity;
}

/** From the first to the last, spelled as one text. */
function spanOf(parts: readonly Place[], { pipeline }: Tokenizer): Place {
  const words = parts.map(({ word }) => word);
  const word = pipeline.decoder === undefined ? words.join(" ") : pipeline.decoder.decode(words).join("");
  return { score: 0, word, start: parts[0]?.start ?? 0, end: parts.at(-1)?.end ?? 0 };
}

function withoutOverlaps(entities: readonly Entity[]): Entity[] {
  const kept: Entity[] = [];
  for (const entity of [...entities].sort((a, b) => a.start - b.start)) {
    const last = kept.at(-1);
    if (last === undefined || entity.start >= last.end) {
      kept.push(entity);
      continue;
    }
    const longer = entity.end - entity.start - (last.end - last.start);
    if (longer > 0 || (longer === 0 && entity.score > last.score)) kept[kept.length - 1] = entity;
  }
  return kept;
}

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) > (values[best] as number)) best = index;
  }
  return best;
}
