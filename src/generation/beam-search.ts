/**
 * Beam search: the best continuations are followed side by side (Sutskever et al. 2014, §3.2).
 *
 * As in the reference, log-probabilities are taken before the processors act; of 2 · beams candidates (more with several
 * end tokens) only the best `beams` may end; a row's score is its log-probability over (generated tokens)^lengthPenalty,
 * the end counted.
 */
import type { Random } from "../random.ts";
import {
  type Beam,
  type BeamsOfPrompt,
  bestContinuations,
  candidateCount,
  followBeams,
  movedTo,
  processedLogProbabilities,
  type RunningBeam,
  type ScoresOf,
} from "./beams.ts";
import type { GenerationOptions, GenerationPlan } from "./generation-settings.ts";
import type { NextTokenModel, Prompts } from "./next-token-model.ts";

class BeamGroup implements BeamsOfPrompt {
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
  get results(): readonly Beam[] {
    const { promptLength, lengthPenalty, returned } = this.#plan;
    const cut = this.running.map(({ ids, score }) => ({
      ids,
      score: score / Math.max(1, ids.length - promptLength) ** lengthPenalty,
    }));
    return [...this.#finished, ...cut].slice(0, returned);
  }

  advance(scoresOf: ScoresOf): void {
    const { beams, endTokens, maximumLength, promptLength, lengthPenalty } = this.#plan;
    const going: RunningBeam[] = [];
    for (const [rank, candidate] of this.#candidates(scoresOf).entries()) {
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

  moveTo(start: number): void {
    this.running = movedTo(this.running, start);
  }

  #candidates(scoresOf: ScoresOf): RunningBeam[] {
    const logProbabilities = this.running.map(({ ids, place }) =>
      processedLogProbabilities(scoresOf(place), { ids, padding: this.#padding }, this.#plan),
    );
    return bestContinuations(
      this.running,
      logProbabilities,
      candidateCount(this.#plan.beams, this.#plan),
      this.#random,
    );
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

/** The best continuations of each prompt, `plan.returned` of each, the best first. */
export function beamSearch(
  model: NextTokenModel,
  prompts: Prompts,
  plan: GenerationPlan,
  options: GenerationOptions & { readonly random: Random },
): Promise<Beam[][]> {
  const groups = prompts.ids.map((ids, row) => {
    const random = plan.doSample ? options.random.fork("generation", row) : undefined;
    return new BeamGroup(ids, row, prompts.padding[row] ?? 0, plan, random);
  });
  return followBeams(model, prompts, groups, options.signal);
}
