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
  for (const { tokens, starts, ends } of [encoding, ...encoding.overflowing]) {
    tokens.forEach((token, index) => {
      let leading = LEADING_SPACES.exec(token)![0].length;
      const trailing = TRAILING_SPACES.exec(token)![0].length;
      if (leading > 0) {
        const isFirst = index === 0 || starts[index] === 0;
        if (isFirst && addPrefixSpace) leading--;
        starts[index] = Math.min(starts[index]! + leading, ends[index]!);
      }
      if (trailing > 0 && ends[index]! >= trailing) ends[index] = Math.max(ends[index]! - trailing, starts[index]!);
    });
  }
}
