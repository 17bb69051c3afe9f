/** Folders with a tokenizer: which files they may have, how they are read together, and how one is written. */
import { platform } from "#platform";
import { TokenizerError } from "../errors.ts";
import { decodeText, naming } from "../platform/file-errors.ts";
import { gunzip } from "../platform/gzip.ts";
import { type AddedTokenWithId, readAddedTokenIds } from "./added-vocabulary.ts";
import { fieldError, JsonFields } from "./json-fields.ts";
import { readJsonFields } from "./json-reader.ts";
import { BertNormalizer } from "./normalizers/index.ts";
import { withPrefixSpace } from "./prefix-space.ts";
import { tokenizerClass, tokenizerClassOfModel } from "./tokenizer-classes.ts";
import {
  booleanOf,
  readTokenizerConfig,
  specialTokensMapToJSON,
  type TokenizerConfig,
  tokenizerConfigToJSON,
} from "./tokenizer-config.ts";
import { readPipeline, writeTokenizerJson } from "./tokenizer-json.ts";
import type { TokenizerPipeline } from "./tokenizer-pipeline.ts";
import { type ReadText, type ReadTokenizerFile, readVocabularyFiles } from "./vocabulary-files.ts";

/** No published file is larger: a bound, so that a hostile one, perhaps a small packed one, cannot fill the memory. */
const MOST_BYTES = 40 << 20;
/** The same for files that are read as one text, such as vocab.txt and merges.txt. */
const MOST_TEXT_BYTES = 16 << 20;

/** Reads from a folder of this machine; a file may also be packed as `name.gz`. */
export function folderReader(folder: string): ReadTokenizerFile {
  return async (name) => {
    const path = platform.join(folder, name);
    if (await isFile(path)) return await platform.readFile(path, "tokenizer");
    const packed = `${path}.gz`;
    if (!(await isFile(packed))) return undefined;
    return await gunzip(await platform.readFile(packed, "tokenizer"), packed, "tokenizer", MOST_BYTES);
  };
}

async function isFile(path: string): Promise<boolean> {
  const stat = await platform.stat(path, "tokenizer");
  if (stat?.kind !== "file") return false;
  requireModestSize(stat.sizeBytes, path);
  return true;
}

function requireModestSize(bytes: number, file: string, most = MOST_BYTES): void {
  if (bytes > most) throw fieldError(file, "(the whole file)", `of at most ${most} bytes`, bytes);
}

export interface PretrainedParts {
  readonly pipeline: TokenizerPipeline;
  readonly config: TokenizerConfig;
}

/**
 * Reads a tokenizer's files.
 *
 * @param folder names the place in errors.
 */
export async function readPretrainedTokenizer(folder: string, readFile: ReadTokenizerFile): Promise<PretrainedParts> {
  return naming(folder, () => readParts(folder, readFile));
}

async function readParts(folder: string, readAnyFile: ReadTokenizerFile): Promise<PretrainedParts> {
  const path = (name: string): string => (folder === "" ? name : `${folder.replace(/\/$/, "")}/${name}`);
  const readFile = remembering(async (name) => {
    const content = await readAnyFile(name);
    if (content !== undefined) requireModestSize(content.length, path(name));
    return content;
  });
  const read: ReadText = async (name) => {
    const content = await readFile(name);
    if (content !== undefined) requireModestSize(content.length, path(name), MOST_TEXT_BYTES);
    return typeof content === "object" ? decodeText(content, path(name), "tokenizer") : content;
  };
  const json = async (name: string): Promise<JsonFields | undefined> => {
    const content = await readFile(name);
    return content === undefined ? undefined : readJsonFields(content, path(name));
  };
  const empty = (name: string): JsonFields => new JsonFields({}, path(name));
  const whole = await json("tokenizer.json");
  const modelType = (await json("config.json"))?.raw("model_type");
  const modelClass = tokenizerClassOfModel(typeof modelType === "string" ? modelType : undefined);
  const config = readTokenizerConfig(
    (await json("tokenizer_config.json")) ?? empty("tokenizer_config.json"),
    (await json("special_tokens_map.json")) ?? empty("special_tokens_map.json"),
    modelClass ?? (whole === undefined ? await classOfVocabularyFiles(readFile, json) : undefined),
  );
  const chatTemplate = await read("chat_template.jinja");
  if (chatTemplate !== undefined) config.rest = { ...config.rest, chat_template: chatTemplate };
  const pipeline =
    whole === undefined
      ? await readVocabularyFiles(folder, read, readFile, config)
      : obeyConfig(readPipeline(whole), config);
  const added = await json("added_tokens.json");
  addTokensWithIds(pipeline, added ? readAddedTokenIds(added) : [], path("added_tokens.json"));
  const inConfig = [...config.addedTokens].map(([id, token]) => ({ ...token, id }));
  addTokensWithIds(pipeline, inConfig, path("tokenizer_config.json"));
  return { pipeline, config };
}

