import { type AlignedText, AlignedTextBuilder } from "../aligned-text.ts";
import { unitsOf } from "../character-properties.ts";
import type { JsonFields } from "../json-fields.ts";
import { type PatternSource, patternToJSON, readPattern, requireModestGrowth } from "../patterns.ts";
import type { Normalizer } from "./normalizer.ts";

/** Replaces every match of a pattern by a text. The new text stands for the last character of the match. */
export class ReplaceNormalizer implements Normalizer {
  readonly pattern: PatternSource;
  readonly content: string;

  constructor(pattern: PatternSource, content: string) {
    this.pattern = pattern;
    this.content = content;
  }

  /** Patterns for several spaces, or without any, never match across a single one. */
  get isLocal(): boolean {
    return this.pattern.source === " {2,}" || (!this.pattern.isExpression && !this.pattern.source.includes(" "));
  }

  static fromJSON(fields: JsonFields): ReplaceNormalizer {
    return new ReplaceNormalizer(readPattern(fields, "pattern"), fields.string("content"));
  }

  normalize(source: AlignedText): AlignedText {
    const { text } = source;
    const { expression } = this.pattern;
    if (text.search(expression) < 0) return source;
    requireModestGrowth(text, this.pattern, this.content);
    const builder = new AlignedTextBuilder(source);
    let done = 0;
    for (const match of text.matchAll(expression)) {
      if (match[0] === "") continue;
      const end = match.index + match[0].length;
      builder.copy(done, match.index);
      const last = end > 1 ? unitsOf(text.codePointAt(end - 2)!) : 1;
      if (this.content !== "") builder.append(this.content, end - last, end);
      done = end;
    }
    builder.copy(done, text.length);
    return builder.finish();
  }

  toJSON(): Record<string, unknown> {
    return { type: "Replace", pattern: patternToJSON(this.pattern), content: this.content };
  }
}
