import { Encoding } from "../encoding.ts";
import type { JsonFields } from "../json-fields.ts";
import { type NamedToken, readNamedToken } from "./named-token.ts";
import type { PostProcessor } from "./post-processor.ts";

/** `[CLS] A [SEP]` of type 0, then `B [SEP]` of type 1. */
export class BertPostProcessor implements PostProcessor {
  readonly sep: NamedToken;
  readonly cls: NamedToken;

  constructor(sep: NamedToken, cls: NamedToken) {
    this.sep = sep;
    this.cls = cls;
  }

  static fromJSON(fields: JsonFields): BertPostProcessor {
    return new BertPostProcessor(readNamedToken(fields, "sep"), readNamedToken(fields, "cls"));
  }

  addedTokens(isPair: boolean): number {
    return isPair ? 3 : 2;
  }

  process(encodings: Encoding[], addSpecialTokens: boolean): Encoding[] {
    if (!addSpecialTokens) return encodings;
    return encodings.flatMap((encoding, typeId) => {
      encoding.setTypeId(typeId);
      const pieces = [encoding, Encoding.special([{ ...this.sep, typeId }])];
      return typeId === 0 ? [Encoding.special([{ ...this.cls, typeId: 0 }]), ...pieces] : pieces;
    });
  }

  toJSON(): Record<string, unknown> {
    return { type: "BertProcessing", sep: [this.sep.token, this.sep.id], cls: [this.cls.token, this.cls.id] };
  }
}
