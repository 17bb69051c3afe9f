import { TokenizerError } from "../../errors.ts";
import type { JsonFields } from "../json-fields.ts";
import { Vocabulary } from "../vocabulary.ts";
import type { Model } from "./model.ts";
import { TokenList, type WordTokens } from "./token-list.ts";

/** Each word is a token, or unknown. */
export class WordLevelModel implements Model {
  readonly vocabulary: Vocabulary;
  readonly unknownToken: string | undefined;
  readonly allowsCleanUp = true;
  readonly showsUnknownText = false;
  readonly #unknownId: number | undefined;
  readonly #tokens = new TokenList();

  /** An unknown token that the vocabulary lacks is allowed: a text with an unknown word is then an error. */
  constructor(vocabulary: Vocabulary, unknownToken: string) {
    this.vocabulary = vocabulary;
    this.unknownToken = unknownToken;
    this.#unknownId = vocabulary.idOf(unknownToken);
  }

  static fromJSON(fields: JsonFields): WordLevelModel {
    return new WordLevelModel(Vocabulary.fromRecord(fields.object("vocab")), fields.string("unk_token", "<unk>"));
  }

  tokenize(word: string): WordTokens {
    const id = this.vocabulary.idOf(word) ?? this.#unknownId;
    if (id !== undefined) return this.#tokens.clear().push(id, 0, word.length);
    throw new TokenizerError(`The vocabulary lacks the word ${JSON.stringify(word)} and has no unknown token.`, {
      field: "unk_token",
      expected: "an unknown token of the vocabulary",
      received: JSON.stringify(this.unknownToken),
      hint: "Name one in the tokenizer's file.",
    });
  }

  toJSONText(): string {
    const unknown = JSON.stringify(this.unknownToken);
    return `{"type":"WordLevel","vocab":${this.vocabulary.toJSONText()},"unk_token":${unknown}}`;
  }

  vocabularyFiles(): (readonly [string, string])[] {
    return [["vocab.json", `${this.vocabulary.toJSONText()}\n`]];
  }
}
