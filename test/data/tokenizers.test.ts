/**
 * Published tokenizers against the reference library: every field of every case, every batch.
 * The cases lie beside the repository, in `../shared/golden/tokenizers`; without them the suite is skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  AutoTokenizer,
  type EncodedArrays,
  type Tokenizer,
  type TokenizerCallOptions,
} from "../../src/tokenizers/index.ts";
import { encodedAsReference, optionsOfCase, type ReferenceCase, type ReferenceEncoding } from "./tokenizer-cases.ts";

const GOLDEN = fileURLToPath(new URL("../../../shared/golden/tokenizers", import.meta.url));
const PUBLISHED = [
  "bert-base-uncased",
  "bert-base-cased",
  "bert-base-chinese",
  "bert-base-multilingual-cased",
  "roberta-base",
  "gpt2",
  "openai-gpt",
  "albert-base-v1",
  "xlnet-base-cased",
  "t5-base",
];
/** What the reference pads with where the published tokenizer has no padding token. */
const PAD_TOKENS: Record<string, string> = { gpt2: "<|endoftext|>", "openai-gpt": "<unk>" };
const TRAINED = [
  ...["wordpiece-lower-1000", "wordpiece-cased-4000", "wordpiece-zh-4000", "wordpiece-zh-4000-limit1000"],
  ...["bpe-byte-1000", "bpe-byte-5000", "bpe-byte-zh-5000", "bpe-char-1000", "bpe-char-zh-9000"],
  ...["unigram-1000", "unigram-2000", "unigram-zh-8000"],
];

function readLines<T>(path: string): T[] {
  const text = existsSync(path) ? readFileSync(path, "utf8") : gunzipSync(readFileSync(`${path}.gz`)).toString("utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}

interface ReferenceBatch {
  inputs: [string, string | null][];
  options: Record<string, unknown>;
  encodings: Pick<ReferenceEncoding, "input_ids" | "token_type_ids" | "attention_mask">[];
}

function checkCase(tokenizer: Tokenizer, reference: ReferenceCase): void {
  const options: TokenizerCallOptions = { ...optionsOfCase(reference.options), textPair: reference.pair };
  const call = (): EncodedArrays =>
    tokenizer(reference.text as string, { ...options, returnOverflowingTokens: true, returnTensors: false });
  if (reference.error !== undefined) {
    expect(call, `case ${reference.id}`).toThrow(expect.objectContaining({ kind: "tokenizer" }));
    return;
  }
  const encoded = call();
  const { id: _id, text: _text, pair, options: asked, decoded, slow_input_ids: _slow, ...expected } = reference;
  const wantsWindows = asked.return_overflowing_tokens === true;
  const actual = encodedAsReference(encoded, pair !== undefined, wantsWindows);
  const { offset_mapping_utf16, overflowing = [], ...rest } = expected;
  expect({ id: reference.id, ...actual }).toEqual({
    id: reference.id,
    ...rest,
    offset_mapping: offset_mapping_utf16 ?? rest.offset_mapping,
    ...(wantsWindows && {
      overflowing: overflowing.map(({ offset_mapping_utf16: units, ...window }) => ({
        ...window,
        offset_mapping: units ?? window.offset_mapping,
      })),
    }),
  });
  const decode = (skipSpecialTokens: boolean, cleanUpTokenizationSpaces: boolean): string =>
    tokenizer.decode(encoded.inputIds, { skipSpecialTokens, cleanUpTokenizationSpaces });
  expect({
    keep: decode(false, false),
    skip: decode(true, false),
    keep_clean: decode(false, true),
    skip_clean: decode(true, true),
  }).toEqual(decoded);
}

describe.skipIf(!existsSync(GOLDEN))("published tokenizers (skipped without ../shared/golden)", () => {
  for (const name of PUBLISHED) {
    const folder = join(GOLDEN, name);
    const load = (addPrefixSpace?: boolean): Promise<Tokenizer> =>
      AutoTokenizer.fromPretrained(folder, { padToken: PAD_TOKENS[name], addPrefixSpace });

    it(`${name}: all cases`, async () => {
      const tokenizer = await load();
      const spaced = await load(true);
      const cases = readLines<ReferenceCase>(join(folder, "cases.jsonl"));
      expect(cases.length).toBeGreaterThan(200);
      for (const reference of cases) {
        checkCase(reference.options.add_prefix_space === true ? spaced : tokenizer, reference);
      }
    });

    it(`${name}: all batches, as arrays and as tensors`, async () => {
      const tokenizer = await load();
      const batches = readLines<ReferenceBatch>(join(folder, "batches.jsonl"));
      expect(batches.length).toBeGreaterThan(0);
      for (const { inputs, options, encodings } of batches) {
        const texts = inputs.map(([text]) => text);
        const seconds = inputs.flatMap(([, pair]) => pair ?? []);
        const call: TokenizerCallOptions = {
          ...optionsOfCase(options),
          textPair: seconds.length > 0 ? seconds : undefined,
          returnTokenTypeIds: true,
        };
        const plain = tokenizer(texts, { ...call, returnTensors: false });
        expect(plain.inputIds).toEqual(encodings.map((encoding) => encoding.input_ids));
        expect(plain.tokenTypeIds).toEqual(encodings.map((encoding) => encoding.token_type_ids));
        expect(plain.attentionMask).toEqual(encodings.map((encoding) => encoding.attention_mask));
        const tensors = tokenizer(texts, { ...call, returnTensors: true });
        expect(tensors.inputIds.dims).toEqual([texts.length, encodings[0]!.input_ids.length]);
        expect(JSON.parse(JSON.stringify(tensors.inputIds))).toEqual(plain.inputIds);
        expect(JSON.parse(JSON.stringify(tensors.attentionMask))).toEqual(plain.attentionMask);
      }
    });
  }

  for (const name of TRAINED) {
    it(`trained/${name}: encodings`, async () => {
      const tokenizer = await AutoTokenizer.fromPretrained(join(GOLDEN, "trained", name));
      const rows = readLines<{ text: string; ids: number[]; tokens: string[]; offsets: [number, number][] }>(
        join(GOLDEN, "trained", name, "encodings.jsonl"),
      );
      expect(rows.length).toBeGreaterThan(20);
      for (const { text, ids, tokens, offsets } of rows) {
        const encoded = tokenizer(text, { addSpecialTokens: false, returnTensors: false });
        expect(encoded.inputIds).toEqual(ids);
        expect(encoded.tokens).toEqual(tokens);
        // The reference counts code points; these texts have none beyond the basic plane.
        expect(encoded.offsetMapping).toEqual(offsets);
        expect(Array.from(tokenizer.encodeIds(text))).toEqual(ids);
      }
    });
  }
});
