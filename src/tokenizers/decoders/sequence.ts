import type { Decoder } from "./decoder.ts";

/** Several decoders, one after the other. */
export class SequenceDecoder implements Decoder {
  readonly decoders: readonly Decoder[];

  constructor(decoders: readonly Decoder[]) {
    this.decoders = decoders;
  }

  decode(tokens: readonly string[]): string[] {
    return this.decoders.reduce<string[]>((current, decoder) => decoder.decode(current), [...tokens]);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Sequence", decoders: this.decoders.map((decoder) => decoder.toJSON()) };
  }
}
