/** The normalizers by the names that tokenizer.json gives them. */
import { readComponent } from "../components.ts";
import type { JsonFields } from "../json-fields.ts";
import { publishedPattern } from "../patterns.ts";
import { BertNormalizer } from "./bert.ts";
import { NmtNormalizer, StripAccentsNormalizer } from "./character-filters.ts";
import { PrependNormalizer, StripNormalizer } from "./edges.ts";
import { LowercaseNormalizer } from "./lowercase.ts";
import type { Normalizer } from "./normalizer.ts";
import { PrecompiledNormalizer } from "./precompiled.ts";
import { ReplaceNormalizer } from "./replace.ts";
import { SequenceNormalizer } from "./sequence.ts";
import { UnicodeFormNormalizer } from "./unicode-form.ts";

const readers: Record<string, (fields: JsonFields) => Normalizer> = {
  BertNormalizer: BertNormalizer.fromJSON,
  Lowercase: () => new LowercaseNormalizer(),
  NFC: () => new UnicodeFormNormalizer("NFC"),
  NFD: () => new UnicodeFormNormalizer("NFD"),
  NFKC: () => new UnicodeFormNormalizer("NFKC"),
  NFKD: () => new UnicodeFormNormalizer("NFKD"),
  Nmt: () => new NmtNormalizer(),
  Precompiled: PrecompiledNormalizer.fromJSON,
  Prepend: PrependNormalizer.fromJSON,
  Replace: ReplaceNormalizer.fromJSON,
  Sequence: (fields) => new SequenceNormalizer(fields.objects("normalizers", readNormalizer)),
  Strip: StripNormalizer.fromJSON,
  StripAccents: () => new StripAccentsNormalizer(),
};

export function readNormalizer(fields: JsonFields): Normalizer {
  return readComponent(fields, "normalizer", readers);
}

/** The rules that SentencePiece trains with by default (`nmt_nfkc`), as far as this library knows them apart from its map. */
export function sentencePieceNormalizer(lowercase: boolean): Normalizer {
  const unified = [new NmtNormalizer(), new UnicodeFormNormalizer("NFKC")];
  const folded = new ReplaceNormalizer(publishedPattern(" {2,}"), " ");
  return new SequenceNormalizer([...unified, ...(lowercase ? [new LowercaseNormalizer()] : []), folded]);
}

export type { Normalizer } from "./normalizer.ts";
export {
  BertNormalizer,
  LowercaseNormalizer,
  PrecompiledNormalizer,
  PrependNormalizer,
  ReplaceNormalizer,
  SequenceNormalizer,
  StripAccentsNormalizer,
  StripNormalizer,
  UnicodeFormNormalizer,
};
