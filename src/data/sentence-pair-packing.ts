/**
 * Rows of two segments, [CLS] A [SEP] B [SEP], and how they belong together.
 *
 * Papers: Devlin et al. 2019 (BERT, https://arxiv.org/abs/1810.04805, §3.1 and A.2) for two classes; Lan et al. 2020
 * (ALBERT, https://arxiv.org/abs/1909.11942, §3.1) for the order. As in BERT's data preparation: sentences of a document
 * are collected until a target length, which is the whole row or, in a tenth of the cases, a random shorter one; they are
 * cut in two at a random sentence; the sentences that a drawn segment replaces are used again; what is too long loses
 * tokens at either end of the longer segment.
 *
 * Departures: an example is made only where every class was possible (BERT calls a lone last sentence "not next", which
 * gives the class away), so classes are equally likely whatever A is; a drawn segment is as long as the one that it
 * replaces, as nearly as whole sentences come, so that lengths tell nothing.
 */
import { ConfigurationError } from "../errors.ts";
import type { Random } from "../random.ts";
import { GrowableUint32Array } from "./growable-array.ts";
import { type BatchRows, checkSequenceLength, type ExamplePlan, type Packing } from "./packing.ts";
import { requireToken, type SpecialTokens } from "./special-tokens.ts";
import type { TokenShard } from "./token-shard.ts";

/** What B can be, in the order of the labels. */
const SEGMENT_KINDS = {
  /** 0: B follows A. 1: B comes from another document. */
  "next-or-other": ["next", "other"],
  /** 0: B follows A. 1: from the same document, but not next to A. 2: from another document. */
  "next-or-same-or-other": ["next", "same", "other"],
  /** 0: A and B in their order. 1: swapped. */
  order: ["next", "swapped"],
} as const;

export type PairClasses = keyof typeof SEGMENT_KINDS;

export interface SentencePairPackingOptions {
  /** T, with the three special tokens. */
  sequenceLength: number;
  /** What the label of a row tells. */
  classes: PairClasses;
  /** Share of rows whose target is a random shorter length; 0.1. */
  shortSequenceProbability?: number;
}

/** [CLS] A [SEP] B [SEP], with `tokenTypeIds` 0 up to the first [SEP] and 1 from there, and `pairLabels`. */
export function sentencePairPacking(tokens: SpecialTokens, options: SentencePairPackingOptions): Packing {
  const { sequenceLength, classes, shortSequenceProbability = 0.1 } = options;
  const name = "sentence-pair-packing";
  const cls = requireToken(tokens, "clsTokenId", name);
  const sep = requireToken(tokens, "sepTokenId", name);
  checkSequenceLength(name, sequenceLength, 5);
  if (!(shortSequenceProbability >= 0 && shortSequenceProbability <= 1)) {
    throw new ConfigurationError("A probability must lie between 0 and 1.", {
      field: "shortSequenceProbability",
      received: String(shortSequenceProbability),
    });
  }
  return {
    name,
    sequenceLength,
    padded: true,
    padTokenId: requireToken(tokens, "padTokenId", name),
    fields: ["tokenTypeIds", "pairLabels"],
    plan(shard, random) {
      const drawer = new PairDrawer(shard, random, sequenceLength - 3, SEGMENT_KINDS[classes]);
      for (let document = 0; document < shard.documentBytes.length; document++) {
        drawer.drawDocument(document, shortSequenceProbability);
      }
      return new PairPlan(shard, drawer.pairs, cls, sep);
    },
  };
}

type SegmentKind = "next" | "same" | "other" | "swapped";

/** Tokens from `start` up to `end` of a shard. */
interface Segment {
  start: number;
  end: number;
}

/** Sentences from `first` up to `end`. */
interface SentenceRange {
  first: number;
  end: number;
}

/** How long a drawn segment should be. */
interface WantedLength {
  readonly tokens: number;
  /** What is too long is cut to the row, so that too long is right and too short is not. */
  readonly atLeast: boolean;
}

/** As many draws as BERT's data preparation makes to find another document. */
const OTHER_DOCUMENT_DRAWS = 10;

