/**
 * SentencePiece's model files: pieces with scores, and the settings of training and normalization, as protobuf.
 *
 * Kudo and Richardson 2018, https://arxiv.org/abs/1808.06226; field numbers are those of sentencepiece_model.proto
 * (https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto).
 */
import protobuf from "protobufjs/minimal.js";
import { TokenizerError } from "../../errors.ts";
import { fieldError } from "../json-fields.ts";
import { Vocabulary } from "../vocabulary.ts";

export type PieceType = "normal" | "unknown" | "control" | "user-defined" | "unused" | "byte";
export type SentencePieceKind = "unigram" | "bpe" | "char";

/** Pieces by their ids; columns, since objects would take many times the file's memory. */
export class SentencePieces {
  readonly vocabulary: Vocabulary;
  readonly scores: Float64Array;
  readonly #types: Uint8Array;

  /** `types`: places in `PIECE_TYPES`. */
  constructor(vocabulary: Vocabulary, scores: Float64Array, types: Uint8Array) {
    this.vocabulary = vocabulary;
    this.scores = scores;
    this.#types = types;
  }

  get size(): number {
    return this.vocabulary.size;
  }

  typeOf(id: number): PieceType | undefined {
    return PIECE_TYPES[this.#types[id] ?? -1];
  }

  /** Ids of all pieces of a type, in order. */
  idsOf(type: PieceType): number[] {
    const ids: number[] = [];
    for (let id = 0; id < this.size; id++) if (this.typeOf(id) === type) ids.push(id);
    return ids;
  }
}

export interface SentencePieceFile {
  readonly pieces: SentencePieces;
  readonly kind: SentencePieceKind;
  readonly byteFallback: boolean;
  /** No piece spans several words. */
  readonly splitsAtSpaces: boolean;
  /** Special pieces by their usual names, as far as the model has them. */
  readonly special: ReadonlyMap<"unk_token" | "bos_token" | "eos_token" | "pad_token", string>;
  readonly unknownId: number;
  /** The compiled map of characters; empty: text stays as it is. */
  readonly normalizationMap: Uint8Array;
  readonly addsDummyPrefix: boolean;
  readonly removesExtraSpaces: boolean;
}

/** More pieces than any model has, and longer ones: bounds against hostile files. */
const MOST_PIECES = 300_000;
const LONGEST_PIECE_BYTES = 1024;

const PIECE_TYPES: readonly PieceType[] = ["normal", "unknown", "control", "user-defined", "unused", "byte"];
/** By number; the third, whole words, joins unknown ones to tokens of several words, which nothing here does. */
const KINDS: readonly (SentencePieceKind | undefined)[] = ["unigram", "bpe", undefined, "char"];

/** @throws TokenizerError naming `file` and the field that is wrong. */
export function readSentencePieceFile(bytes: Uint8Array, file: string): SentencePieceFile {
  const trainer = new TrainerFields(file);
  const normalizer = { map: new Uint8Array(0), addsDummyPrefix: true, removesExtraSpaces: true };
  const count = countPieces(bytes, file);
  const texts = new Array<string>(count).fill("");
  const [scores, types] = [new Float64Array(count), new Uint8Array(count)];
  let id = 0;
  readMessage(bytes, file, "(the whole file)", (field, reader) => {
    if (field === 1) {
      const piece = readPiece(reader.bytes(), file, `pieces.${id}`);
      texts[id] = piece.text;
      scores[id] = piece.score;
      types[id++] = piece.type;
    } else if (field === 2) trainer.read(reader.bytes());
    else if (field === 3) {
      readMessage(reader.bytes(), file, "normalizer_spec", (inner, innerReader) => {
        if (inner === 2) normalizer.map = Uint8Array.from(innerReader.bytes());
        else if (inner === 3) normalizer.addsDummyPrefix = innerReader.bool();
        else if (inner === 4) normalizer.removesExtraSpaces = innerReader.bool();
        else return false;
        return true;
      });
    } else return false;
    return true;
  });
  const vocabulary = new Vocabulary(texts, { file, field: (place) => `pieces.${place}` });
  const pieces = new SentencePieces(vocabulary, scores, types);
  const { map: normalizationMap, ...spaces } = normalizer;
  return { pieces, ...trainer.settings(pieces), normalizationMap, ...spaces };
}

function countPieces(bytes: Uint8Array, file: string): number {
  let count = 0;
  readMessage(bytes, file, "(the whole file)", (field) => {
    if (field === 1 && ++count > MOST_PIECES) throw fieldError(file, "pieces", `at most ${MOST_PIECES}`, "more");
    return false;
  });
  if (count === 0) throw fieldError(file, "pieces", "the pieces of a vocabulary", "none");
  return count;
}

/** The settings of training that matter afterwards, with the defaults of the published format. */
class TrainerFields {
  readonly #file: string;
  /** By field number: model_type, split_by_whitespace, treat_whitespace_as_suffix, byte_fallback, bos_id, eos_id, pad_id. */
  readonly #numbers = new Map(
    Object.entries({ 3: 1, 22: 1, 24: 0, 35: 0, 41: 1, 42: 2, 43: -1 }).map(([field, value]) => [Number(field), value]),
  );

