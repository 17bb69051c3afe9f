import { describe, expect, it } from "vitest";
import { DataError } from "../../errors.ts";
import { type TrainingProgress, trainByteLevelBpe, trainCharacterBpe, trainUnigram, trainWordPiece } from "./index.ts";

describe("trainWordPiece", () => {
  const lines = ["low low low low low lower lower newest newest newest newest newest newest widest widest widest"];

  it("merges the most frequent pairs first", async () => {
    const tokenizer = await trainWordPiece(lines, { vocabSize: 32 });
    const letters = ["d", "e", "i", "l", "n", "o", "r", "s", "t", "w"];
    const inside = ["d", "e", "i", "o", "r", "s", "t", "w"].map((letter) => `##${letter}`);
    // Pairs and counts: e-s 9 (s-t is equal but has larger ids), es-t 9, l-o 7, lo-w 7, n-e 6, w-est 6, ne-west 6, w-i 3.
    const merged = ["##es", "##est", "lo", "low", "ne", "##west", "newest", "wi", "##dest"];
    expect(tokenizer.pipeline.model.vocabulary.tokens).toEqual([
      ...["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
      ...letters,
      ...inside,
      ...merged,
    ]);
    expect(tokenizer.tokenize("Lowest")).toEqual(["low", "##est"]);
  });

  it("limits the alphabet to the most frequent characters", async () => {
    const tokenizer = await trainWordPiece(["aaa bb c"], { limitAlphabet: 2, vocabSize: 100 });
    expect(tokenizer.getVocab().has("b")).toBe(true);
    expect(tokenizer.getVocab().has("c")).toBe(false);
    expect(tokenizer.tokenize("c")).toEqual(["[UNK]"]);
  });

  it("is deterministic, whatever the lines come in", async () => {
    async function* stream(): AsyncGenerator<string> {
      for (const line of lines) yield line;
    }
    const one = await trainWordPiece(lines, { vocabSize: 40 });
    const two = await trainWordPiece(stream(), { vocabSize: 40 });
    expect(two.pipeline.model.toJSONText()).toBe(one.pipeline.model.toJSONText());
  });

  it("says what it is: a BERT tokenizer", async () => {
    const tokenizer = await trainWordPiece(lines, {
      vocabSize: 40,
      lowercase: false,
      specialTokens: ["[MASK]", "[PAD]", "[X]", "[UNK]", "[CLS]", "[SEP]"],
    });
    expect(tokenizer.config).toMatchObject({
      tokenizerClass: "BertTokenizer",
      modelMaxLength: 512,
      rest: { do_lower_case: false, strip_accents: null, tokenize_chinese_chars: true },
    });
    expect([tokenizer.maskTokenId, tokenizer.padTokenId, tokenizer.additionalSpecialTokens]).toEqual([0, 1, ["[X]"]]);
    expect(tokenizer("low [X]", { returnTensors: false }).tokens).toEqual(["[CLS]", "low", "[X]", "[SEP]"]);
  });

  it("reports progress", async () => {
    const seen: TrainingProgress[] = [];
    await trainWordPiece(lines, { vocabSize: 40, onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ stage }) => stage)).toEqual(["words", "merges"]);
    expect(seen.at(0)).toEqual({ stage: "words", done: 1, total: 1 });
  });

  it("refuses an empty corpus and wrong options", async () => {
    await expect(trainWordPiece(["", "  "])).rejects.toBeInstanceOf(DataError);
    await expect(trainWordPiece(lines, { vocabsize: 5 } as object)).rejects.toMatchObject({
      hint: "Did you mean vocabSize?",
    });
    await expect(trainWordPiece(lines, { vocabSize: -1 })).rejects.toMatchObject({ field: "vocabSize" });
    await expect(trainWordPiece(lines, { specialTokens: ["[PAD]"] })).rejects.toMatchObject({ field: "specialTokens" });
  });
});

