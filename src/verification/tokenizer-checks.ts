/** A tokenizer beside a reference's encodings: ids, tokens, offsets and decoded texts, exactly. */
import { platform } from "#platform";
import { fileChunks } from "../data/file-chunks.ts";
import { readNumberedLines } from "../data/text-lines.ts";
import { ClozeError } from "../errors.ts";
import { parseJson } from "../platform/file-errors.ts";
import { AutoTokenizer, type EncodedArrays, type Tokenizer, type TokenizerCallOptions } from "../tokenizers/index.ts";
import { camelCase } from "./model-reference.ts";
import { type referenceShapes, requireShape } from "./reference-shapes.ts";
import { type Finding, failure } from "./report.ts";

/** What an encoding is compared by, under the reference's names. */
type Encoding = Readonly<Record<string, unknown>>;

interface TokenizerCase extends Encoding {
  readonly id: number;
  readonly text: string | string[];
  readonly pair?: string | string[];
  readonly options: Readonly<Record<string, unknown>>;
  /** The further windows of a text that was cut. */
  readonly overflowing?: readonly Encoding[];
  readonly decoded?: Readonly<Record<string, string>>;
  /** The reference refuses the request. */
  readonly error?: string;
}

/**
 * A case of XLM's tokenizer, of which the reference gives no offsets. Its normalized text and its words are those of
 * the language; its tokens are those of English, since the reference passes the language on to nothing else.
 */
interface XlmCase {
  readonly id: number;
  readonly text: string;
  readonly pair?: string;
  readonly lang: string;
  readonly normalized?: string;
  readonly words?: readonly string[];
  readonly tokens?: readonly string[];
  readonly input_ids: readonly number[];
  readonly input_ids_without_special?: readonly number[];
  readonly token_type_ids?: readonly number[] | null;
  readonly decoded?: Readonly<Record<string, string>>;
}

