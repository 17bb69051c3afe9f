/**
 * A parse as labels of words, and back.
 *
 * Paper: Strzyz, Vilares and Gómez-Rodríguez 2019, "Viable Dependency Parsing as Sequence Labeling",
 * https://arxiv.org/abs/1902.10505, §3: where a word's head stands is told by its part of speech, as the second verb to the
 * left (`-2@VERB`) or the next noun to the right (`+1@NOUN`), their relative PoS-based encoding; without parts of speech by
 * how many words lie between (`+2`), their relative positional encoding. The word at the root has `root`.
 */
import { DataError } from "../errors.ts";
import type { PreTrainedConfig } from "../models/index.ts";
import { ClassNames } from "./class-names.ts";
import { bestTree } from "./spanning-tree.ts";

/** What each word is told: three labels. Those that do not apply have no classes. */
const groups = { head: "head:", relation: "relation:", partOfSpeech: "pos:" } as const;
export type LabelGroup = keyof typeof groups;

export interface LabelledParse {
  /** For each word the number of its head, counted from 1; 0 is the root. */
  readonly heads: readonly number[];
  readonly relations: readonly string[];
  readonly partsOfSpeech?: readonly string[] | undefined;
}

/** The names of the classes that tell a parse. */
export function parseLabels({ heads, relations, partsOfSpeech }: LabelledParse, withTags: boolean): string[] {
  const tags = withTags ? partsOfSpeech : undefined;
  return [
    ...headLabels(heads, tags).map((label) => groups.head + label),
    ...relations.map((label) => groups.relation + label),
    ...(tags ?? []).map((label) => groups.partOfSpeech + label),
  ];
}

/** Of each word where its head stands. */
export function headLabels(heads: readonly number[], tags: readonly string[] | undefined): string[] {
  return heads.map((head, word) => (head === 0 ? "root" : headLabel(word, head - 1, tags)));
}

/** Where `head` stands from `word`, both counted from 0. */
function headLabel(word: number, head: number, tags: readonly string[] | undefined): string {
  const [sign, step] = head > word ? ["+", 1] : ["-", -1];
  if (tags === undefined) return `${sign}${Math.abs(head - word)}`;
  let count = 0;
  for (let at = word + (step as number); at !== head + (step as number); at += step as number) {
    if (tags[at] === tags[head]) count++;
  }
  return `${sign}${count}@${tags[head]}`;
}

/** A group's classes: names without the group's, and their place among all classes. */
export interface LabelClasses {
  readonly start: number;
  readonly names: readonly string[];
  readonly idOf: ReadonlyMap<string, number>;
}

/** The groups of a model's classes. Throws a DataError for a model whose classes do not tell parses. */
export function labelGroups(config: PreTrainedConfig): Readonly<Record<LabelGroup, LabelClasses>> {
  const { names } = new ClassNames(config);
  const classesOf = (prefix: string): LabelClasses => {
    const own = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    const start = Math.max(0, names.indexOf(prefix + own[0]));
    return { start, names: own, idOf: new Map(own.map((name, id) => [name, id])) };
  };
  const found = {
    head: classesOf(groups.head),
    relation: classesOf(groups.relation),
    partOfSpeech: classesOf(groups.partOfSpeech),
  };
  const known = Object.values(found).reduce((sum, { names: own }) => sum + own.length, 0);
  if (known === names.length && found.head.names.length > 0 && found.relation.names.length > 0) return found;
  throw new DataError("The model was not trained for dependency-parsing.", {
    field: "id2label",
    expected: "classes such as head:+1@NOUN, relation:nsubj and pos:NOUN",
    received: names.slice(0, 3).join(", "),
    hint: "Fine-tune a model for it first: cloze finetune dependency-parsing.",
  });
}

/** What a model says of a word: the logarithms of the probabilities of each group's classes. */
export type WordScores = Readonly<Record<LabelGroup, Float64Array>>;

/** A sentence of N words read by a model. */
export interface PredictedParse {
  readonly heads: readonly number[];
  readonly relations: readonly string[];
  readonly partsOfSpeech?: readonly string[];
  /** [N]: how likely the model takes each word's head and relation to be, from 0 to 1. */
  readonly scores: readonly number[];
}

/** Worse than any label's. */
const unheardOf = -1000;

/**
 * The best tree that labels of words can mean: each word's part of speech first, then of each word how likely every other
 * is its head by the one label that would say so, then the tree with the best sum, which has exactly one root and no
 * cycles. Words without scores, such as lone control characters, go wherever the tree has them.
 */
export function readParse(
  words: readonly (WordScores | undefined)[],
  classes: Readonly<Record<LabelGroup, LabelClasses>>,
): PredictedParse {
  const { head: encodings, relation, partOfSpeech } = classes;
  const best = (group: LabelClasses, scores: Float64Array | undefined, but?: string): string => {
    let found = -1;
    for (const [id, name] of group.names.entries()) {
      if (name !== but && (found < 0 || (scores?.[id] ?? 0) > (scores?.[found] ?? 0))) found = id;
    }
    return group.names[found] ?? "";
  };
  const tags =
    partOfSpeech.names.length === 0 ? undefined : words.map((word) => best(partOfSpeech, word?.partOfSpeech));
  const scoreOf = (word: number, label: string): number =>
    words[word]?.head[encodings.idOf.get(label) ?? -1] ?? unheardOf;
  const scores = words.map((_, word) => [scoreOf(word, "root"), ...words.map(() => unheardOf)]);
  for (const [word, row] of scores.entries()) {
    for (const step of [1, -1]) {
      const counts = new Map<string, number>();
      for (let head = word + step; head >= 0 && head < words.length; head += step) {
        const tag = tags?.[head] ?? "";
        const count = (counts.get(tag) ?? 0) + 1;
        counts.set(tag, count);
        row[head + 1] = scoreOf(word, `${step > 0 ? "+" : "-"}${count}${tags === undefined ? "" : `@${tag}`}`);
      }
    }
  }
  const heads = bestTree(scores);
  // The word at the root, and no other, has the relation of that name, where there is one.
  const relations = heads.map((head, word) =>
    head === 0 && relation.idOf.has("root") ? "root" : best(relation, words[word]?.relation, "root"),
  );
  return {
    ...{ heads, relations },
    ...(tags !== undefined && { partsOfSpeech: tags }),
    scores: heads.map((head, word) => {
      const related = words[word]?.relation[relation.idOf.get(relations[word] as string) ?? -1] ?? unheardOf;
      return Math.exp((scores[word]?.[head] as number) + related);
    }),
  };
}
