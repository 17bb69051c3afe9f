/**
 * Published and trained tokenizers against the reference library: every field of every case, every batch, as
 * `cloze verify` compares them. The cases lie beside the repository, in `../shared/golden/tokenizers`; without them the
 * suite is skipped.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { AutoTokenizer } from "../../src/tokenizers/index.ts";
import { verify } from "../../src/verification/index.ts";

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

async function expectSame(folder: string, atLeast: number): Promise<void> {
  const report = await verify(folder);
  expect(report.results.filter(({ ok }) => !ok)).toEqual([]);
  expect(report.checked).toBeGreaterThan(atLeast);
}

describe.skipIf(!existsSync(GOLDEN))("tokenizers (skipped without ../shared/golden)", () => {
  it.each(PUBLISHED)("%s: all cases and batches", (name) => expectSame(join(GOLDEN, name), 200));

  it.each(TRAINED)("trained/%s: encodings", (name) => expectSame(join(GOLDEN, "trained", name), 20));

  it.each(PUBLISHED)("%s: the same as tensors and as bare ids", async (name) => {
    const tokenizer = await AutoTokenizer.fromPretrained(join(GOLDEN, name), { padToken: PAD_TOKENS[name] });
    const texts = ["a text", "今天天气很好，我们去公园。", "", "another one, \t with more of it 😀"];
    const plain = tokenizer(texts, { padding: true, returnTensors: false });
    const tensors = tokenizer(texts, { padding: true, returnTensors: true });
    expect(tensors.inputIds.dims).toEqual([texts.length, plain.inputIds[0]?.length]);
    expect(JSON.parse(JSON.stringify(tensors.inputIds))).toEqual(plain.inputIds);
    expect(JSON.parse(JSON.stringify(tensors.attentionMask))).toEqual(plain.attentionMask);
    for (const text of texts) {
      const { inputIds } = tokenizer(text, { addSpecialTokens: false, returnTensors: false });
      expect(Array.from(tokenizer.encodeIds(text))).toEqual(inputIds);
    }
  });
});
