/** Normalizers that look at the two ends of a text only. */
import { type AlignedText, AlignedTextBuilder } from "../aligned-text.ts";
import { unitsOf } from "../character-properties.ts";
import type { JsonFields } from "../json-fields.ts";
import type { Normalizer } from "./normalizer.ts";

/** All white space lies in the basic plane, so single units can be tested. */
const SPACE = /\p{White_Space}/u;

/** Removes white space at the ends. */
export class StripNormalizer implements Normalizer {
  readonly left: boolean;
  readonly right: boolean;

  constructor(left: boolean, right: boolean) {
    this.left = left;
    this.right = right;
  }

  static fromJSON(fields: JsonFields): StripNormalizer {
    return new StripNormalizer(fields.boolean("strip_left", true), fields.boolean("strip_right", true));
  }

  normalize(source: AlignedText): AlignedText {
    const { text } = source;
    let [start, end] = [0, text.length];
    if (this.left) while (start < end && SPACE.test(text[start]!)) start++;
    if (this.right) while (end > start && SPACE.test(text[end - 1]!)) end--;
    return source.slice(start, end);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Strip", strip_left: this.left, strip_right: this.right };
  }
}

/** Puts a text before every text that is not empty. */
export class PrependNormalizer implements Normalizer {
  readonly prepend: string;

  constructor(prepend: string) {
    this.prepend = prepend;
  }

  static fromJSON(fields: JsonFields): PrependNormalizer {
    return new PrependNormalizer(fields.string("prepend"));
  }

  normalize(source: AlignedText): AlignedText {
    return source.text === "" ? source : prependText(source, this.prepend);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Prepend", prepend: this.prepend };
  }
}

/** What is put before a text that is not empty stands for its first character, as in the reference. */
export function prependText(source: AlignedText, prefix: string): AlignedText {
  const first = unitsOf(source.text.codePointAt(0)!);
  const builder = new AlignedTextBuilder(source);
  builder.append(prefix, 0, first);
  builder.copy(0, source.text.length);
  return builder.finish();
}
