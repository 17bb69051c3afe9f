/**
 * Diverse beam search: groups of beams, each of which is kept from saying what the groups before it say at the same step
 * (Vijayakumar et al. 2018, https://arxiv.org/abs/1610.02424, with Hamming diversity).
 */
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
import { FinishedBeams } from "./finished-beams.ts";
import type { GenerationOptions, GenerationPlan } from "./generation-settings.ts";
import type { NextTokenModel, Prompts } from "./next-token-model.ts";

/** One group of one prompt. */
class DiverseGroup {
  running: readonly RunningBeam[];
  readonly finished: FinishedBeams;
  readonly #size: number;
  readonly #padding: number;
  readonly #plan: GenerationPlan;

  constructor(prompt: RunningBeam, padding: number, plan: GenerationPlan) {
    this.#size = plan.beams / plan.beamGroups;
    this.running = [prompt];
    this.finished = new FinishedBeams(this.#size, plan);
    this.#padding = padding;
    this.#plan = plan;
  }

  /** `saidBeside`: the tokens that the groups before this one chose. Gives those that this one chose. */
  advance(scoresOf: ScoresOf, saidBeside: readonly number[]): readonly number[] {
    const { endTokens, padToken = endTokens[0] ?? 0 } = this.#plan;
    // A group that has ended says padding, as in the reference.
    if (this.running.length === 0) return Array.from({ length: this.#size }, () => padToken);
    const logProbabilities = this.running.map(({ ids, place }) =>
      processedLogProbabilities(scoresOf(place), { ids, padding: this.#padding, saidBeside }, this.#plan),
    );
    const candidates = bestContinuations(this.running, logProbabilities, candidateCount(this.#size, this.#plan));
    this.running = this.#goingOn(candidates);
    const said = this.running.map(({ ids }) => ids.at(-1) as number);
    this.#end(candidates[0]);
    return said;
  }

  #goingOn(candidates: readonly RunningBeam[]): RunningBeam[] {
    const going: RunningBeam[] = [];
    for (const [rank, candidate] of candidates.entries()) {
      if (going.length === this.#size) break;
      if (!this.#plan.endTokens.includes(candidate.ids.at(-1) as number)) going.push(candidate);
      else if (rank < this.#size) this.finished.end(candidate);
    }
    return going;
  }

  /** Lets no beam go on where none can become better, or longer. */
  #end(best: RunningBeam | undefined): void {
    const isOver = best === undefined || this.finished.isOver(best.score, best.ids.length);
    if (!isOver && best.ids.length < this.#plan.maximumLength) return;
    if (!isOver) this.cutOff();
    this.running = [];
  }

  /** Counts the beams that go on as finished. */
  cutOff(): void {
    for (const beam of this.running) this.finished.cut(beam);
  }
}

class DiverseBeams implements BeamsOfPrompt {
  readonly #groups: readonly DiverseGroup[];
  readonly #returned: number;

  constructor(prompt: RunningBeam, padding: number, plan: GenerationPlan) {
    this.#groups = Array.from({ length: plan.beamGroups }, () => new DiverseGroup(prompt, padding, plan));
    this.#returned = plan.returned;
  }

  get running(): readonly RunningBeam[] {
    return this.#groups.flatMap((group) => group.running);
  }

  advance(scoresOf: ScoresOf): void {
    const said: number[] = [];
    for (const group of this.#groups) said.push(...group.advance(scoresOf, said));
  }

  moveTo(start: number): void {
    let next = start;
    for (const group of this.#groups) {
      group.running = movedTo(group.running, next);
      next += group.running.length;
    }
  }

  get results(): readonly Beam[] {
    for (const group of this.#groups) group.cutOff();
    const all = this.#groups.toReversed().flatMap(({ finished }) => finished.beams);
    return all.sort((a, b) => b.score - a.score).slice(0, this.#returned);
  }
}

/** The best continuations of each prompt, whichever group they come from, the best first. */
export function diverseBeamSearch(
  model: NextTokenModel,
  prompts: Prompts,
  plan: GenerationPlan,
  options: GenerationOptions,
): Promise<Beam[][]> {
  const searches = prompts.ids.map(
    (ids, row) => new DiverseBeams({ ids, score: 0, place: row }, prompts.padding[row] ?? 0, plan),
  );
  return followBeams(model, prompts, searches, options.signal);
}