interface TokenizerBatch {
  readonly inputs: readonly (readonly [text: string, pair: string | null])[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly encodings: readonly Encoding[];
}

interface PlainEncoding {
  readonly text: string;
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  readonly offsets: readonly unknown[];
}

/** Checks every line of `cases.jsonl`, `batches.jsonl` and `encodings.jsonl`, plain or packed. */
export async function* checkTokenizer(folder: string): AsyncGenerator<Finding> {
  let tokenizers: { plain: Tokenizer; spaced: Tokenizer };
  try {
    tokenizers = { plain: await load(folder, false), spaced: await load(folder, true) };
  } catch (error) {
    if (!(error instanceof ClozeError)) throw error;
    yield failure("tokenizer", "load", error.message);
    return;
  }
  const shapeOfCase = (line: unknown) => ("lang" in Object(line) ? "xlmCase" : "tokenizerCase");
  for await (const reference of readCases<TokenizerCase | XlmCase>(folder, "cases.jsonl", shapeOfCase)) {
    if ("lang" in reference) {
      yield finding(`case ${reference.id}`, () => xlmDifferences(tokenizers.plain, reference as XlmCase));
      continue;
    }
    const tokenizer = reference.options.add_prefix_space === true ? tokenizers.spaced : tokenizers.plain;
    yield finding(`case ${reference.id}`, () => caseDifferences(tokenizer, reference));
  }
  let index = 0;
  for await (const batch of readCases<TokenizerBatch>(folder, "batches.jsonl", () => "tokenizerBatch")) {
    yield finding(`batch ${index++}`, () => batchDifferences(tokenizers.plain, batch));
  }
  index = 0;
  for await (const encoding of readCases<PlainEncoding>(folder, "encodings.jsonl", () => "plainEncoding")) {
    yield finding(`encoding ${index++}`, () => plainDifferences(tokenizers.plain, encoding));
  }
}

/** Published tokenizers without a padding token are padded as the references were. */
const paddingTokens = ["<|endoftext|>", "<unk>"];

async function load(folder: string, addPrefixSpace: boolean): Promise<Tokenizer> {
  const options = addPrefixSpace ? { addPrefixSpace } : {};
  const tokenizer = await AutoTokenizer.fromPretrained(folder, options);
  if (tokenizer.padToken !== undefined && tokenizer.padToken !== null) return tokenizer;
  const vocabulary = tokenizer.getVocab();
  const padToken = paddingTokens.find((token) => vocabulary.has(token));
  return padToken === undefined ? tokenizer : AutoTokenizer.fromPretrained(folder, { ...options, padToken });
}

/** The lines of a file of the folder, plain or packed, as they come; none when there is no such file. */
async function* readCases<T>(
  folder: string,
  name: string,
  shapeOf: (line: unknown) => keyof typeof referenceShapes,
): AsyncGenerator<T> {
  for (const file of [name, `${name}.gz`].map((ending) => platform.join(folder, ending))) {
    if ((await platform.stat(file, "data"))?.kind !== "file") continue;
    for await (const { line, lineNumber } of readNumberedLines(fileChunks(file), file)) {
      if (line === "") continue;
      const value = parseJson(line, file, "data");
      yield requireShape<T>(shapeOf(value), value, file, `line ${lineNumber}`);
    }
    return;
  }
}

/** A case holds when nothing differs; what the tokenizer refuses is a difference too. */
function finding(name: string, differences: () => readonly string[]): Finding {
  let differing: readonly string[];
  try {
    differing = differences();
  } catch (error) {
    if (!(error instanceof ClozeError)) throw error;
    differing = [`an error: ${error.message}`];
  }
  if (differing.length > 0) return failure("tokenizer", name, `differs in ${differing.join(", ")}`);
  return { name, kind: "tokenizer", maxAbsoluteError: 0, maxRelativeError: 0, ok: true };
}

/** The names under which `actual` does not hold what `expected` does. */
function differingNames(actual: Encoding, expected: Encoding): string[] {
  return Object.keys(expected).filter((name) => JSON.stringify(actual[name]) !== JSON.stringify(expected[name]));
}

function callOptions(options: Readonly<Record<string, unknown>>): TokenizerCallOptions {
  const own = Object.entries(options).filter(
    ([name]) => !["add_prefix_space", "return_overflowing_tokens"].includes(name),
  );
  return Object.fromEntries(own.map(([name, value]) => [camelCase(name), value]));
}

function caseDifferences(tokenizer: Tokenizer, reference: TokenizerCase): string[] {
  const { id: _, text, pair, options, decoded, slow_input_ids: __, error, overflowing, ...expected } = reference;
  const call = (): EncodedArrays =>
    tokenizer(text as string, {
      ...callOptions(options),
      textPair: pair,
      returnOverflowingTokens: true,
      returnTensors: false,
    });
  if (error !== undefined) return refuses(call) ? [] : ["what is refused"];
  const encoded = call();
  const windows = options.return_overflowing_tokens === true;
  const differing = differingNames(published(encoded), inUtf16(expected));
  if (windows) {
    const [own, wanted] = [(encoded.overflowing ?? []).map(published), (overflowing ?? []).map(inUtf16)];
    if (
      own.length !== wanted.length ||
      own.some((window, index) => differingNames(window, wanted[index] ?? {}).length > 0)
    ) {
      differing.push("overflowing");
    }
  }
  return [...differing, ...decodedDifferences(tokenizer, encoded.inputIds, decoded ?? {})];
}

function xlmDifferences(tokenizer: Tokenizer, reference: XlmCase): string[] {
  const { text, pair, lang, decoded = {} } = reference;
  const encoded = tokenizer(text, { textPair: pair, returnTensors: false });
  const { normalized, words } = tokenizer.wordsOf(text, { lang });
  const own: Encoding = {
    input_ids: encoded.inputIds,
    token_type_ids: encoded.tokenTypeIds,
    tokens: tokenizer.tokenize(text),
    input_ids_without_special: tokenizer.encodeIds(text),
    normalized,
    words,
  };
  const names = ["input_ids", "token_type_ids", "tokens", "input_ids_without_special", "normalized", "words"] as const;
  // Where all of a word are accents, the reference has an empty one, which has no tokens.
  const filled = { ...reference, words: reference.words?.filter((word) => word !== "") };
  const expected = names.flatMap((name) => (filled[name] === undefined || filled[name] === null ? [] : [name]));
  return [
    ...expected.filter((name) => JSON.stringify(plain(own[name])) !== JSON.stringify(filled[name])),
    ...decodedDifferences(tokenizer, encoded.inputIds, decoded),
  ];
}

function plain(value: unknown): unknown {
  return value instanceof Int32Array ? Array.from(value) : value;
}

function refuses(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (error instanceof ClozeError) return true;
    throw error;
  }
}

