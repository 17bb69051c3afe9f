/** Reads and writes tokenizer.json, the one file that holds a whole pipeline. */
import { addedTokenToJSON, readAddedTokens } from "./added-vocabulary.ts";
import { readDecoder } from "./decoders/index.ts";
import { fieldError, type JsonFields } from "./json-fields.ts";
import { readJsonFields } from "./json-reader.ts";
import { readModel } from "./models/index.ts";
import { readNormalizer } from "./normalizers/index.ts";
import { readPostProcessor } from "./post-processors/index.ts";
import { readPreTokenizer } from "./pre-tokenizers/index.ts";
import { requireNoHoles, TokenizerPipeline } from "./tokenizer-pipeline.ts";

/**
 * Builds the pipeline from a tokenizer.json, as text or as bytes.
 *
 * @param file names the source in errors.
 * @throws TokenizerError naming the file and the field that is wrong.
 */
export function readTokenizerJson(content: string | Uint8Array, file = "tokenizer.json"): TokenizerPipeline {
  return readPipeline(readJsonFields(content, file));
}

/** The same from fields that were read already. */
export function readPipeline(fields: JsonFields): TokenizerPipeline {
  const { file } = fields;
  const optional = <T>(name: string, read: (part: JsonFields) => T): T | undefined =>
    fields.has(name) ? read(fields.object(name)) : undefined;
  const model = readModel(fields.object("model"));
  const addedTokens = readAddedTokens(fields);
  for (const { id, content } of addedTokens) {
    const known = model.vocabulary.idOf(content);
    if (known !== undefined && known !== id) {
      throw fieldError(file, "added_tokens", `${JSON.stringify(content)} with its id in the vocabulary, ${known}`, id);
    }
    const other = model.vocabulary.tokenOf(id);
    if (other !== undefined && other !== content) {
      throw fieldError(file, "added_tokens", `${JSON.stringify(other)} for the id ${id}`, content);
    }
  }
  const pipeline = new TokenizerPipeline({
    normalizer: optional("normalizer", readNormalizer),
    preTokenizer: optional("pre_tokenizer", readPreTokenizer),
    model,
    postProcessor: optional("post_processor", readPostProcessor),
    decoder: optional("decoder", readDecoder),
    addedTokens,
  });
  requireNoHoles(pipeline, file);
  for (const pair of [undefined, ""]) {
    const alien = pipeline.encode("", pair, { addSpecialTokens: true }).ids.find((id) => !pipeline.tokenOf(id));
    if (alien !== undefined) throw fieldError(file, "post_processor", "one that adds tokens of the vocabulary", alien);
  }
  return pipeline;
}

/** The pipeline as the text of a tokenizer.json. */
export function writeTokenizerJson(pipeline: TokenizerPipeline): string {
  const parts: readonly (readonly [string, string])[] = [
    ["version", '"1.0"'],
    ["truncation", "null"],
    ["padding", "null"],
    ["added_tokens", JSON.stringify(pipeline.addedTokens().map(addedTokenToJSON))],
    ["normalizer", JSON.stringify(pipeline.normalizer ?? null)],
    ["pre_tokenizer", JSON.stringify(pipeline.preTokenizer ?? null)],
    ["post_processor", JSON.stringify(pipeline.postProcessor ?? null)],
    ["decoder", JSON.stringify(pipeline.decoder ?? null)],
    ["model", pipeline.model.toJSONText()],
  ];
  return `{\n${parts.map(([name, text]) => `  ${JSON.stringify(name)}: ${text}`).join(",\n")}\n}\n`;
}
