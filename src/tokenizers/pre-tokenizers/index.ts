/** The pre-tokenizers by the names that tokenizer.json gives them. */
import { readComponent } from "../components.ts";
import type { JsonFields } from "../json-fields.ts";
import { BertPreTokenizer } from "./bert.ts";
import { ByteLevelPreTokenizer } from "./byte-level.ts";
import { MetaspacePreTokenizer } from "./metaspace.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";
import { SequencePreTokenizer } from "./sequence.ts";
import {
  CharacterDelimiterSplitPreTokenizer,
  DigitsPreTokenizer,
  PunctuationPreTokenizer,
  SplitPreTokenizer,
  WhitespacePreTokenizer,
} from "./split.ts";
import { WhitespaceSplitPreTokenizer } from "./whitespace-split.ts";

const readers: Record<string, (fields: JsonFields) => PreTokenizer> = {
  BertPreTokenizer: () => new BertPreTokenizer(),
  ByteLevel: ByteLevelPreTokenizer.fromJSON,
  CharDelimiterSplit: CharacterDelimiterSplitPreTokenizer.fromJSON,
  Digits: DigitsPreTokenizer.fromJSON,
  Metaspace: MetaspacePreTokenizer.fromJSON,
  Punctuation: PunctuationPreTokenizer.fromJSON,
  Sequence: (fields) => new SequencePreTokenizer(fields.objects("pretokenizers", readPreTokenizer)),
  Split: SplitPreTokenizer.fromJSON,
  Whitespace: () => new WhitespacePreTokenizer(),
  WhitespaceSplit: () => new WhitespaceSplitPreTokenizer(),
};

export function readPreTokenizer(fields: JsonFields): PreTokenizer {
  return readComponent(fields, "pre-tokenizer", readers);
}

export type { PreTokenizer, Spelling, WordReceiver } from "./pre-tokenizer.ts";
export {
  BertPreTokenizer,
  ByteLevelPreTokenizer,
  MetaspacePreTokenizer,
  PunctuationPreTokenizer,
  SequencePreTokenizer,
  WhitespaceSplitPreTokenizer,
};