describe("trainByteLevelBpe", () => {
  const lines = ["low low low low low lower lower", "😀 über"];

  it("knows all bytes and decodes what it encodes", async () => {
    const tokenizer = await trainByteLevelBpe(lines, { vocabSize: 270 });
    for (const text of ["lower", "日本 😀\n\t x", "\0\uffff"]) {
      expect(tokenizer.decode(tokenizer.encodeIds(text))).toBe(text);
    }
    expect(tokenizer.tokenize("low lower")).toEqual(["low", "Ġlower"]);
  });

  it("is GPT-2's kind by default, RoBERTa's if asked, and neither with other special tokens", async () => {
    const gpt2 = await trainByteLevelBpe(lines, { vocabSize: 260 });
    expect([gpt2.config.tokenizerClass, gpt2.eosToken, gpt2.eosTokenId]).toEqual(["GPT2Tokenizer", "<|endoftext|>", 0]);
    const roberta = await trainByteLevelBpe(lines, { vocabSize: 265, style: "roberta" });
    expect([roberta.config.tokenizerClass, roberta.maskTokenId]).toEqual(["RobertaTokenizer", 4]);
    expect(roberta("low <mask>", { returnTensors: false }).tokens).toEqual(["<s>", "low", " <mask>", "</s>"]);
    const own = await trainByteLevelBpe(lines, { vocabSize: 260, specialTokens: ["<end>"] });
    expect(own.config).toMatchObject({ tokenizerClass: "PreTrainedTokenizerFast" });
    expect(own.additionalSpecialTokens).toEqual(["<end>"]);
  });
});

describe("trainCharacterBpe", () => {
  it("marks the ends of words and decodes them as spaces", async () => {
    const tokenizer = await trainCharacterBpe(["low low lower lowest lowest", "X"], { vocabSize: 40 });
    expect(tokenizer.tokenize("Low lowest q")).toEqual(["low</w>", "lowest</w>", "<unk>"]);
    expect(tokenizer.decode(tokenizer.encodeIds("low lowest"))).toBe("low lowest");
    expect([tokenizer.config.tokenizerClass, tokenizer.unkTokenId]).toEqual(["OpenAIGPTTokenizer", 0]);
  });
});

describe("trainUnigram", () => {
  const text = [
    ...["the boat left the harbour", "the keeper saw the boat", "a boat and a keeper"],
    ...["boats keep leaving, keepers keep staying", "the boating harbours"],
  ];
  const lines: string[] = Array(50).fill(text).flat();

  it("learns the reference's pieces and scores", async () => {
    const tokenizer = await trainUnigram(lines, { vocabSize: 44 });
    const { vocab } = JSON.parse(tokenizer.pipeline.model.toJSONText());
    // From tokenizers 0.23.3; single characters that were lost have scores in the order of a hash table there.
    const scores = new Map<string, number>(vocab);
    expect(vocab.length).toBe(39);
    expect(scores.get("▁boat")).toBeCloseTo(-2.542286567189741, 9);
    expect(scores.get("ing")).toBeCloseTo(-3.0291279527159034, 9);
    expect(scores.get("le")).toBeCloseTo(-7.623606238825829, 9);
    expect(tokenizer.tokenize("the boat keeps leaving").join(" ")).toBe("▁ t h e ▁boat ▁keep s ▁le a v ing");
  });

  it("keeps every character, and decodes what it encodes", async () => {
    const tokenizer = await trainUnigram(lines, { vocabSize: 44 });
    for (const character of "theboalfrukpswndvgy,▁") expect(tokenizer.getVocab().has(character), character).toBe(true);
    expect(tokenizer.decode(tokenizer.encodeIds("the keeper  left a boat"))).toBe("the keeper left a boat");
    expect([tokenizer.unkTokenId, tokenizer.padTokenId]).toEqual([0, 3]);
    expect(tokenizer.tokenize("boat Q").at(-1)).toBe("Q");
    expect(tokenizer.encodeIds("Q").at(-1)).toBe(tokenizer.unkTokenId);
  });

  it("refuses options that make no sense", async () => {
    await expect(trainUnigram(lines, { shrinkingFactor: 2 })).rejects.toMatchObject({ field: "shrinkingFactor" });
    await expect(trainUnigram(lines, { vocabSize: 3 })).rejects.toMatchObject({ field: "vocabSize" });
    await expect(trainUnigram(lines, { specialTokens: ["<s>"] })).rejects.toMatchObject({ field: "specialTokens" });
  });
});
