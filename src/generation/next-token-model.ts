/** All that decoding asks of a model. */

/** Scores of the next token, before softmax. */
export interface NextTokenLogits {
  /** [rows · V] */
  readonly data: Float32Array;
  readonly rows: number;
  /** The last layer's states of the tokens that were read, [rows · T · width]; where `begin` was asked for them. */
  readonly hiddenStates?: { readonly data: Float32Array; readonly width: number };
}

export interface Prompts {
  /** One for each row, all of one length: padded on the left. */
  readonly ids: readonly (readonly number[])[];
  /** How many tokens of each row are padding. */
  readonly padding: readonly number[];
}

/** A model in the middle of decoding: it keeps what it has read. */
export interface NextTokenModel {
  /** Tokens that a row may come to have; more cannot be read. */
  readonly maximumLength: number;
  /** Reads prompts. With `hiddenStates` they are given here and at each step. */
  begin(prompts: Prompts, wanted?: { readonly hiddenStates: boolean }): Promise<NextTokenLogits>;
  /** Reads one more token a row: row i goes on from what was row `parents[i]`, so rows can be dropped and doubled. */
  step(tokens: readonly number[], parents: readonly number[]): Promise<NextTokenLogits>;
}

/** The scores [V] of one row, in place: who reads a row more than once, and changes what it reads, copies. */
export function logitsOfRow({ data, rows }: NextTokenLogits, row: number): Float32Array {
  const width = data.length / rows;
  return data.subarray(row * width, (row + 1) * width);
}
