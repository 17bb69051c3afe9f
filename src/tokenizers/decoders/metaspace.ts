import type { JsonFields } from "../json-fields.ts";
import { type MetaspaceOptions, metaspaceToJSON, readMetaspaceOptions } from "../pre-tokenizers/metaspace.ts";
import type { Decoder } from "./decoder.ts";

/** Turns marks back into spaces, but for the one that was put before the text. */
export class MetaspaceDecoder implements Decoder {
  readonly options: MetaspaceOptions;

  constructor(options: MetaspaceOptions) {
    this.options = options;
  }

  static fromJSON(fields: JsonFields): MetaspaceDecoder {
    return new MetaspaceDecoder(readMetaspaceOptions(fields));
  }

  decode(tokens: readonly string[]): string[] {
    const { replacement, prependScheme } = this.options;
    return tokens.map((token, index) =>
      token.replaceAll(replacement, index === 0 && prependScheme !== "never" ? "" : " "),
    );
  }

  toJSON(): Record<string, unknown> {
    return metaspaceToJSON(this.options);
  }
}
