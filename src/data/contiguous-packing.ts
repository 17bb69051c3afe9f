/** Rows cut from running text every so many tokens, wherever sentences end: no row of a joined corpus has padding. */
import type { Random } from "../random.ts";
import { GrowableUint32Array } from "./growable-array.ts";
import { JoinedDocuments } from "./joined-documents.ts";
import { checkSequenceLength, type Packing } from "./packing.ts";
import { frameLength, RangePlan, type RowFrame } from "./range-plan.ts";
import { requireToken, type SpecialTokens } from "./special-tokens.ts";
import type { TokenShard } from "./token-shard.ts";

export interface ContiguousPackingOptions {
  /** T, with [CLS] and [SEP]. */
  sequenceLength: number;
  /** `documents`: a row may go on in the next document, behind a [SEP] (default). `sentences`: it ends with its own. */
  join?: "documents" | "sentences";
  /**
   * What the last row of joined documents holds if too little text is left: text from the beginning again (`wrap`, the
   * default; every token is seen, some twice), or padding (`pad`, for evaluation; every token is seen once).
   */
  tail?: "wrap" | "pad";
  /** Whether the first cut is drawn anew with each plan, so that rows begin elsewhere each time; true. */
  shift?: boolean;
}

/** [CLS] text [SEP] */
export function contiguousPacking(tokens: SpecialTokens, options: ContiguousPackingOptions): Packing {
  const { sequenceLength, join = "documents", tail = "wrap", shift = true } = options;
  const name = "contiguous-packing";
  const frame = { first: requireToken(tokens, "clsTokenId", name), last: requireToken(tokens, "sepTokenId", name) };
  checkSequenceLength(name, sequenceLength, frameLength(frame) + 1);
  const cut = join === "documents" ? cutJoined : cutWithinDocuments;
  return {
    name,
    sequenceLength,
    padded: join === "sentences" || tail === "pad",
    padTokenId: requireToken(tokens, "padTokenId", name),
    fields: [],
    plan: (shard, random) => cut(shard, frame, { sequenceLength, tail, shift }, random),
  };
}

type CutOptions = Required<Omit<ContiguousPackingOptions, "join">>;

function cutJoined(shard: TokenShard, frame: RowFrame, options: CutOptions, random: Random): RangePlan {
  const documents = new JoinedDocuments(shard, frame.last);
  const { starts, lengths } = cutEvery(documents.length, options.sequenceLength - frameLength(frame), options, random);
  return new RangePlan(documents, starts, lengths, frame);
}

/** Stretches of `body` of a stream that is `length` long, each beginning where the one before ends. */
export function cutEvery(
  length: number,
  body: number,
  options: { tail: "wrap" | "pad"; shift: boolean },
  random: Random,
): { starts: Uint32Array; lengths: Uint32Array } {
  const count = Math.ceil(length / body);
  const offset = options.shift ? random.integer(length) : 0;
  const starts = Uint32Array.from({ length: count }, (_, row) => (offset + row * body) % length);
  const lengths = new Uint32Array(count).fill(body);
  if (options.tail === "pad") lengths[count - 1] = length - (count - 1) * body;
  return { starts, lengths };
}

/** The first cut of each document comes after 1 to `body` tokens, or after `body` without `shift`. */
function cutWithinDocuments(shard: TokenShard, frame: RowFrame, options: CutOptions, random: Random): RangePlan {
  const documents = new JoinedDocuments(shard, undefined);
  const body = options.sequenceLength - frameLength(frame);
  const starts = new GrowableUint32Array();
  const lengths = new GrowableUint32Array();
  for (let document = 0; document < shard.documentBytes.length; document++) {
    const end = documents.startOf(document + 1);
    let start = documents.startOf(document);
    let next = options.shift && end - start > body ? 1 + random.integer(body) : body;
    while (start < end) {
      const length = Math.min(next, end - start);
      starts.push(start);
      lengths.push(length);
      start += length;
      next = body;
    }
  }
  return new RangePlan(documents, starts.toUint32Array(), lengths.toUint32Array(), frame);
}
