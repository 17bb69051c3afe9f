import type { AlignedText } from "../aligned-text.ts";
import type { Normalizer } from "./normalizer.ts";

/** Several normalizers, one after the other. */
export class SequenceNormalizer implements Normalizer {
  readonly normalizers: readonly Normalizer[];

  constructor(normalizers: readonly Normalizer[]) {
    this.normalizers = normalizers;
  }

  get isLocal(): boolean {
    return this.normalizers.every((normalizer) => normalizer.isLocal);
  }

  normalize(text: AlignedText): AlignedText {
    return this.normalizers.reduce((current, normalizer) => normalizer.normalize(current), text);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Sequence", normalizers: this.normalizers.map((normalizer) => normalizer.toJSON()) };
  }
}
