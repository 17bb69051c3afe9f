import { unitsOf } from "../character-properties.ts";
import type { Encoding } from "../encoding.ts";
import type { JsonFields } from "../json-fields.ts";
import { type ByteLevelOptions, byteLevelToJSON, readByteLevelOptions } from "../pre-tokenizers/byte-level.ts";
import type { PostProcessor } from "./post-processor.ts";

/** Adds no token; takes the spaces that byte-level words carry out of their offsets, if told to. */
export class ByteLevelPostProcessor implements PostProcessor {
  readonly options: ByteLevelOptions;

  constructor(options: ByteLevelOptions) {
    this.options = options;
  }

  static fromJSON(fields: JsonFields): ByteLevelPostProcessor {
    return new ByteLevelPostProcessor(readByteLevelOptions(fields));
  }

  addedTokens(): number {
    return 0;
  }

  process(encodings: Encoding[]): Encoding[] {
    if (this.options.trimOffsets) for (const encoding of encodings) trimOffsets(encoding, this.options.addPrefixSpace);
    return encodings;
  }

  toJSON(): Record<string, unknown> {
    return byteLevelToJSON(this.options);
  }
}

const LEADING_SPACES = /^[Ġ\p{White_Space}]*/u;
const TRAILING_SPACES = /[Ġ\p{White_Space}]*$/u;

/** Takes leading and trailing spaces out of the offsets, but for the one that `addPrefixSpace` made up. */
export function trimOffsets(encoding: Encoding, addPrefixSpace: boolean): void {
  for (const { input, tokens, starts, ends, wordIds } of [encoding, ...encoding.overflowing]) {
    tokens.forEach((token, index) => {
      const text = typeof input === "string" ? input : input[wordIds[index]!]!;
      let leading = LEADING_SPACES.exec(token)![0].length;
      const trailing = TRAILING_SPACES.exec(token)![0].length;
      if (leading > 0) {
        const isFirst = index === 0 || starts[index] === 0;
        // A single space may be the one that was made up; several never are.
        if (isFirst && addPrefixSpace && leading === 1) leading = 0;
        starts[index] = Math.min(charactersAfter(text, starts[index]!, leading), ends[index]!);
      }
      if (trailing > 0) ends[index] = Math.max(charactersBefore(text, ends[index]!, trailing), starts[index]!);
    });
  }
}

// A made-up space stands for the character after it, which may be of two units.
function charactersAfter(text: string, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0 && at < text.length; left--) at += unitsOf(text.codePointAt(at)!);
  return at;
}

function charactersBefore(text: string, end: number, count: number): number {
  let at = end;
  for (let left = count; left > 0 && at > 0; left--) at -= at > 1 ? unitsOf(text.codePointAt(at - 2)!) : 1;
  return at;
}
