import { Encoding } from "../encoding.ts";
import type { JsonFields } from "../json-fields.ts";
import { trimOffsets } from "./byte-level.ts";
import { type NamedToken, readNamedToken } from "./named-token.ts";
import type { PostProcessor } from "./post-processor.ts";

/** `<s> A </s>`, or `<s> A </s></s> B </s>`; all of type 0. */
export class RobertaPostProcessor implements PostProcessor {
  readonly sep: NamedToken;
  readonly cls: NamedToken;
  readonly trimOffsets: boolean;
  readonly addPrefixSpace: boolean;

  constructor(sep: NamedToken, cls: NamedToken, options: { trimOffsets: boolean; addPrefixSpace: boolean }) {
    this.sep = sep;
    this.cls = cls;
    this.trimOffsets = options.trimOffsets;
    this.addPrefixSpace = options.addPrefixSpace;
  }

  static fromJSON(fields: JsonFields): RobertaPostProcessor {
    return new RobertaPostProcessor(readNamedToken(fields, "sep"), readNamedToken(fields, "cls"), {
      trimOffsets: fields.boolean("trim_offsets", true),
      addPrefixSpace: fields.boolean("add_prefix_space", true),
    });
  }

  addedTokens(isPair: boolean): number {
    return isPair ? 4 : 2;
  }

  process(encodings: Encoding[], addSpecialTokens: boolean): Encoding[] {
    for (const encoding of encodings) {
      if (this.trimOffsets) trimOffsets(encoding, this.addPrefixSpace);
      encoding.setTypeId(0);
      // The reference forgets the further windows where it adds no special tokens.
      if (addSpecialTokens) for (const window of encoding.overflowing) window.setTypeId(0);
    }
    if (!addSpecialTokens) return encodings;
    return encodings.flatMap((encoding, index) => [
      Encoding.special([{ ...(index === 0 ? this.cls : this.sep), typeId: 0 }]),
      encoding,
      Encoding.special([{ ...this.sep, typeId: 0 }]),
    ]);
  }

  toJSON(): Record<string, unknown> {
    return {
      type: "RobertaProcessing",
      sep: [this.sep.token, this.sep.id],
      cls: [this.cls.token, this.cls.id],
      trim_offsets: this.trimOffsets,
      add_prefix_space: this.addPrefixSpace,
    };
  }
}
