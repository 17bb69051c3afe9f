/**
 * Constrained beam search: continuations that say given words. Beside the likeliest continuations those are tried that
 * lead on in a word, and the beams are shared out among "banks" of equally many steps done (Anderson et al. 2017,
 * https://arxiv.org/abs/1612.00576; Post and Vilar 2018, https://arxiv.org/abs/1804.06609; alternatives as in Hu et al.
 * 2019, https://aclanthology.org/N19-1090).
 *
 * As in the reference, what the prompt says counts, and rows that lack a word are returned where too few have all.
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
import { WordProgress } from "./required-words.ts";

class ConstrainedBeams implements BeamsOfPrompt {
  running: readonly RunningBeam[];
  readonly #finished: FinishedBeams;
  readonly #padding: number;
  readonly #plan: GenerationPlan;

  constructor(prompt: RunningBeam, padding: number, plan: GenerationPlan) {
    this.running = [prompt];
    this.#finished = new FinishedBeams(plan.beams, plan);
    this.#padding = padding;
    this.#plan = plan;
  }

  advance(scoresOf: ScoresOf): void {
    if (this.running.length === 0) return;
    const { beams, maximumLength } = this.#plan;
    const logProbabilities = this.running.map(({ ids, place }) =>
      processedLogProbabilities(scoresOf(place), { ids, padding: this.#padding }, this.#plan),
    );
    const candidates = bestContinuations(this.running, logProbabilities, candidateCount(beams, this.#plan));
    const likeliest = this.#goingOn(candidates);
    const leadingOn = this.#leadingOn(logProbabilities, likeliest);
    this.running = leadingOn.length === 0 ? likeliest : this.#shareOut([...likeliest, ...leadingOn]);
    const [best] = candidates;
    if (best === undefined || this.#finished.isOver(best.score, best.ids.length)) this.running = [];
    else if (best.ids.length >= maximumLength) this.#cutOff();
  }

  moveTo(start: number): void {
    this.running = movedTo(this.running, start);
  }

  get results(): readonly Beam[] {
    this.#cutOff();
    return this.#finished.beams.slice(0, this.#plan.returned);
  }

  #isComplete(ids: readonly number[]): boolean {
    return WordProgress.of(this.#plan.requiredWords, ids).isComplete;
  }

  #goingOn(candidates: readonly RunningBeam[]): RunningBeam[] {
    const { beams, endTokens } = this.#plan;
    const going: RunningBeam[] = [];
    for (const [rank, candidate] of candidates.entries()) {
      if (going.length === beams) break;
      if (!endTokens.includes(candidate.ids.at(-1) as number)) going.push(candidate);
      else if (rank < beams && this.#isComplete(candidate.ids.slice(0, -1))) this.#finished.end(candidate);
    }
    return going;
  }

  /** The continuations by the next token of a word, other than those known. */
  #leadingOn(logProbabilities: readonly Float32Array[], known: readonly RunningBeam[]): RunningBeam[] {
    const seen = new Set(known.map(({ ids }) => ids.join()));
    const added: RunningBeam[] = [];
    for (const [beam, { ids, score, place }] of this.running.entries()) {
      for (const token of WordProgress.of(this.#plan.requiredWords, ids).nextTokens) {
        const longer = [...ids, token];
        if (seen.has(longer.join())) continue;
        seen.add(longer.join());
        added.push({
          ids: longer,
          score: score + (logProbabilities[beam]?.[token] ?? Number.NEGATIVE_INFINITY),
          place,
        });
      }
    }
    return added;
  }

  /** As many as there are beams: the best of each bank, then the second of each, and so on. */
  #shareOut(candidates: readonly RunningBeam[]): RunningBeam[] {
    const banks = candidates.map(({ ids }) => WordProgress.of(this.#plan.requiredWords, ids).bank);
    const order = candidates.map((_, index) => index);
    const key = (index: number): number =>
      Math.fround((banks[index] ?? 0) * bankWeight + (candidates[index]?.score ?? 0));
    order.sort((a, b) => key(b) - key(a));
    let rank = -1;
    const ranked = order.map((index, at) => {
      rank = at === 0 || banks[index] === banks[order[at - 1] as number] ? rank + 1 : 0;
      return { candidate: candidates[index] as RunningBeam, rank };
    });
    ranked.sort((a, b) => a.rank - b.rank);
    return ranked.slice(0, this.#plan.beams).map(({ candidate }) => candidate);
  }

  /** Counts the running beams as finished, if need be also those that lack a word. */
  #cutOff(): void {
    const complete = this.running.filter(({ ids }) => this.#isComplete(ids));
    for (const beam of complete.length < this.#plan.returned ? this.#ordered(complete) : complete) {
      this.#finished.cut(beam);
    }
    this.running = [];
  }

  #ordered(complete: readonly RunningBeam[]): RunningBeam[] {
    return [...complete, ...this.running.filter((beam) => !complete.includes(beam))];
  }
}

/** How much a step done counts beside a log-probability. */
const bankWeight = 100;

/** The best continuations of each prompt, `plan.returned` of each, the best first. */
export function constrainedBeamSearch(
  model: NextTokenModel,
  prompts: Prompts,
  plan: GenerationPlan,
  options: GenerationOptions,
): Promise<Beam[][]> {
  const searches = prompts.ids.map(
    (ids, row) => new ConstrainedBeams({ ids, score: 0, place: row }, prompts.padding[row] ?? 0, plan),
  );
  return followBeams(model, prompts, searches, options.signal);
}
