/** Tokenizers from a SentencePiece model file: as the class of a published model has them, or as SentencePiece itself. */
import { TokenizerError } from "../../errors.ts";
import { type AddedTokenWithId, specialToken } from "../added-vocabulary.ts";
import {
  ByteFallbackDecoder,
  type Decoder,
  FuseDecoder,
  MetaspaceDecoder,
  ReplaceDecoder,
  SequenceDecoder,
  StripDecoder,
} from "../decoders/index.ts";
import { fieldError } from "../json-fields.ts";
import { BpeModel, type Model, UnigramModel } from "../models/index.ts";
import {
  LowercaseNormalizer,
  type Normalizer,
  PrecompiledNormalizer,
  PrependNormalizer,
  ReplaceNormalizer,
  SequenceNormalizer,
  StripAccentsNormalizer,
  StripNormalizer,
  UnicodeFormNormalizer,
} from "../normalizers/index.ts";
import { publishedPattern, textPattern } from "../patterns.ts";
import { type PostProcessor, templatePostProcessor } from "../post-processors/index.ts";
import {
  MetaspacePreTokenizer,
  type PreTokenizer,
  PunctuationPreTokenizer,
  SequencePreTokenizer,
  WhitespaceSplitPreTokenizer,
} from "../pre-tokenizers/index.ts";
import { booleanOf, type TokenizerConfig } from "../tokenizer-config.ts";
import { TokenizerPipeline } from "../tokenizer-pipeline.ts";
import { Vocabulary } from "../vocabulary.ts";
import { mergesOfPieces } from "./merges.ts";
import { readSentencePieceFile, type SentencePieceFile } from "./model-file.ts";

const SPACE_MARK = "▁";

/**
 * Builds the pipeline of a model file. Special tokens that the settings do not name are set in `config` as the file has them.
 *
 * @throws TokenizerError naming `file` and the field that is wrong.
 */
export function sentencePiecePipeline(bytes: Uint8Array, file: string, config: TokenizerConfig): TokenizerPipeline {
  const model = readSentencePieceFile(bytes, file);
  const name = config.tokenizerClass.replace(/Fast$/, "");
  const published = Object.hasOwn(PUBLISHED, name) ? PUBLISHED[name] : undefined;
  if (published && model.kind === "unigram") return published(model, file, config);
  if (!published && !OWN_CLASSES.includes(name)) throw unknownClass(name, file);
  for (const [role, content] of model.special) {
    if (!config.specialTokens.has(role)) config.specialTokens.set(role, specialToken(content));
  }
  return ownPipeline(model, file);
}

/** The file as SentencePiece applies it; control pieces in a text are found there as special tokens. */
function ownPipeline(file: SentencePieceFile, path: string): TokenizerPipeline {
  const { addsDummyPrefix, removesExtraSpaces, byteFallback, splitsAtSpaces } = file;
  const normalizers: Normalizer[] = normalizationOf(file, path, "longest");
  if (removesExtraSpaces) {
    normalizers.push(new ReplaceNormalizer(publishedPattern(" {2,}"), " "));
    if (!addsDummyPrefix) normalizers.push(new ReplaceNormalizer(publishedPattern("\\A "), ""));
    // Parts of a text end before the pieces that the user defined, and a space there is not at its end.
    const isWhole = file.pieces.idsOf("user-defined").length === 0;
    if (isWhole) normalizers.push(new ReplaceNormalizer(publishedPattern(" \\z"), ""));
  } else if (addsDummyPrefix) {
    normalizers.push(new PrependNormalizer(" "));
  }
  const decoders: Decoder[] = [new ReplaceDecoder(textPattern(SPACE_MARK), " ")];
  if (byteFallback) decoders.push(new ByteFallbackDecoder());
  decoders.push(new FuseDecoder());
  if (addsDummyPrefix) decoders.push(new StripDecoder(" ", 1, 0));
  return new TokenizerPipeline({
    normalizer: normalizers.length > 0 ? new SequenceNormalizer(normalizers) : undefined,
    preTokenizer: new MetaspacePreTokenizer({
      replacement: SPACE_MARK,
      prependScheme: addsDummyPrefix && removesExtraSpaces ? "first" : "never",
      // Without removal, several marks may stand in a row, and make a piece together.
      split: splitsAtSpaces && removesExtraSpaces,
    }),
    model: modelOf(file, path),
    decoder: new SequenceDecoder(decoders),
    addedTokens: addedPieces(file),
  });
}

/** Names under which a file is applied as it is; other classes number its pieces anew, or put other tokens around texts. */
const OWN_CLASSES = ["PreTrainedTokenizer", "TokenizersBackend", "LlamaTokenizer"];