/** The reference counts code points; ours are UTF-16 units, which it gives where they differ. */
function inUtf16({ offset_mapping_utf16: units, ...encoding }: Encoding): Encoding {
  return units === undefined ? encoding : { ...encoding, offset_mapping: units };
}

function published(encoded: EncodedArrays): Encoding {
  return {
    input_ids: encoded.inputIds,
    token_type_ids: encoded.tokenTypeIds,
    attention_mask: encoded.attentionMask,
    special_tokens_mask: encoded.specialTokensMask,
    offset_mapping: encoded.offsetMapping,
    word_ids: encoded.wordIds,
    sequence_ids: encoded.sequenceIds,
    tokens: encoded.tokens,
  };
}

function decodedDifferences(
  tokenizer: Tokenizer,
  ids: readonly number[],
  decoded: Readonly<Record<string, string>>,
): string[] {
  const ways: Readonly<Record<string, readonly [skip: boolean, clean: boolean]>> = {
    keep: [false, false],
    skip: [true, false],
    keep_clean: [false, true],
    skip_clean: [true, true],
  };
  return Object.entries(decoded).flatMap(([way, expected]) => {
    const [skipSpecialTokens, cleanUpTokenizationSpaces] = ways[way] ?? [];
    const text = tokenizer.decode(ids, {
      ...(skipSpecialTokens !== undefined && { skipSpecialTokens }),
      ...(cleanUpTokenizationSpaces !== undefined && { cleanUpTokenizationSpaces }),
    });
    return way in ways && text === expected ? [] : [`decoded.${way}`];
  });
}

function batchDifferences(tokenizer: Tokenizer, { inputs, options, encodings }: TokenizerBatch): string[] {
  const texts = inputs.map(([text]) => text);
  const pairs = inputs.flatMap(([, pair]) => pair ?? []);
  const batch = tokenizer(texts, {
    ...callOptions(options),
    textPair: pairs.length > 0 ? pairs : undefined,
    returnTokenTypeIds: true,
    returnTensors: false,
  });
  const differing = encodings.flatMap((expected, row) =>
    differingNames(
      {
        input_ids: batch.inputIds[row],
        token_type_ids: batch.tokenTypeIds?.[row],
        attention_mask: batch.attentionMask?.[row],
      },
      expected,
    ),
  );
  return [...new Set(differing)];
}

function plainDifferences(tokenizer: Tokenizer, { text, ids, tokens, offsets }: PlainEncoding): string[] {
  const encoded = tokenizer(text, { addSpecialTokens: false, returnTensors: false });
  const own = { ids: encoded.inputIds, tokens: encoded.tokens, offsets: codePointOffsets(text, encoded.offsetMapping) };
  return differingNames(own, { ids, tokens, offsets });
}

/** Offsets in a string counted in code points, as these files have them. */
function codePointOffsets(text: string, offsets: EncodedArrays["offsetMapping"]): readonly unknown[] {
  const places = new Uint32Array(text.length + 1);
  let unit = 0;
  let point = 0;
  for (const character of text) {
    places.fill(point, unit, unit + character.length);
    unit += character.length;
    point++;
  }
  places[unit] = point;
  return (offsets ?? []).map(([start, end]) => [places[start], places[end]]);
}
