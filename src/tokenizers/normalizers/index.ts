/** The normalizers by the names that tokenizer.json gives them. */
import { readComponent } from "../components.ts";
import type { JsonFields } from "../json-fields.ts";
import { BertNormalizer } from "./bert.ts";
import { LowercaseNormalizer } from "./lowercase.ts";
import type { Normalizer } from "./normalizer.ts";
import { SequenceNormalizer } from "./sequence.ts";

const readers: Record<string, (fields: JsonFields) => Normalizer> = {
  BertNormalizer: BertNormalizer.fromJSON,
  Lowercase: () => new LowercaseNormalizer(),
  Sequence: (fields) => new SequenceNormalizer(fields.objects("normalizers").map(readNormalizer)),
};

export function readNormalizer(fields: JsonFields): Normalizer {
  return readComponent(fields, "normalizer", readers);
}

export type { Normalizer } from "./normalizer.ts";
export { BertNormalizer, LowercaseNormalizer, SequenceNormalizer };
