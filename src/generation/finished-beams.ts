/**
 * The finished beams of a diverse or constrained search, which end by the rule of the reference's version 4: a beam that
 * is cut off at the end counts as finished, and what may still come is bounded by the best candidate, ended or not.
 */
import type { Beam, RunningBeam } from "./beams.ts";
import type { GenerationPlan } from "./generation-settings.ts";

export class FinishedBeams {
  /** The best `capacity` so far, the best first; of equal ones the later. */
  beams: readonly Beam[] = [];
  readonly #capacity: number;
  readonly #plan: GenerationPlan;

  constructor(capacity: number, plan: GenerationPlan) {
    this.#capacity = capacity;
    this.#plan = plan;
  }

  /** Takes a candidate whose last token ends it. The first end token stands for whichever it was. */
  end({ ids, score }: RunningBeam): void {
    this.#add([...ids.slice(0, -1), this.#plan.endTokens[0] as number], score);
  }

  /** Takes a beam that is cut off. */
  cut({ ids, score }: RunningBeam): void {
    this.#add(ids, score);
  }

  #add(ids: readonly number[], sum: number): void {
    const beam = { ids, score: this.#scoreOf(sum, ids.length) };
    const worst = this.beams.at(-1);
    const isFull = this.beams.length === this.#capacity;
    if (isFull && worst !== undefined && !(beam.score > worst.score)) return;
    this.beams = [beam, ...this.beams].sort((a, b) => b.score - a.score).slice(0, this.#capacity);
  }

  /** Whether the search is over, the best candidate having this sum of log-probabilities at this length. */
  isOver(sum: number, length: number): boolean {
    const { earlyStopping, lengthPenalty, maximumLength } = this.#plan;
    const worst = this.beams.at(-1);
    if (worst === undefined || this.beams.length < this.#capacity) return false;
    if (earlyStopping === true) return true;
    const longest = earlyStopping === "never" && lengthPenalty > 0 ? maximumLength : length;
    return worst.score >= this.#scoreOf(sum, longest);
  }

  #scoreOf(sum: number, length: number): number {
    return sum / Math.max(1, length - this.#plan.promptLength) ** this.#plan.lengthPenalty;
  }
}