/** Five numbers a pair: where A begins, its length, where B begins, its length, the label. */
const PAIR_FIELDS = 5;

class PairDrawer {
  readonly pairs = new GrowableUint32Array();
  readonly #shard: TokenShard;
  readonly #random: Random;
  readonly #maxTokens: number;
  readonly #kinds: readonly SegmentKind[];

  constructor(shard: TokenShard, random: Random, maxTokens: number, kinds: readonly SegmentKind[]) {
    this.#shard = shard;
    this.#random = random;
    this.#maxTokens = maxTokens;
    this.#kinds = kinds;
  }

  drawDocument(document: number, shortSequenceProbability: number): void {
    const whole = this.#sentencesOf(document);
    let first = whole.first;
    while (first < whole.end) {
      const isShort = this.#random.uniform() < shortSequenceProbability;
      const target = isShort ? 2 + this.#random.integer(this.#maxTokens - 1) : this.#maxTokens;
      let end = this.#extend(first, whole.end, target);
      if (end === first + 1 && end < whole.end) end++; // a lone long sentence, and the one behind it
      if (end === first + 1) return; // the last sentence of the document: nothing follows it
      first = this.#drawPair(document, whole, { first, end });
    }
  }

  /** Makes a pair of these sentences, if every class is possible, and returns the first sentence not used up. */
  #drawPair(document: number, whole: SentenceRange, chunk: SentenceRange): number {
    const cut = chunk.first + 1 + this.#random.integer(chunk.end - chunk.first - 1);
    const a = { first: chunk.first, end: cut };
    const label = this.#random.integer(this.#kinds.length);
    const kind = this.#kinds[label] as SegmentKind;
    if (!this.#kinds.every((each) => this.#isPossible(each, whole, a))) return chunk.end;
    const following = { first: cut, end: chunk.end };
    const isFull = this.#tokenCount(chunk) >= this.#maxTokens;
    const length = isFull ? this.#maxTokens - this.#tokenCount(a) : this.#tokenCount(following);
    const wanted = { tokens: length, atLeast: isFull };
    const b =
      kind === "other"
        ? this.#drawFromOther(document, wanted)
        : kind === "same"
          ? this.#drawFromSame(whole, a, wanted)
          : following;
    const [left, right] = kind === "swapped" ? [b, a] : [a, b];
    this.#push(this.#tokensOf(left), this.#tokensOf(right), label);
    return kind === "next" || kind === "swapped" ? chunk.end : cut;
  }

