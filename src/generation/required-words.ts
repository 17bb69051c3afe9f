/** Words that a text has to say, and how far one that is being written has come with them. */

/** Any one of these sequences of tokens; a word that may be written in one way only has one. */
export type RequiredWord = readonly (readonly number[])[];

/** How far a text has come. Immutable. */
export class WordProgress {
  readonly #words: readonly RequiredWord[];
  /** Which words have not been begun, in the order in which they are tried. */
  readonly #pending: readonly number[];
  /** The word being said, and what of it has been said. */
  readonly #begun: { readonly word: number; readonly said: readonly number[] } | undefined;

  private constructor(
    words: readonly RequiredWord[],
    pending: readonly number[],
    begun?: { readonly word: number; readonly said: readonly number[] },
  ) {
    this.#words = words;
    this.#pending = pending;
    this.#begun = begun;
  }

  /** Of a text so far. */
  static of(words: readonly RequiredWord[], ids: readonly number[]): WordProgress {
    let progress = new WordProgress(words, [...words.keys()]);
    for (const id of ids) {
      if (progress.isComplete) break;
      progress = progress.after(id);
    }
    return progress;
  }

  get isComplete(): boolean {
    return this.#pending.length === 0 && this.#begun === undefined;
  }

  /** Steps done: each complete word counts as many as the longest has tokens. */
  get bank(): number {
    const longest = this.#words.reduce((most, word) => Math.max(most, lengthOf(word)), 0);
    const complete = this.#words.length - this.#pending.length - (this.#begun === undefined ? 0 : 1);
    if (this.#begun === undefined) return complete * longest;
    const remaining = lengthOf(this.#words[this.#begun.word]) - this.#begun.said.length;
    return complete * longest + longest - remaining;
  }

  /** The tokens that lead on: of the word being said if there is one, otherwise the first ones of the pending. */
  get nextTokens(): readonly number[] {
    if (this.#begun !== undefined) return this.#following(this.#begun.word, this.#begun.said);
    return this.#pending.flatMap((word) => this.#following(word, []));
  }

  /** With one more token. One that breaks a word off puts it back to the pending ones, and begins no other. */
  after(id: number): WordProgress {
    if (this.#begun !== undefined) {
      const { word, said } = this.#begun;
      if (this.#following(word, said).includes(id)) return this.#advanced(word, [...said, id], this.#pending);
      return new WordProgress(this.#words, [...this.#pending, word]);
    }
    const word = this.#pending.find((candidate) => this.#following(candidate, []).includes(id));
    if (word === undefined) return this;
    const others = this.#pending.filter((candidate) => candidate !== word);
    return this.#advanced(word, [id], others);
  }

  #advanced(word: number, said: readonly number[], pending: readonly number[]): WordProgress {
    const isDone = this.#following(word, said).length === 0;
    return new WordProgress(this.#words, pending, isDone ? undefined : { word, said });
  }

  /** The tokens that may follow `said` in a word, each once. */
  #following(word: number, said: readonly number[]): readonly number[] {
    const ways = (this.#words[word] ?? []).filter((way) => said.every((id, index) => way[index] === id));
    return [...new Set(ways.flatMap((way) => way[said.length] ?? []))];
  }
}

function lengthOf(word: RequiredWord = []): number {
  return word.reduce((most, way) => Math.max(most, way.length), 0);
}
