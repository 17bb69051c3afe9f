/**
 * Rows of running text for models that predict the next token: an end-of-text token stands before each document and
 * behind the last, and each row brings along the token that follows each of its own, so that all T are predicted.
 *
 * Paper: Radford et al. 2019 (GPT-2).
 */
import { cutEvery } from "./contiguous-packing.ts";
import { JoinedDocuments } from "./joined-documents.ts";
import { type BatchRows, checkSequenceLength, type ExamplePlan, type Packing } from "./packing.ts";
import { requireToken, type SpecialTokens } from "./special-tokens.ts";

export interface CausalPackingOptions {
  /** T. */
  sequenceLength: number;
  /** What the last row holds if too little text is left: text from the beginning again (default), or padding. */
  tail?: "wrap" | "pad";
  /** Whether the first cut is drawn anew with each plan; true. */
  shift?: boolean;
}

export function causalPacking(tokens: SpecialTokens, options: CausalPackingOptions): Packing {
  const { sequenceLength, tail = "wrap", shift = true } = options;
  const name = "causal-packing";
  const endOfText = requireToken(tokens, "eosTokenId", name);
  checkSequenceLength(name, sequenceLength, 1);
  return {
    name,
    sequenceLength,
    padded: tail === "pad",
    padTokenId: tokens.padTokenId ?? endOfText,
    fields: ["nextTokenIds"],
    plan(shard, random) {
      const documents = new JoinedDocuments(shard, endOfText);
      const { starts, lengths } = cutEvery(documents.length, sequenceLength, { tail, shift }, random);
      return new NextTokenPlan(documents, starts, lengths);
    },
  };
}

class NextTokenPlan implements ExamplePlan {
  readonly #documents: JoinedDocuments;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;

  constructor(documents: JoinedDocuments, starts: Uint32Array, lengths: Uint32Array) {
    this.#documents = documents;
    this.#starts = starts;
    this.#lengths = lengths;
  }

  get exampleCount(): number {
    return this.#starts.length;
  }

  lengthOf(example: number): number {
    return this.#lengths[example] as number;
  }

  write(example: number, rows: BatchRows, row: number): void {
    const start = this.#starts[example] as number;
    const length = this.#lengths[example] as number;
    const at = row * rows.sequenceLength;
    this.#documents.read(start, length, rows.inputIds, at);
    if (rows.nextTokenIds !== undefined) this.#documents.read(start + 1, length, rows.nextTokenIds, at);
  }
}
