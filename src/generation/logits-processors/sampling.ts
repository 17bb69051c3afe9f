/** Processors that narrow the distribution that a token is drawn from. */
import { entropyOf, forbidden, type LogitsProcessor, largest, logSumExp, softmax } from "./logits-processor.ts";

/** Divides by the temperature: below 1 the likely become likelier, above 1 all become more alike. */
export function temperature(value: number): LogitsProcessor {
  return (scores) => {
    for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] as number) / value;
  };
}

/** Keeps the `k` best tokens, and those equal to the last of them (Fan et al. 2018, https://arxiv.org/abs/1805.04833). */
export function topK(k: number, tokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const last = largest(scores, Math.min(Math.max(k, tokensToKeep), scores.length)).at(-1);
    const threshold = last === undefined ? forbidden : (scores[last] as number);
    forbidWhere(scores, (score) => score < threshold);
  };
}

/**
 * Keeps the fewest tokens whose probabilities reach `p` together (Holtzman et al. 2020,
 * https://arxiv.org/abs/1904.09751).
 */
export function topP(p: number, tokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = softmax(scores);
    // Of equal ones the earlier token counts as the better.
    const ascending = allowed(scores).sort((a, b) => (scores[a] as number) - (scores[b] as number) || b - a);
    let below = 0;
    for (const index of ascending.slice(0, Math.max(0, ascending.length - tokensToKeep))) {
      below += probabilities[index] as number;
      if (below > 1 - p) break;
      scores[index] = forbidden;
    }
  };
}

/** Keeps tokens of at least `p` times the best one's probability (Nguyen et al. 2024, https://arxiv.org/abs/2407.01082). */
export function minP(p: number, tokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = softmax(scores);
    const threshold = p * probabilities.reduce((most, value) => Math.max(most, value), 0);
    const kept = new Set(largest(scores, tokensToKeep));
    forbidWhere(scores, (_, index) => (probabilities[index] as number) < threshold && !kept.has(index));
  };
}

/**
 * Keeps the tokens whose information is closest to the expected, until they hold `mass` (Meister et al. 2023,
 * https://arxiv.org/abs/2202.00666).
 */
export function typical(mass: number, tokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const total = logSumExp(scores);
    const entropy = entropyOf(scores);
    const distances = Float64Array.from(scores, (score) => Math.abs(total - score - entropy));
    const order = Array.from(scores.keys()).sort((a, b) => (distances[a] as number) - (distances[b] as number));
    const probabilities = softmax(scores);
    let held = 0;
    let last = 0;
    for (const index of order) {
      held += probabilities[index] as number;
      if (held >= mass) break;
      last++;
    }
    const farthest = distances[order[Math.min(last, order.length - 1)] as number] as number;
    for (const index of order.slice(tokensToKeep)) {
      if ((distances[index] as number) > farthest) scores[index] = forbidden;
    }
  };
}

/** Drops tokens of a probability below `epsilon` (Hewitt et al. 2022, https://arxiv.org/abs/2210.15191). */
export function epsilonCutoff(epsilon: number, tokensToKeep = 1): LogitsProcessor {
  return cutoff(() => epsilon, tokensToKeep);
}

/** The same with a threshold that falls as the entropy rises (the same paper, §3.3). */
export function etaCutoff(epsilon: number, tokensToKeep = 1): LogitsProcessor {
  return cutoff((scores) => Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropyOf(scores))), tokensToKeep);
}

function cutoff(thresholdOf: (scores: Float32Array) => number, tokensToKeep: number): LogitsProcessor {
  return (scores) => {
    const threshold = thresholdOf(scores);
    const probabilities = softmax(scores);
    const last = largest(scores, tokensToKeep).at(-1);
    const kept = last === undefined ? forbidden : (scores[last] as number);
    forbidWhere(scores, (score, index) => (probabilities[index] as number) < threshold && score < kept);
  };
}

/** Of how many of the best tokens `topH` takes the entropy. */
const topHTokens = 100;

/** Keeps the best tokens while their share of the entropy is at most `h` (https://arxiv.org/abs/2509.02510). */
export function topH(h: number): LogitsProcessor {
  return (scores) => {
    const best = largest(scores, topHTokens);
    const own = softmax(Float32Array.from(best, (index) => scores[index] as number));
    const terms = own.map((p) => (p > 0 ? -p * Math.log(p) : 0));
    const limit = h * terms.reduce((sum, term) => sum + term, 0);
    let sum = 0;
    const kept = new Set(
      best.filter((_, rank) => {
        sum += terms[rank] as number;
        return rank === 0 || sum <= limit;
      }),
    );
    forbidWhere(scores, (_, index) => !kept.has(index));
  };
}

/** Turns scores into log-probabilities. */
export function normalize(): LogitsProcessor {
  return (scores) => {
    const total = logSumExp(scores);
    for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] as number) - total;
  };
}

function allowed(scores: Float32Array): number[] {
  const indices: number[] = [];
  for (let i = 0; i < scores.length; i++) if (scores[i] !== forbidden) indices.push(i);
  return indices;
}

function forbidWhere(scores: Float32Array, isForbidden: (score: number, index: number) => boolean): void {
  for (let i = 0; i < scores.length; i++) if (isForbidden(scores[i] as number, i)) scores[i] = forbidden;
}
