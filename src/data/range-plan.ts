/** Examples that are stretches of the joined documents, between a first and a last special token. */
import type { JoinedDocuments } from "./joined-documents.ts";
import type { BatchRows, ExamplePlan } from "./packing.ts";

export interface RowFrame {
  /** Before the text of a row: [CLS]. */
  readonly first: number | undefined;
  /** Behind it: [SEP]. */
  readonly last: number | undefined;
}

export function frameLength(frame: RowFrame): number {
  return (frame.first === undefined ? 0 : 1) + (frame.last === undefined ? 0 : 1);
}

export class RangePlan implements ExamplePlan {
  readonly #documents: JoinedDocuments;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #frame: RowFrame;

  /** `starts` and `lengths`: [examples], of the text alone. */
  constructor(documents: JoinedDocuments, starts: Uint32Array, lengths: Uint32Array, frame: RowFrame) {
    this.#documents = documents;
    this.#starts = starts;
    this.#lengths = lengths;
    this.#frame = frame;
  }

  get exampleCount(): number {
    return this.#starts.length;
  }

  lengthOf(example: number): number {
    return (this.#lengths[example] as number) + frameLength(this.#frame);
  }

  write(example: number, rows: BatchRows, row: number): void {
    const { first, last } = this.#frame;
    const length = this.#lengths[example] as number;
    let at = row * rows.sequenceLength;
    if (first !== undefined) rows.inputIds[at++] = first;
    this.#documents.read(this.#starts[example] as number, length, rows.inputIds, at);
    if (last !== undefined) rows.inputIds[at + length] = last;
  }
}