function unknownClass(name: string, file: string): TokenizerError {
  const known = [...Object.keys(PUBLISHED), ...OWN_CLASSES].join(", ");
  return new TokenizerError(`${file}: what ${name} makes of a SentencePiece file is not known.`, {
    file,
    field: "tokenizer_class",
    expected: `tokenizer.json in the folder, or one of ${known}`,
    received: name,
    hint: "Put a tokenizer.json beside it: save_pretrained in Python writes one, and for Marian, of which it does not, copies of the models for transformers.js hold one.",
  });
}

type PublishedPipeline = (model: SentencePieceFile, file: string, config: TokenizerConfig) => TokenizerPipeline;

/** What the classes of published models do beside the file, by their names without `Fast`. */
const PUBLISHED: Readonly<Record<string, PublishedPipeline>> = {
  AlbertTokenizer: (model, file, config) => {
    const unigram = unigramOf(model, file);
    const template = templateOf(unigram, "[CLS]:0 $A:0 [SEP]:0", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1");
    const lowercase = booleanOf(config, "do_lower_case") ?? true;
    return publishedPipeline(model, unigram, template, foldedNormalizers(model, file, config, lowercase));
  },
  XLNetTokenizer: (model, file, config) => {
    const unigram = unigramOf(model, file);
    const template = templateOf(unigram, "$A:0 <sep>:0 <cls>:2", "$A:0 <sep>:0 $B:1 <sep>:1 <cls>:2");
    const lowercase = booleanOf(config, "do_lower_case") ?? false;
    return publishedPipeline(model, unigram, template, foldedNormalizers(model, file, config, lowercase));
  },
  T5Tokenizer: (model, file, config) => {
    const given = config.rest.extra_ids;
    const count = typeof given === "number" && given >= 0 && given < 10_000 ? Math.floor(given) : 100;
    const sentinels = Array.from({ length: count }, (_, index) => `<extra_id_${count - 1 - index}>`);
    if (config.additionalSpecialTokens.length === 0) {
      config.additionalSpecialTokens = [...sentinels].reverse().map((content) => specialToken(content));
    }
    const unigram = unigramOf(model, file, { after: sentinels });
    return publishedPipeline(model, unigram, templateOf(unigram, "$A </s>", "$A </s> $B </s>"));
  },
  XLMRobertaTokenizer: (model, file) => {
    // The first three pieces are the file's own unknown, begin and end; the model's ids begin otherwise.
    const unigram = unigramOf(model, file, {
      dropped: 3,
      before: ["<s>", "<pad>", "</s>", "<unk>"],
      after: ["<mask>"],
    });
    return publishedPipeline(
      model,
      unigram,
      templateOf(unigram, "<s> $A </s>", "<s> $A </s> </s> $B </s>"),
      undefined,
      [],
    );
  },
  CamembertTokenizer: (model, file) => {
    // Behind five tokens of fairseq, one of which was to be no piece, come all pieces but the file's unknown one.
    const unigram = unigramOf(model, file, {
      dropped: 1,
      before: ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"],
      beforeScores: [0, 0, 0, 0, -100],
      after: ["<mask>"],
    });
    const template = templateOf(unigram, "<s> $A </s>", "<s> $A </s> </s> $B </s>");
    return publishedPipeline(model, unigram, template, undefined, []);
  },
  DebertaV2Tokenizer: (model, file, config) => {
    const unigram = unigramOf(model, file);
    const metaspace = new MetaspacePreTokenizer({
      replacement: SPACE_MARK,
      prependScheme: (booleanOf(config, "add_prefix_space") ?? true) ? "always" : "first",
      split: true,
    });
    const punctuation = booleanOf(config, "split_by_punct") ? [new PunctuationPreTokenizer("Isolated")] : [];
    const lowercase = booleanOf(config, "do_lower_case") ? [new LowercaseNormalizer()] : [];
    const spaces = new ReplaceNormalizer(publishedPattern("\\s{2,}|[\\n\\r\\t]"), " ");
    const pipeline = new TokenizerPipeline({
      // The file's own map is not applied.
      normalizer: new SequenceNormalizer([
        ...[...lowercase, spaces, new UnicodeFormNormalizer("NFC"), new StripNormalizer(false, true)],
      ]),
      preTokenizer: new SequencePreTokenizer([...punctuation, metaspace]),
      model: unigram,
      decoder: new MetaspaceDecoder(metaspace.options),
      addedTokens: addedPieces(model),
    });
    // Small files lack these, and the reference adds them in this order.
    pipeline.addTokens(["[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]"].map((token) => specialToken(token)));
    const idOf = (token: string): number => pipeline.idOf(token)!;
    const pair = "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1";
    return pipeline.with({ postProcessor: templatePostProcessor("[CLS]:0 $A:0 [SEP]:0", pair, idOf) });
  },
};

function publishedPipeline(
  file: SentencePieceFile,
  model: UnigramModel,
  postProcessor: PostProcessor,
  normalizers: readonly Normalizer[] = normalizationOf(file, "", "grapheme"),
  addedTokens: readonly AddedTokenWithId[] = addedPieces(file),
): TokenizerPipeline {
  const metaspace = { replacement: SPACE_MARK, prependScheme: "always", split: true } as const;
  const cuts: readonly PreTokenizer[] = [new WhitespaceSplitPreTokenizer(), new MetaspacePreTokenizer(metaspace)];
  return new TokenizerPipeline({
    normalizer: normalizers.length > 1 ? new SequenceNormalizer(normalizers) : normalizers[0],
    preTokenizer: new SequencePreTokenizer(cuts),
    model,
    postProcessor,
    decoder: new MetaspaceDecoder(metaspace),
    addedTokens,
  });
}

/** Quotation marks unified, accents and capitals gone if the settings say so, then the file's own map. */
function foldedNormalizers(
  model: SentencePieceFile,
  file: string,
  config: TokenizerConfig,
  lowercase: boolean,
): Normalizer[] {
  const normalizers: Normalizer[] = ["``", "''"].map((quotes) => new ReplaceNormalizer(textPattern(quotes), '"'));
  if (!(booleanOf(config, "keep_accents") ?? false)) {
    normalizers.push(new UnicodeFormNormalizer("NFKD"), new StripAccentsNormalizer());
  }
  if (lowercase) normalizers.push(new LowercaseNormalizer());
  return [...normalizers, ...normalizationOf(model, file, "grapheme")];
}

function normalizationOf(
  { normalizationMap }: SentencePieceFile,
  file: string,
  matching: "grapheme" | "longest",
): Normalizer[] {
  if (normalizationMap.length === 0) return [];
  const normalizer = PrecompiledNormalizer.fromBytes(normalizationMap, matching);
  if (normalizer) return [normalizer];
  throw fieldError(file, "normalizer_spec.precompiled_charsmap", "a normalization map", "other bytes");
}

function modelOf(file: SentencePieceFile, path: string): Model {
  if (file.kind === "unigram") return unigramOf(file, path);
  const { vocabulary } = file.pieces;
  const unknownToken = vocabulary.tokenOf(file.unknownId)!;
  const merges = file.kind === "bpe" ? mergesOfPieces(file.pieces, path) : [];
  const options = { unknownToken, fuseUnknown: true, byteFallback: file.byteFallback };
  return new BpeModel(vocabulary, merges, options, path);
}

interface Rearrangement {
  /** How many of the first pieces are left out. */
  readonly dropped?: number;
  readonly before?: readonly string[];
  /** Zeros if absent. */
  readonly beforeScores?: readonly number[];
  readonly after?: readonly string[];
}

function unigramOf(file: SentencePieceFile, path: string, change: Rearrangement = {}): UnigramModel {
  const { dropped = 0, before = [], beforeScores = before.map(() => 0), after = [] } = change;
  const { vocabulary: given, scores: givenScores } = file.pieces;
  const unknown = given.tokenOf(file.unknownId)!;
  const tokens = before.concat(given.tokens.slice(dropped) as string[], after);
  const scores = new Float64Array(tokens.length);
  scores.set(beforeScores);
  scores.set(givenScores.subarray(dropped), before.length);
  const vocabulary = new Vocabulary(tokens, { file: path, field: "pieces" });
  return new UnigramModel(vocabulary, scores, {
    unknownId: vocabulary.idOf(unknown),
    byteFallback: file.byteFallback,
  });
}

function templateOf(model: Model, single: string, pair: string): PostProcessor {
  return templatePostProcessor(single, pair, (token) => model.vocabulary.require(token, "which stands around texts"));
}

/** Control pieces are special tokens; pieces that the user defined are found in texts whole. */
function addedPieces({ pieces }: SentencePieceFile): AddedTokenWithId[] {
  const ids = [...pieces.idsOf("control"), ...pieces.idsOf("user-defined")].sort((a, b) => a - b);
  return ids.map((id) => {
    const special = pieces.typeOf(id) === "control";
    return { ...specialToken(pieces.vocabulary.tokenOf(id)!, { special }), id };
  });
}
