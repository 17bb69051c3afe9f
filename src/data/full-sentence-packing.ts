/**
 * Rows of whole sentences.
 *
 * Paper: Liu et al. 2019 (RoBERTa), https://arxiv.org/abs/1907.11692, §4.2: FULL-SENTENCES (`join: "documents"`: sentences
 * from one or more documents, a separator between two of them) and DOC-SENTENCES (`join: "sentences"`: of one document).
 * A sentence longer than a row is cut into several.
 */
import type { Random } from "../random.ts";
import { GrowableUint32Array } from "./growable-array.ts";
import { JoinedDocuments } from "./joined-documents.ts";
import { checkSequenceLength, type Packing } from "./packing.ts";
import { frameLength, RangePlan, type RowFrame } from "./range-plan.ts";
import { requireToken, type SpecialTokens } from "./special-tokens.ts";
import type { TokenShard } from "./token-shard.ts";

export interface FullSentencePackingOptions {
  /** T, with [CLS] and [SEP]. */
  sequenceLength: number;
  /** What shares a row: sentences of several `documents` (default), `sentences` of one document, or `none`. */
  join?: "documents" | "sentences" | "none";
  /** Whether the first row's length is drawn anew with each plan, so that rows begin elsewhere each time; true. */
  shift?: boolean;
}

/** [CLS] sentences [SEP] */
export function fullSentencePacking(tokens: SpecialTokens, options: FullSentencePackingOptions): Packing {
  const { sequenceLength, join = "documents", shift = true } = options;
  const name = "full-sentence-packing";
  const frame = { first: requireToken(tokens, "clsTokenId", name), last: requireToken(tokens, "sepTokenId", name) };
  checkSequenceLength(name, sequenceLength, frameLength(frame) + 1);
  const body = sequenceLength - frameLength(frame);
  return {
    name,
    sequenceLength,
    padded: true,
    padTokenId: requireToken(tokens, "padTokenId", name),
    fields: [],
    plan: (shard, random) => fillRows(shard, frame, body, join, shift && join !== "none" ? random : undefined),
  };
}

function fillRows(
  shard: TokenShard,
  frame: RowFrame,
  body: number,
  join: "documents" | "sentences" | "none",
  random: Random | undefined,
): RangePlan {
  const separator = join === "documents" ? frame.last : undefined;
  const documents = new JoinedDocuments(shard, separator);
  const separatorLength = separator === undefined ? 0 : 1;
  const rows = new RowFiller(body, random);
  for (let document = 0; document < shard.documentBytes.length; document++) {
    const toStream = documents.startOf(document) + separatorLength - documentStart(shard, document);
    if (join !== "documents") rows.close();
    const end = shard.documentStarts[document + 1] as number;
    for (let sentence = shard.documentStarts[document] as number; sentence < end; sentence++) {
      const start = (shard.sentenceStarts[sentence] as number) + toStream;
      rows.add(start, (shard.sentenceStarts[sentence + 1] as number) + toStream);
      if (join === "none") rows.close();
    }
  }
  rows.close();
  return new RangePlan(documents, rows.starts.toUint32Array(), rows.lengths.toUint32Array(), frame);
}

function documentStart(shard: TokenShard, document: number): number {
  return shard.sentenceStarts[shard.documentStarts[document] as number] as number;
}

/** Fills rows with stretches of the stream that follow each other, a separator between them or nothing. */
class RowFiller {
  readonly starts = new GrowableUint32Array();
  readonly lengths = new GrowableUint32Array();
  readonly #body: number;
  #capacity: number;
  #start = 0;
  #end = 0;

  constructor(body: number, random: Random | undefined) {
    this.#body = body;
    this.#capacity = random === undefined ? body : 1 + random.integer(body);
  }

  add(start: number, end: number): void {
    if (this.#end > this.#start && end - this.#start > this.#capacity) this.close();
    if (this.#end === this.#start) this.#start = start;
    this.#end = end;
    while (this.#end - this.#start > this.#capacity) this.#emit(this.#start + this.#capacity);
  }

  close(): void {
    if (this.#end > this.#start) this.#emit(this.#end);
  }

  #emit(end: number): void {
    this.starts.push(this.#start);
    this.lengths.push(end - this.#start);
    this.#start = end;
    this.#capacity = this.#body;
  }
}
