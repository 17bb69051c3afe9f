/** Decoders that edit tokens as texts. */
import type { JsonFields } from "../json-fields.ts";
import { type PatternSource, patternToJSON, readPattern, requireModestGrowth } from "../patterns.ts";
import type { Decoder } from "./decoder.ts";

/** Joins all tokens into one, for decoders after it that look at the whole text. */
export class FuseDecoder implements Decoder {
  decode(tokens: readonly string[]): string[] {
    return [tokens.join("")];
  }

  toJSON(): Record<string, unknown> {
    return { type: "Fuse" };
  }
}

/** Replaces a pattern in each token. */
export class ReplaceDecoder implements Decoder {
  readonly pattern: PatternSource;
  readonly content: string;

  constructor(pattern: PatternSource, content: string) {
    this.pattern = pattern;
    this.content = content;
  }

  static fromJSON(fields: JsonFields): ReplaceDecoder {
    return new ReplaceDecoder(readPattern(fields, "pattern"), fields.string("content"));
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token) => {
      requireModestGrowth(token, this.pattern, this.content);
      return token.replaceAll(this.pattern.expression, () => this.content);
    });
  }

  toJSON(): Record<string, unknown> {
    return { type: "Replace", pattern: patternToJSON(this.pattern), content: this.content };
  }
}

/** Removes a character from both ends of each token, a given number of times at most. */
export class StripDecoder implements Decoder {
  readonly content: string;
  readonly start: number;
  readonly stop: number;

  constructor(content: string, start: number, stop: number) {
    this.content = content;
    this.start = start;
    this.stop = stop;
  }

  static fromJSON(fields: JsonFields): StripDecoder {
    return new StripDecoder(fields.string("content"), fields.count("start", 0), fields.count("stop", 0));
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token) => {
      const characters = Array.from(token);
      let from = 0;
      while (from < this.start && characters[from] === this.content) from++;
      let to = characters.length;
      while (characters.length - to < this.stop && to > from && characters[to - 1] === this.content) to--;
      return characters.slice(from, to).join("");
    });
  }

  toJSON(): Record<string, unknown> {
    return { type: "Strip", content: this.content, start: this.start, stop: this.stop };
  }
}
