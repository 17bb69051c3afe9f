/**
 * The tokens that GPT's fine-tuning puts around texts, where a tokenizer puts none: where a text starts, what lies between
 * two, and the token whose vector stands for all.
 *
 * Paper: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training", §3.3 and figure 1; the names
 * are those of its code.
 */
import type { Tokenizer } from "../tokenizers/index.ts";

const [start, delimiter, extract] = ["_start_", "_delimiter_", "_classify_"];

/**
 * The tokenizer, or one that encodes a text as `_start_ text _classify_` and a pair as `_start_ text _delimiter_ pair
 * _classify_`. These tokens are new, so the model's embedding must grow.
 */
export function withTextMarks(tokenizer: Tokenizer): Tokenizer {
  const isMarked = tokenizer("a", { returnTensors: false }).specialTokensMask?.includes(1);
  if (isMarked) return tokenizer;
  tokenizer.addTokens([start, delimiter, extract] as string[], { special: true });
  return tokenizer.withTemplate(`${start} $A ${extract}`, `${start} $A ${delimiter} $B ${extract}`);
}
