import { fieldError, JsonFields } from "../json-fields.ts";
import { readJsonFields } from "../json-reader.ts";
import { BpeModel, type Merges, readMergeLines } from "../models/bpe.ts";
import type { Model } from "../models/model.ts";
import type { WordTokens } from "../models/token-list.ts";
import { Vocabulary } from "../vocabulary.ts";

const SUFFIX = "</w>";

/**
 * XLM's byte-pair encoding: merges may give pieces that the vocabulary lacks, since rare ones were dropped from it after
 * the merges were learnt. Such a piece is unknown as a whole.
 */
export class XlmBpeModel implements Model {
  readonly vocabulary: Vocabulary;
  readonly unknownToken: string;
  readonly allowsCleanUp = true;
  readonly showsUnknownText = true;
  readonly unknownTextSuffix = SUFFIX;
  /** Merges with a vocabulary that also holds the dropped pieces, behind the others, and an unknown one at the end. */
  readonly #complete: BpeModel;
  readonly #unknownId: number;

  constructor(vocabulary: Vocabulary, merges: Merges, unknownToken: string, file?: string) {
    this.vocabulary = vocabulary;
    this.unknownToken = unknownToken;
    this.#unknownId = vocabulary.require(unknownToken, "which stands for unknown pieces", file);
    const dropped = droppedPieces(vocabulary, merges, file);
    // A space is in no piece, so that no text is taken for this one.
    const unknown = `unknown ${SUFFIX}`;
    const all = new Vocabulary([...vocabulary.tokens, ...dropped, unknown]);
    this.#complete = new BpeModel(all, merges, { unknownToken: unknown, endOfWordSuffix: SUFFIX }, file);
  }

  tokenize(word: string): WordTokens {
    const tokens = this.#complete.tokenize(word);
    const { ids, count } = tokens;
    for (let at = 0; at < count; at++) if (ids[at]! >= this.vocabulary.size) ids[at] = this.#unknownId;
    return tokens;
  }

  toJSONText(): string {
    const settings = JSON.stringify({ type: "BPE", unk_token: this.unknownToken, end_of_word_suffix: SUFFIX });
    const merges = JSON.stringify(this.#complete.merges);
    return `${settings.slice(0, -1)},"vocab":${this.vocabulary.toJSONText()},"merges":${merges}}`;
  }

  vocabularyFiles(): (readonly [string, string])[] {
    return [
      ["vocab.json", `${this.vocabulary.toJSONText()}\n`],
      ["merges.txt", this.#complete.merges.map(([left, right]) => `${left} ${right}\n`).join("")],
    ];
  }
}

const TWO_PIECES = /^\s*(\S+)\s+(\S+)/;
/** Pieces that a vocabulary may lack, beside half as many as it has: a bound against hostile files. */
const SPARE_DROPPED = 1 << 15;

function droppedPieces(vocabulary: Vocabulary, merges: Merges, file = "merges.txt"): Set<string> {
  const dropped = new Set<string>();
  const most = Math.floor(vocabulary.size / 2) + SPARE_DROPPED;
  merges.forEach(([left, right]) => {
    for (const piece of [left, right, left + right]) if (!vocabulary.has(piece)) dropped.add(piece);
    if (dropped.size > most) throw fieldError(file, "merges", `at most ${most} pieces beside the vocabulary`, "more");
  });
  return dropped;
}

/** Reads XLM's vocab.json and merges.txt, whose lines may carry a count, and which has no header. */
export function readXlmFiles(
  vocab: string | Uint8Array,
  merges: string,
  folder: string,
  unknownToken: string,
): XlmBpeModel {
  const file = `${folder}/vocab.json`;
  const vocabulary = Vocabulary.fromRecord(readJsonFields(vocab, file));
  const fields = new JsonFields({}, `${folder}/merges.txt`);
  const pairs = readMergeLines(merges, vocabulary, fields, (line, index) => {
    const [, left, right] = TWO_PIECES.exec(line) ?? [];
    if (left !== undefined && right !== undefined) return [left, right];
    if (line.trim() === "") return undefined;
    throw fieldError(fields.file, `line ${index + 1}`, 'two pieces, such as "t h"', line);
  });
  return new XlmBpeModel(vocabulary, pairs, unknownToken, file);
}
