/** Multi-head attention with projections of its own: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762 (§3.2.2). */
import { concat, type Initializer, type SymbolicTensor } from "../graph/index.ts";
import { type KeyValue, mergeHeads, scaledDotProductAttention, splitHeads } from "./attention.ts";
import { Dropout } from "./dropout.ts";
import { Linear } from "./linear.ts";
import { Module } from "./module.ts";

export interface MultiHeadAttentionOptions {
  /** H, a divisor of the width. */
  readonly heads: number;
  /** Share of the probabilities that training drops. */
  readonly dropout: number;
  readonly initializer: Initializer;
}

export interface AttentionInputs {
  /** Added to the scores: [B or 1, 1, T or 1, keys]. */
  readonly mask?: SymbolicTensor | undefined;
  /** What is attended to, [B, S, D], when it is not the hidden states themselves. */
  readonly source?: SymbolicTensor | undefined;
  /** Keys and values that stand before those of the hidden states. */
  readonly past?: KeyValue | undefined;
  /** All keys and values, where an earlier call has computed them; then there is no source to read. */
  readonly known?: KeyValue | undefined;
}

export class MultiHeadAttention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly dropout: Dropout;
  readonly #heads: number;

  constructor(width: number, { heads, dropout, initializer }: MultiHeadAttentionOptions) {
    super();
    this.query = new Linear(width, width, { initializer });
    this.key = new Linear(width, width, { initializer });
    this.value = new Linear(width, width, { initializer });
    this.output = new Linear(width, width, { initializer });
    this.dropout = new Dropout(dropout);
    this.#heads = heads;
  }

  /** hidden [B, T, D] → output [B, T, D], probabilities [B, H, T, keys], and all keys and values. */
  forward(hidden: SymbolicTensor, { mask, source = hidden, past, known }: AttentionInputs = {}) {
    const query = this.#project(this.query, hidden);
    const keyValue = known ?? this.#keysAndValues(source, past);
    const { key, value } = keyValue;
    const { context, probabilities } = scaledDotProductAttention(query, key, value, { mask, dropout: this.dropout });
    return { output: this.output.forward(mergeHeads(context)), probabilities, keyValue };
  }

  #keysAndValues(source: SymbolicTensor, past: KeyValue | undefined): KeyValue {
    const [key, value] = [this.#project(this.key, source), this.#project(this.value, source)];
    if (past === undefined) return { key, value };
    return { key: concat(past.key, key, { axis: 2 }), value: concat(past.value, value, { axis: 2 }) };
  }

  #project(part: Linear, x: SymbolicTensor): SymbolicTensor {
    return splitHeads(part.forward(x), this.#heads);
  }
}
