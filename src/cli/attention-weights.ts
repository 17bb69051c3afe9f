/** Where each token of a text looks, in every head of a model, and what that says of the heads. */
import { ConfigurationError, DataError } from "../errors.ts";
import { AutoModel } from "../models/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { AutoTokenizer, type Tokenizer } from "../tokenizers/index.ts";

export interface AttentionToken {
  /** As a reader should see it. */
  readonly label: string;
  /** A special token around the text; where the model has none, the first token. Heads look there when they look nowhere. */
  readonly isAnchor: boolean;
}

export interface TextAttention {
  readonly tokens: readonly AttentionToken[];
  /** Whether the anchors are special tokens. */
  readonly hasSpecialTokens: boolean;
  /** Whether no token sees a later one. */
  readonly isCausal: boolean;
  /** Weights of each layer's heads, [H, T, T]: from the row's token to the column's. A row sums to 1. */
  readonly layers: readonly Float32Array[];
  readonly heads: number;
}

/** Places of a head, from 0. */
export interface HeadPlace {
  readonly layer: number;
  readonly head: number;
}

/** A head's weights: number `from · T + to`. */
export function headWeights({ layers, tokens }: TextAttention, { layer, head }: HeadPlace): Float32Array {
  const size = tokens.length ** 2;
  return (layers[layer] as Float32Array).subarray(head * size, (head + 1) * size);
}

/** More could not be told apart, on a screen or on a page. */
const mostTokens = 128;

export interface AttentionRequest {
  readonly text: string;
  readonly pair?: string | undefined;
  readonly device?: string | undefined;
  readonly threads?: number | undefined;
}

/**
 * Runs a model folder's encoder or decoder over a text.
 *
 * @throws DataError for a text of too many tokens, ConfigurationError for a model without attention.
 */
export async function attentionOfText(folder: string, request: AttentionRequest): Promise<TextAttention> {
  const { text, pair, ...engine } = request;
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const given = pair === undefined ? {} : { textPair: pair };
  const encoded = tokenizer(text, { ...given, returnTensors: false, returnSpecialTokensMask: true });
  const length = encoded.inputIds.length;
  if (length > mostTokens || length === 0) {
    throw new DataError(`The text has ${length} tokens.`, {
      field: "--attention",
      expected: `1 to ${mostTokens} tokens`,
      received: String(length),
      hint: length === 0 ? "Give it some words." : "Take a sentence of it.",
    });
  }
  // Parts that the folder lacks, such as a pooler, change nothing here.
  const model = await AutoModel.fromPretrained(folder, { ...engine, onWarning: () => undefined });
  // As tensors, only what this model takes comes.
  const inputs = tokenizer(text, given);
  const outputs = (await model(inputs as never, { outputAttentions: true })) as { attentions?: readonly Tensor[] };
  await model.release();
  const attentions = outputs.attentions ?? [];
  const [first] = attentions;
  if (first === undefined) {
    throw new ConfigurationError(`${folder} gives no attention.`, {
      field: "--attention",
      expected: "a Transformer",
      received: model.constructor.name,
      hint: "Take another model.",
    });
  }
  const special = encoded.specialTokensMask ?? [];
  const hasSpecialTokens = special.includes(1);
  const tokens = encoded.inputIds.map((id, place) => ({
    label: labelOf(tokenizer, id, encoded.tokens[place] ?? ""),
    isAnchor: hasSpecialTokens ? special[place] === 1 : place === 0,
  }));
  const layers = attentions.map(({ data }) => data as Float32Array);
  return {
    tokens,
    hasSpecialTokens,
    isCausal: seesNothingLater(layers, length),
    layers,
    heads: first.dims[1] as number,
  };
}

/** A token in letters: where the vocabulary writes bytes in signs of its own, as the text has it. */
function labelOf(tokenizer: Tokenizer, id: number, token: string): string {
  const decoded = tokenizer.decode([id], { skipSpecialTokens: false, cleanUpTokenizationSpaces: false });
  const text = decoded === "" || decoded.includes("\ufffd") ? token : decoded;
  return text.replace(/^ /, "▁").replaceAll("\n", "⏎").replaceAll("\t", "⇥");
}

function seesNothingLater(layers: readonly Float32Array[], length: number): boolean {
  if (length === 1) return false;
  return layers.every((weights) =>
    weights.every((weight, i) => i % length <= Math.floor(i / length) % length || weight === 0),
  );
}

/** What a head's weights go to, as shares of 1, on average over the tokens that look (Clark et al. 2019, https://arxiv.org/abs/1906.04341, §3). */
export interface HeadShares extends HeadPlace {
  /** Special tokens, or the first one where there are none. */
  readonly anchors: number;
  /** The token that looks. */
  readonly itself: number;
  /** The token before it, and the one after. */
  readonly before: number;
  readonly after: number;
  readonly elsewhere: number;
  /** By how much the weight that a token gives elsewhere exceeds what all give there, at most; the mean over the text. */
  readonly pointing: number;
}

export const shareNames = ["anchors", "itself", "before", "after", "elsewhere"] as const;

/** The shares of every head, layer by layer. Anchors count as nothing else. */
export function sharesOfHeads(attention: TextAttention): HeadShares[] {
  return attention.layers.flatMap((_, layer) =>
    Array.from({ length: attention.heads }, (_, head) => sharesOf(attention, { layer, head })),
  );
}

function sharesOf(attention: TextAttention, place: HeadPlace): HeadShares {
  const { tokens } = attention;
  const { length } = tokens;
  const weights = headWeights(attention, place);
  const usual = tokens.map((_, to) =>
    tokens.reduce((sum, _, from) => sum + (weights[from * length + to] as number) / length, 0),
  );
  const shares = { anchors: 0, itself: 0, before: 0, after: 0, elsewhere: 0 };
  let pointing = 0;
  for (const [from, { isAnchor }] of tokens.entries()) {
    let farthest = 0;
    for (const [to, target] of tokens.entries()) {
      const weight = weights[from * length + to] as number;
      const name = target.isAnchor ? "anchors" : nameOfDistance(to - from);
      shares[name] += weight / length;
      if (name === "elsewhere") farthest = Math.max(farthest, weight - (usual[to] as number));
    }
    if (!isAnchor) pointing += farthest;
  }
  const words = tokens.filter(({ isAnchor }) => !isAnchor).length;
  return { ...place, ...shares, pointing: words === 0 ? 0 : pointing / words };
}

function nameOfDistance(distance: number): Exclude<(typeof shareNames)[number], "anchors"> {
  if (distance === 0) return "itself";
  if (distance === -1) return "before";
  return distance === 1 ? "after" : "elsewhere";
}

/** The head whose tokens point most clearly, each to its own: of more interest than one that rests on `[SEP]`. */
export function pointingHead(shares: readonly HeadShares[]): HeadShares {
  return shares.reduce((best, head) => (head.pointing > best.pointing ? head : best));
}
