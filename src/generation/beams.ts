/** What all beam searches share: beams that go on, their best continuations, and reading one more token of each. */
import type { Random } from "../random.ts";
import type { GenerationPlan } from "./generation-settings.ts";
import { largest, logSumExp, type TokenRow } from "./logits-processors/index.ts";
import { logitsOfRow, type NextTokenModel, type Prompts } from "./next-token-model.ts";

export interface Beam {
  readonly ids: readonly number[];
  /** Summed log-probability while it goes on; over length^lengthPenalty when it has ended. */
  readonly score: number;
}

/** A beam with where it stands in the model's rows. */
export interface RunningBeam extends Beam {
  readonly place: number;
}

/** The next token's scores [V] of the beam at a place, as a copy. */
export type ScoresOf = (place: number) => Float32Array;

/** The beams of one prompt. */
export interface BeamsOfPrompt {
  /** Those that go on; none when the search is over. */
  readonly running: readonly RunningBeam[];
  /** Takes the next token's scores of each running beam. */
  advance(scoresOf: ScoresOf): void;
  /** Tells the running beams where they now stand: the first at `start`, the others after it. */
  moveTo(start: number): void;
  /** The best first. */
  readonly results: readonly Beam[];
}

/** Reads on until no beam is left; gives each prompt's results. */
export async function followBeams(
  model: NextTokenModel,
  prompts: Prompts,
  searches: readonly BeamsOfPrompt[],
  signal: AbortSignal | undefined,
): Promise<Beam[][]> {
  let logits = await model.begin(prompts);
  while (!signal?.aborted) {
    // A copy: several beams may read one row, and their processors change what they read.
    for (const search of searches) search.advance((place) => logitsOfRow(logits, place).slice());
    const running = searches.flatMap((search) => search.running);
    if (running.length === 0) break;
    logits = await model.step(
      running.map(({ ids }) => ids.at(-1) as number),
      running.map(({ place }) => place),
    );
    let start = 0;
    for (const search of searches) {
      search.moveTo(start);
      start += search.running.length;
    }
  }
  return searches.map(({ results }) => [...results]);
}

/** The beams, one after the other from `start` on. */
export function movedTo(beams: readonly RunningBeam[], start: number): RunningBeam[] {
  return beams.map((beam, index) => ({ ...beam, place: start + index }));
}

/**
 * Log-probabilities [V] of a beam's next token, taken before the processors act, as in the reference. Not normalized
 * again afterwards.
 */
export function processedLogProbabilities(
  scores: Float32Array,
  row: TokenRow,
  { processors }: GenerationPlan,
): Float32Array {
  const total = logSumExp(scores);
  for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] as number) - total;
  processors(scores, row);
  return scores;
}

/** The `count` best continuations of all beams; with `random` as many that are drawn: the best of sums with Gumbel noise. */
export function bestContinuations(
  running: readonly RunningBeam[],
  logProbabilities: readonly Float32Array[],
  count: number,
  random?: Random,
): RunningBeam[] {
  const candidates = running.flatMap(({ ids, score, place }, beam) => {
    const own = logProbabilities[beam] as Float32Array;
    const keys = random === undefined ? own : Float64Array.from(own, (value) => value + gumbel(random));
    return largest(keys, count).map((token) => ({
      ids: [...ids, token],
      score: score + (own[token] as number),
      place,
      key: score + (keys[token] as number),
    }));
  });
  const keys = candidates.map(({ key }) => key);
  return largest(keys, count).map((index) => candidates[index] as RunningBeam);
}

/** A draw from the standard Gumbel distribution: the largest sums of log-probabilities and such are a sample. */
function gumbel(random: Random): number {
  return -Math.log(-Math.log(random.uniform() + 2 ** -33));
}

/** Of how many continuations a search of `beams` beams chooses: enough for each beam to go on beside all that end. */
export function candidateCount(beams: number, { endTokens }: GenerationPlan): number {
  return Math.max(2, 1 + endTokens.length) * beams;
}
