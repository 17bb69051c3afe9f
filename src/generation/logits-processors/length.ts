/** Processors that look at how long a row is, and those that allow or forbid fixed tokens. */
import { forbidden, type LogitsProcessor } from "./logits-processor.ts";

/** Forbids the end before the row has `length` tokens, the prompt included. */
export function minimumLength(length: number, endTokens: readonly number[]): LogitsProcessor {
  return (scores, { ids }) => {
    if (ids.length < length) forbid(scores, endTokens);
  };
}

/** Forbids the tokens everywhere. */
export function suppressTokens(tokens: readonly number[]): LogitsProcessor {
  return (scores) => forbid(scores, tokens);
}

/** Forbids the tokens where the row has exactly `length`: as the first ones that are generated. */
export function suppressTokensAt(length: number, tokens: readonly number[]): LogitsProcessor {
  return (scores, { ids }) => {
    if (ids.length === length) forbid(scores, tokens);
  };
}

/** Allows nothing but these tokens where the row has exactly `length`. */
export function forceTokensAt(length: number, tokens: readonly number[]): LogitsProcessor {
  return (scores, { ids }) => {
    if (ids.length !== length) return;
    scores.fill(forbidden);
    for (const token of tokens) if (token < scores.length) scores[token] = 0;
  };
}

/** From `start` tokens on, the end becomes likelier with every one. */
export function exponentialDecay(start: number, factor: number, endTokens: readonly number[]): LogitsProcessor {
  return (scores, { ids }) => {
    if (ids.length <= start) return;
    const growth = factor ** (ids.length - start) - 1;
    for (const token of endTokens) {
      const score = scores[token];
      if (score !== undefined && Number.isFinite(score)) scores[token] = score + Math.abs(score) * growth;
    }
  };
}

const largestFloat32 = 3.4028234663852886e38;

/** NaN becomes 0, infinities the largest finite values. */
export function removeInvalidValues(): LogitsProcessor {
  return (scores) => {
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i] as number;
      if (Number.isNaN(score)) scores[i] = 0;
      else if (!Number.isFinite(score)) scores[i] = Math.sign(score) * largestFloat32;
    }
  };
}

function forbid(scores: Float32Array, tokens: readonly number[]): void {
  for (const token of tokens) if (token < scores.length) scores[token] = forbidden;
}