  #isPossible(kind: SegmentKind, whole: SentenceRange, a: SentenceRange): boolean {
    if (kind === "other") return this.#shard.documentBytes.length > 1;
    if (kind === "same") return whole.end - a.end > 1 || a.first - whole.first > 1;
    return true;
  }

  /** Any place of another document; of several draws the first document that is long enough. */
  #drawFromOther(document: number, wanted: WantedLength): SentenceRange {
    let longest: SentenceRange | undefined;
    for (let draw = 0; draw < OTHER_DOCUMENT_DRAWS; draw++) {
      const drawn = this.#random.integer(this.#shard.documentBytes.length - 1);
      const other = this.#sentencesOf(drawn < document ? drawn : drawn + 1);
      if (longest === undefined || this.#tokenCount(other) > this.#tokenCount(longest)) longest = other;
      if (this.#tokenCount(longest) >= wanted.tokens) break;
    }
    const { first, end } = longest as SentenceRange;
    return this.#segmentAround(first + this.#random.integer(end - first), { first, end }, wanted);
  }

  /** Any place of the document but A and the sentence on either side of it. */
  #drawFromSame(whole: SentenceRange, a: SentenceRange, wanted: WantedLength): SentenceRange {
    const before = { first: whole.first, end: Math.max(whole.first, a.first - 1) };
    const after = { first: Math.min(whole.end, a.end + 1), end: whole.end };
    const drawn = this.#random.integer(before.end - before.first + after.end - after.first);
    const isBefore = drawn < before.end - before.first;
    const start = isBefore ? before.first + drawn : after.first + drawn - (before.end - before.first);
    return this.#segmentAround(start, isBefore ? before : after, wanted);
  }

  /**
   * Sentences from `start` on, as near to the wanted length as whole ones come, or at least as long; if the range ends
   * before, also sentences ahead of them.
   */
  #segmentAround(start: number, range: SentenceRange, wanted: WantedLength): SentenceRange {
    const end = this.#extend(start, range.end, wanted.tokens);
    let first = start;
    while (first > range.first && this.#tokenCount({ first, end }) < wanted.tokens) first--;
    const shorter = first < start ? { first: first + 1, end } : { first, end: end - 1 };
    if (wanted.atLeast || shorter.first === shorter.end) return { first, end };
    const excess = this.#tokenCount({ first, end }) - wanted.tokens;
    return excess > wanted.tokens - this.#tokenCount(shorter) ? shorter : { first, end };
  }

  /** The end of the shortest range of sentences from `first` on with `target` tokens; `limit` if there is none. */
  #extend(first: number, limit: number, target: number): number {
    let end = first + 1;
    while (end < limit && this.#tokenCount({ first, end }) < target) end++;
    return end;
  }

  #push(a: Segment, b: Segment, label: number): void {
    // What could not fit in any case goes first: the far ends.
    a.start = Math.max(a.start, a.end - this.#maxTokens);
    b.end = Math.min(b.end, b.start + this.#maxTokens);
    let excess = a.end - a.start + (b.end - b.start) - this.#maxTokens;
    for (; excess > 0; excess--) {
      const longer = a.end - a.start > b.end - b.start ? a : b;
      if (this.#random.uniform() < 0.5) longer.start++;
      else longer.end--;
    }
    this.pairs.pushAll([a.start, a.end - a.start, b.start, b.end - b.start, label]);
  }

  #sentencesOf(document: number): SentenceRange {
    const { documentStarts } = this.#shard;
    return { first: documentStarts[document] as number, end: documentStarts[document + 1] as number };
  }

  #tokensOf(range: SentenceRange): Segment {
    const { sentenceStarts } = this.#shard;
    return { start: sentenceStarts[range.first] as number, end: sentenceStarts[range.end] as number };
  }

  #tokenCount(range: SentenceRange): number {
    const { start, end } = this.#tokensOf(range);
    return end - start;
  }
}

class PairPlan implements ExamplePlan {
  readonly #shard: TokenShard;
  readonly #pairs: Uint32Array;
  readonly #cls: number;
  readonly #sep: number;

  constructor(shard: TokenShard, pairs: GrowableUint32Array, cls: number, sep: number) {
    this.#shard = shard;
    this.#pairs = pairs.toUint32Array();
    this.#cls = cls;
    this.#sep = sep;
  }

  get exampleCount(): number {
    return this.#pairs.length / PAIR_FIELDS;
  }

  lengthOf(example: number): number {
    const at = example * PAIR_FIELDS;
    return (this.#pairs[at + 1] as number) + (this.#pairs[at + 3] as number) + 3;
  }

  write(example: number, rows: BatchRows, row: number): void {
    const { inputIds, tokenTypeIds, pairLabels } = rows;
    const pair = this.#pairs.subarray(example * PAIR_FIELDS, (example + 1) * PAIR_FIELDS);
    const [aStart, aLength, bStart, bLength, label] = pair as unknown as [number, number, number, number, number];
    const at = row * rows.sequenceLength;
    const bAt = at + aLength + 2;
    inputIds[at] = this.#cls;
    inputIds.set(this.#shard.tokens.subarray(aStart, aStart + aLength), at + 1);
    inputIds[bAt - 1] = this.#sep;
    inputIds.set(this.#shard.tokens.subarray(bStart, bStart + bLength), bAt);
    inputIds[bAt + bLength] = this.#sep;
    tokenTypeIds?.fill(1, bAt, bAt + bLength + 1);
    if (pairLabels !== undefined) pairLabels[row] = label;
  }
}