/** Folders from before tokenizer.json may name no class; then the kind of their vocabulary tells. */
async function classOfVocabularyFiles(
  readFile: ReadTokenizerFile,
  json: (name: string) => Promise<JsonFields | undefined>,
): Promise<string | undefined> {
  if ((await readFile("vocab.txt")) !== undefined) return "BertTokenizer";
  const vocabulary = await json("vocab.json");
  if (vocabulary === undefined) return undefined;
  let hasMask = false;
  vocabulary.forEach((token) => {
    hasMask ||= token === "<mask>";
  });
  return hasMask ? "RobertaTokenizer" : "GPT2Tokenizer";
}

/** Reads each file once: some are asked for by what decides, and again by what they decide for. */
function remembering(readFile: ReadTokenizerFile): ReadTokenizerFile {
  const contents = new Map<string, ReturnType<ReadTokenizerFile>>();
  return (name) => {
    const content = contents.get(name) ?? readFile(name);
    contents.set(name, content);
    return content;
  };
}

/** Writes a tokenizer's files, each of them whole or not at all. */
export async function savePretrainedTokenizer({ pipeline, config }: PretrainedParts, folder: string): Promise<void> {
  const added = new Map(pipeline.addedTokens().map(({ id, ...token }) => [id, token]));
  const indented = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  // The reference has XLM's rules in code alone: a tokenizer.json could not name them.
  const hasOwnFile = tokenizerClass(config.tokenizerClass).vocabularyFiles !== "xlm-bpe";
  const files: (readonly [string, string])[] = [
    ...(hasOwnFile ? [["tokenizer.json", writeTokenizerJson(pipeline)] as const] : []),
    ["tokenizer_config.json", indented(tokenizerConfigToJSON(config, added))],
    ["special_tokens_map.json", indented(specialTokensMapToJSON(config))],
    ...pipeline.model.vocabularyFiles(),
  ];
  for (const [name, text] of files) await platform.writeFileAtomically(platform.join(folder, name), text);
}

/** tokenizer_config.json overrules a few settings of tokenizer.json, as in the reference. */
function obeyConfig(pipeline: TokenizerPipeline, config: TokenizerConfig): TokenizerPipeline {
  const addPrefixSpace = booleanOf(config, "add_prefix_space");
  let obeying = addPrefixSpace === undefined ? pipeline : withPrefixSpace(pipeline, addPrefixSpace);
  const { normalizer } = obeying;
  if (normalizer instanceof BertNormalizer && tokenizerClass(config.tokenizerClass).vocabularyFiles === "wordpiece") {
    const { options } = normalizer;
    obeying = obeying.with({
      normalizer: new BertNormalizer({
        ...options,
        lowercase: booleanOf(config, "do_lower_case") ?? options.lowercase,
        stripAccents: "strip_accents" in config.rest ? booleanOf(config, "strip_accents") : options.stripAccents,
        handleChineseCharacters: booleanOf(config, "tokenize_chinese_chars") ?? options.handleChineseCharacters,
      }),
    });
  }
  return obeying;
}

function addTokensWithIds(pipeline: TokenizerPipeline, tokens: readonly AddedTokenWithId[], file: string): void {
  const known = new Set(pipeline.addedTokens().map((token) => token.content));
  const missing = tokens.filter((token) => !known.has(token.content)).sort((a, b) => a.id - b.id);
  const ids = new Map<string, number>();
  let next = pipeline.size;
  for (const { content, id } of missing) {
    const given = ids.get(content) ?? pipeline.model.vocabulary.idOf(content) ?? next++;
    ids.set(content, given);
    if (given === id) continue;
    throw new TokenizerError(`${file}: the added token ${JSON.stringify(content)} cannot have the id ${id}.`, {
      file,
      field: String(id),
      expected: `the id ${given}, which is that of the vocabulary or the next that is free`,
      received: String(id),
      hint: "The files do not belong together: take them anew from where they came from.",
    });
  }
  if (missing.length > 0) pipeline.addTokens(missing);
}
