import type { AlignedText } from "../aligned-text.ts";
import type { JsonFields } from "../json-fields.ts";
import { prependText } from "../normalizers/edges.ts";
import type { PreTokenizer, WordReceiver } from "./pre-tokenizer.ts";

/** Which texts get a mark before them: all, the first of an input, or none. */
export type PrependScheme = "always" | "first" | "never";

export interface MetaspaceOptions {
  /** The character that stands for a space; "▁". */
  readonly replacement: string;
  readonly prependScheme: PrependScheme;
  /** Cut before each mark. */
  readonly split: boolean;
}

/** SentencePiece's way with spaces: each becomes a visible mark, which begins a word. */
export class MetaspacePreTokenizer implements PreTokenizer {
  readonly options: MetaspaceOptions;

  constructor(options: Partial<MetaspaceOptions> = {}) {
    this.options = { replacement: "▁", prependScheme: "always", split: true, ...options };
  }

  get cuts(): "spaces" | undefined {
    return this.options.split ? "spaces" : undefined;
  }

  static fromJSON(fields: JsonFields): MetaspacePreTokenizer {
    return new MetaspacePreTokenizer(readMetaspaceOptions(fields));
  }

  preTokenize(source: AlignedText, words: WordReceiver): void {
    if (source.text === "") return;
    const { replacement, split } = this.options;
    const marked = this.#prepend(source.withText(source.text.replaceAll(" ", replacement)));
    const { text } = marked;
    let start = 0;
    for (let at = split ? text.indexOf(replacement, 1) : -1; at >= 0; at = text.indexOf(replacement, at + 1)) {
      words.add(marked, start, at);
      start = at;
    }
    words.add(marked, start, text.length);
  }

  toJSON(): Record<string, unknown> {
    return metaspaceToJSON(this.options);
  }

  #prepend(source: AlignedText): AlignedText {
    const { replacement, prependScheme } = this.options;
    if (source.text.startsWith(replacement) || prependScheme === "never") return source;
    return prependScheme === "always" || source.isBeginning ? prependText(source, replacement) : source;
  }
}

/** The fields that the pre-tokenizer and the decoder of this name share. */
export function readMetaspaceOptions(fields: JsonFields): MetaspaceOptions {
  const replacement = fields.string("replacement", "▁");
  if (replacement.length !== 1) throw fields.error("replacement", "one character");
  // Files of before 2024 say it by a truth value.
  const old = fields.boolean("add_prefix_space", true) ? "always" : "never";
  return {
    replacement,
    prependScheme: fields.choice("prepend_scheme", ["always", "first", "never"], old),
    split: fields.boolean("split", true),
  };
}

export function metaspaceToJSON(options: MetaspaceOptions): Record<string, unknown> {
  return {
    type: "Metaspace",
    replacement: options.replacement,
    prepend_scheme: options.prependScheme,
    split: options.split,
  };
}
