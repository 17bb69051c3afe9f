/**
 * Beam search: the best continuations are followed side by side (Sutskever et al. 2014, §3.2).
 *
 * As in the reference, log-probabilities are taken before the processors act; of 2 · beams candidates (more with several
 * end tokens) only the best `beams` may end; a row's score is its log-probability over (generated tokens)^lengthPenalty,
 * the end counted.
 */
import type { Random } from "../random.ts";
import type { GenerationOptions, GenerationPlan } from "./generation-settings.ts";
import { largest, logSumExp } from "./logits-processors/index.ts";
import { logitsOfRow, type NextTokenModel, type Prompts } from "./next-token-model.ts";

interface Beam {
  readonly ids: readonly number[];
  /** Summed log-probability while it goes on; over the length when it has ended. */
  readonly score: number;
}

/** A beam with where it stands in the model's rows. */
interface RunningBeam extends Beam {
  readonly place: number;
}

export interface BeamResult {
  readonly ids: readonly number[];
  readonly score: number;
}

/** The beams of one prompt. */
class BeamGroup {
  running: readonly RunningBeam[];
  readonly #plan: GenerationPlan;
  readonly #padding: number;
  readonly #random: Random | undefined;
  #finished: Beam[] = [];
  #open = true;

  constructor(prompt: readonly number[], place: number, padding: number, plan: GenerationPlan, random?: Random) {
    this.running = [{ ids: prompt, score: 0, place }];
    this.#plan = plan;
    this.#padding = padding;
    this.#random = random;
  }

  /** The best first. Beams that were cut off stand in for finished ones that are missing. */
  get results(): readonly BeamResult[] {
    const { promptLength, lengthPenalty, returned } = this.#plan;
    const cut = this.running.map(({ ids, score }) => ({
      ids,
      score: score / Math.max(1, ids.length - promptLength) ** lengthPenalty,
    }));
    return [...this.#finished, ...cut].slice(0, returned);
  }

  /** Takes the next token's scores [V] of each running beam. Afterwards `running` are the beams that go on. */
  advance(scoresOf: (place: number) => Float32Array): void {
    const { beams, endTokens, maximumLength, promptLength, lengthPenalty } = this.#plan;
    const candidates = this.#candidates(scoresOf, Math.max(2, 1 + endTokens.length) * beams);
    const going: RunningBeam[] = [];
    for (const [rank, candidate] of candidates.entries()) {
      const token = candidate.ids.at(-1) as number;
      if (!endTokens.includes(token) && candidate.ids.length < maximumLength) {
        if (going.length < beams) going.push(candidate);
      } else if (rank < beams) {
        const generated = candidate.ids.length - promptLength;
        this.#finish({ ids: candidate.ids, score: candidate.score / generated ** lengthPenalty });
      }
    }
    this.running = going;
    this.#open &&= this.#canImprove();
    if (!this.#open || (this.#plan.earlyStopping === true && this.#isFull)) this.running = [];
  }

  /** The `count` best continuations, or as many that are drawn: the best of sums with Gumbel noise. */
  #candidates(scoresOf: (place: number) => Float32Array, count: number): RunningBeam[] {
    const candidates: (RunningBeam & { key: number })[] = [];
    for (const { ids, score, place } of this.running) {
      const scores = scoresOf(place);
      const total = logSumExp(scores);
      for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] as number) - total;
      this.#plan.processors(scores, { ids, padding: this.#padding });
      const random = this.#random;
      const keys = random === undefined ? scores : Float64Array.from(scores, (value) => value + gumbel(random));
      for (const token of largest(keys, count)) {
        const sum = score + (scores[token] as number);
        candidates.push({ ids: [...ids, token], score: sum, place, key: score + (keys[token] as number) });
      }
    }
    const keys = candidates.map(({ key }) => key);
    return largest(keys, count).map((index) => candidates[index] as RunningBeam);
  }

  get #isFull(): boolean {
    return this.#finished.length === this.#plan.beams;
  }

  #finish(beam: Beam): void {
    this.#finished = [...this.#finished, beam].sort((a, b) => b.score - a.score).slice(0, this.#plan.beams);
  }

  /** Whether a running beam may still become better than a finished one. */
  #canImprove(): boolean {
    const { earlyStopping, lengthPenalty, maximumLength, promptLength } = this.#plan;
    const [best] = this.running;
    if (best === undefined) return false;
    if (!this.#isFull) return true;
    const length = earlyStopping === "never" && lengthPenalty > 0 ? maximumLength : best.ids.length;
    return best.score / (length - promptLength) ** lengthPenalty > (this.#finished.at(-1)?.score ?? 0);
  }
}

/** A draw from the standard Gumbel distribution: the largest sums of log-probabilities and such are a sample. */
function gumbel(random: Random): number {
  return -Math.log(-Math.log(random.uniform() + 2 ** -33));
}

/** The best continuations of each prompt, `plan.returned` of each, the best first. */
export async function beamSearch(
  model: NextTokenModel,
  prompts: Prompts,
  plan: GenerationPlan,
  options: GenerationOptions & { readonly random: Random },
): Promise<BeamResult[][]> {
  const groups = prompts.ids.map((ids, row) => {
    const random = plan.doSample ? options.random.fork("generation", row) : undefined;
    return new BeamGroup(ids, row, prompts.padding[row] ?? 0, plan, random);
  });
  let logits = await model.begin(prompts);
  while (!options.signal?.aborted) {
    for (const group of groups) group.advance((place) => logitsOfRow(logits, place));
    const running = groups.flatMap((group) => group.running);
    if (running.length === 0) break;
    logits = await model.step(
      running.map(({ ids }) => ids.at(-1) as number),
      running.map(({ place }) => place),
    );
    let place = 0;
    for (const group of groups) group.running = group.running.map((beam) => ({ ...beam, place: place++ }));
  }
  return groups.map(({ results }) => [...results]);
}
