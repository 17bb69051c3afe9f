/** The post-processors by the names that tokenizer.json gives them. */
import { readComponent } from "../components.ts";
import type { JsonFields } from "../json-fields.ts";
import { BertPostProcessor } from "./bert.ts";
import { ByteLevelPostProcessor } from "./byte-level.ts";
import type { PostProcessor } from "./post-processor.ts";
import { RobertaPostProcessor } from "./roberta.ts";
import { SequencePostProcessor } from "./sequence.ts";
import { TemplatePostProcessor, templatePostProcessor } from "./template.ts";

const readers: Record<string, (fields: JsonFields) => PostProcessor> = {
  BertProcessing: BertPostProcessor.fromJSON,
  ByteLevel: ByteLevelPostProcessor.fromJSON,
  RobertaProcessing: RobertaPostProcessor.fromJSON,
  Sequence: (fields) => new SequencePostProcessor(fields.objects("processors", readPostProcessor)),
  TemplateProcessing: TemplatePostProcessor.fromJSON,
};

export function readPostProcessor(fields: JsonFields): PostProcessor {
  return readComponent(fields, "post-processor", readers);
}

export type { PostProcessor } from "./post-processor.ts";
export { ByteLevelPostProcessor, RobertaPostProcessor, SequencePostProcessor, templatePostProcessor };