  constructor(file: string) {
    this.#file = file;
  }

  read(bytes: Uint8Array): void {
    readMessage(bytes, this.#file, "trainer_spec", (field, reader) => {
      if (!this.#numbers.has(field)) return false;
      this.#numbers.set(field, reader.int32());
      return true;
    });
  }

  settings(
    pieces: SentencePieces,
  ): Pick<SentencePieceFile, "kind" | "byteFallback" | "splitsAtSpaces" | "special" | "unknownId"> {
    const number = (field: number): number => this.#numbers.get(field) ?? 0;
    const kind = KINDS[number(3) - 1];
    if (!kind) throw fieldError(this.#file, "trainer_spec.model_type", "1 (unigram), 2 (bpe) or 4 (char)", number(3));
    if (number(24) !== 0) {
      throw fieldError(
        this.#file,
        "trainer_spec.treat_whitespace_as_suffix",
        "false",
        true,
        "Such models cannot be used.",
      );
    }
    const [unknownId] = pieces.idsOf("unknown");
    if (unknownId === undefined) throw fieldError(this.#file, "pieces", "one of the type UNKNOWN", "none");
    const special = new Map<"unk_token" | "bos_token" | "eos_token" | "pad_token", string>();
    special.set("unk_token", pieces.vocabulary.tokenOf(unknownId)!);
    const named = [
      ["bos_token", number(41)],
      ["eos_token", number(42)],
      ["pad_token", number(43)],
    ] as const;
    for (const [name, id] of named) {
      // Ids of tokens that a model lacks are -1; some files keep the default there.
      if (pieces.typeOf(id) === "control") special.set(name, pieces.vocabulary.tokenOf(id)!);
    }
    return { kind, byteFallback: number(35) !== 0, splitsAtSpaces: number(22) !== 0, special, unknownId };
  }
}

/** `type`: its place in `PIECE_TYPES`. */
function readPiece(bytes: Uint8Array, file: string, path: string): { text: string; score: number; type: number } {
  let text = "";
  let score = 0;
  let typeNumber = 1;
  readMessage(bytes, file, path, (field, reader) => {
    if (field === 1) text = readText(reader.bytes(), file, `${path}.piece`);
    else if (field === 2) score = reader.float();
    else if (field === 3) typeNumber = reader.int32();
    else return false;
    return true;
  });
  if (text === "") throw fieldError(file, `${path}.piece`, "a text that is not empty", text);
  if (!Number.isFinite(score)) throw fieldError(file, `${path}.score`, "a finite number", score);
  if (!PIECE_TYPES[typeNumber - 1]) throw fieldError(file, `${path}.type`, `1 to ${PIECE_TYPES.length}`, typeNumber);
  return { text, score, type: typeNumber - 1 };
}

function readText(bytes: Uint8Array, file: string, path: string): string {
  if (bytes.length > LONGEST_PIECE_BYTES) {
    throw fieldError(file, path, `at most ${LONGEST_PIECE_BYTES} bytes`, `${bytes.length} bytes`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw fieldError(file, path, "UTF-8", `the bytes ${bytes.subarray(0, 8).join(" ")}`);
  }
}

/** Calls `receive` for each field; what it does not take (false) is passed over. */
function readMessage(
  bytes: Uint8Array,
  file: string,
  path: string,
  receive: (field: number, reader: protobuf.Reader) => boolean,
): void {
  const reader = protobuf.Reader.create(bytes);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const before = reader.pos;
      if (tag >>> 3 === 0) throw fieldError(file, path, "a protobuf message", `the field number 0 at byte ${before}`);
      if (!receive(tag >>> 3, reader)) reader.skipType(tag & 7);
    }
  } catch (cause) {
    if (cause instanceof TokenizerError) throw cause;
    throw new TokenizerError(`${file}: ${path} is no protobuf message of SentencePiece.`, {
      file,
      field: path,
      expected: "a model file of SentencePiece",
      received: `bytes that end early or are no message, near byte ${reader.pos} of ${reader.len}`,
      hint: "The file is damaged or of another kind: take it anew from where it came from.",
      cause,
    });
  }
}
