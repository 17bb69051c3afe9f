import { TokenizerError } from "../errors.ts";
import { Callable } from "./callable.ts";
import type { SpecialTokenName } from "./tokenizer-classes.ts";

/** The special tokens of a tokenizer under their usual names. A token that it lacks is undefined. */
export abstract class SpecialTokens<Parameters extends unknown[], Result> extends Callable<Parameters, Result> {
  protected abstract specialToken(name: SpecialTokenName): string | undefined;
  protected abstract setSpecialToken(name: SpecialTokenName, token: string | undefined): void;
  abstract convertTokensToIds(token: string): number | undefined;

  get bosToken(): string | undefined {
    return this.specialToken("bos_token");
  }
  set bosToken(token: string | undefined) {
    this.setSpecialToken("bos_token", token);
  }
  get bosTokenId(): number | undefined {
    return this.#idOf("bos_token");
  }

  get eosToken(): string | undefined {
    return this.specialToken("eos_token");
  }
  set eosToken(token: string | undefined) {
    this.setSpecialToken("eos_token", token);
  }
  get eosTokenId(): number | undefined {
    return this.#idOf("eos_token");
  }

  get unkToken(): string | undefined {
    return this.specialToken("unk_token");
  }
  set unkToken(token: string | undefined) {
    this.setSpecialToken("unk_token", token);
  }
  get unkTokenId(): number | undefined {
    return this.#idOf("unk_token");
  }

  get sepToken(): string | undefined {
    return this.specialToken("sep_token");
  }
  set sepToken(token: string | undefined) {
    this.setSpecialToken("sep_token", token);
  }
  get sepTokenId(): number | undefined {
    return this.#idOf("sep_token");
  }

  get padToken(): string | undefined {
    return this.specialToken("pad_token");
  }
  set padToken(token: string | undefined) {
    this.setSpecialToken("pad_token", token);
  }
  get padTokenId(): number | undefined {
    return this.#idOf("pad_token");
  }

  get clsToken(): string | undefined {
    return this.specialToken("cls_token");
  }
  set clsToken(token: string | undefined) {
    this.setSpecialToken("cls_token", token);
  }
  get clsTokenId(): number | undefined {
    return this.#idOf("cls_token");
  }

  get maskToken(): string | undefined {
    return this.specialToken("mask_token");
  }
  set maskToken(token: string | undefined) {
    this.setSpecialToken("mask_token", token);
  }
  get maskTokenId(): number | undefined {
    return this.#idOf("mask_token");
  }

  /** The padding token with its id, or the error that says how to get one. */
  protected requirePadding(): { token: string; id: number } {
    const token = this.padToken;
    const id = this.padTokenId;
    if (token !== undefined && id !== undefined) return { token, id };
    throw new TokenizerError("This tokenizer has no padding token, but padding was asked for.", {
      field: "padToken",
      expected: "a token of the vocabulary",
      received: String(token),
      hint: "Set one, for example: tokenizer.padToken = tokenizer.eosToken.",
    });
  }

  #idOf(name: SpecialTokenName): number | undefined {
    const token = this.specialToken(name);
    return token === undefined ? undefined : this.convertTokensToIds(token);
  }
}
