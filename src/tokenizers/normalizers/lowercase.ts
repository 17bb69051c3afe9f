import { type AlignedText, AlignedTextBuilder } from "../aligned-text.ts";
import { unitsOf } from "../character-properties.ts";
import type { Normalizer } from "./normalizer.ts";

const ASCII = /^[\0-\x7f]*$/;

/** Lower-cases each character by itself, so that the Greek sigma keeps its form at the end of a word. */
export class LowercaseNormalizer implements Normalizer {
  readonly isLocal = true;

  normalize(source: AlignedText): AlignedText {
    const { text } = source;
    if (ASCII.test(text)) return source.withText(text.toLowerCase());
    const builder = new AlignedTextBuilder(source);
    for (let at = 0; at < text.length; ) {
      const next = at + unitsOf(text.codePointAt(at)!);
      builder.append(text.slice(at, next).toLowerCase(), at, next);
      at = next;
    }
    return builder.finish();
  }

  toJSON(): Record<string, unknown> {
    return { type: "Lowercase" };
  }
}
