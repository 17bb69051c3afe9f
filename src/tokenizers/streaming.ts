/** Text and ids as they come: decoding never shows half a character, encoding never cuts a word. */
import type { TokenizerPipeline } from "./tokenizer-pipeline.ts";

/** Ids that are kept to decode the next ones with. */
const CONTEXT = 16;

/** Decodes ids one by one, as a model generates them. All that it returns, joined, is the text of all ids. */
export class DecodeStream {
  readonly #decode: (ids: readonly number[]) => string;
  readonly #holdsBack: boolean;
  /** The last ids whose text is out, and those since: what stands before them cannot matter any more. */
  #window: number[] = [];
  #shownLength = 0;

  /**
   * @param decode the text of ids.
   * @param cleansUp whether that removes spaces afterwards, so that what may still vanish is held back.
   */
  constructor(decode: (ids: readonly number[]) => string, cleansUp: boolean) {
    this.#decode = decode;
    this.#holdsBack = cleansUp;
  }

  /** The text that is certain after the next id; empty while a character is not complete. */
  push(id: number | bigint): string {
    this.#window.push(Number(id));
    const text = this.#decode(this.#window);
    // Bytes of a character that is not complete are shown as this one.
    if (text.endsWith("\ufffd")) return "";
    const end = this.#holdsBack ? certainLength(text) : text.length;
    if (end <= this.#shownLength) return "";
    const news = text.slice(this.#shownLength, end);
    this.#shownLength = end;
    this.#forget(text);
    return news;
  }

  /** Drops ids whose text is out, where what they leave decodes to the same without them. */
  #forget(text: string): void {
    if (this.#window.length < 2 * CONTEXT) return;
    const window = this.#window.slice(-CONTEXT);
    const rest = this.#decode(window);
    const shown = rest.length - (text.length - this.#shownLength);
    if (shown < 0 || !text.endsWith(rest)) return;
    this.#window = window;
    this.#shownLength = shown;
  }

  /** What is left at the end: also bytes that never became a character. */
  end(): string {
    const news = this.#decode(this.#window).slice(this.#shownLength);
    this.#window = [];
    this.#shownLength = 0;
    return news;
  }
}

/** Up to where no clean-up can still reach: the longest makes "n't" of " n ' t". */
function certainLength(text: string): number {
  const space = text.indexOf(" ", Math.max(0, text.length - 5));
  return space < 0 ? text.length : space;
}

/** Text that is cut between words, so that the parts have the ids of the whole. */
export class EncodeStream {
  readonly #pipeline: TokenizerPipeline;
  readonly #cut: RegExp | undefined;
  readonly #spacedTokens: readonly string[];
  #buffer = "";

  constructor(pipeline: TokenizerPipeline) {
    this.#pipeline = pipeline;
    this.#cut = cutOf(pipeline);
    this.#spacedTokens = pipeline.addedTokens().flatMap(({ content }) => (/\s/.test(content) ? [content] : []));
  }

  /** The ids that are certain after the next piece of text, without special tokens. */
  push(text: string): Int32Array {
    this.#buffer += text;
    const cut = this.#lastCut();
    const certain = this.#buffer.slice(0, cut);
    this.#buffer = this.#buffer.slice(cut);
    return cut === 0 ? new Int32Array(0) : this.#pipeline.encodeIds(certain);
  }

  end(): Int32Array {
    const rest = this.#buffer;
    this.#buffer = "";
    return this.#pipeline.encodeIds(rest);
  }

  #lastCut(): number {
    if (!this.#cut) return 0;
    let last = 0;
    for (const { index } of this.#buffer.matchAll(this.#cut)) if (!this.#isWithinToken(index)) last = index;
    return last;
  }

  /** Whether an added token with spaces inside may stand across this place. */
  #isWithinToken(at: number): boolean {
    return this.#spacedTokens.some((token) =>
      this.#buffer
        .slice(Math.max(0, at - token.length), at + token.length)
        .toLowerCase()
        .includes(token.toLowerCase()),
    );
  }
}

/** Where a text can be cut: before a space between letters or digits; undefined if rules look at all of the text. */
function cutOf({ normalizer, preTokenizer }: TokenizerPipeline): RegExp | undefined {
  if (normalizer && !normalizer.isLocal) return undefined;
  if (preTokenizer?.cuts === "white space") return /(?<=[\p{L}\p{N}])[ \n](?=[\p{L}\p{N}])/gu;
  return preTokenizer?.cuts === "spaces" ? /(?<=[\p{L}\p{N}]) (?=[\p{L}\p{N}])/gu : undefined;
}
