/**
 * Where the time goes: spans that the program notes, and the engine's own record of every node that it ran. One profiler
 * is active at a time; while none is, a span costs one comparison.
 */
import { platform } from "#platform";
import { type NodeSpan, nodeSpans } from "./engine-record.ts";
import type { Span } from "./span.ts";

/** What is counted: steps of a training, whose spans are looked at, or runs of graphs, with all that lies between. */
export type ProfiledUnit = "step" | "run";

export interface ProfilerOptions {
  readonly unit: ProfiledUnit;
  /** Units at the beginning that are left out as long as others follow: memory is taken and caches are filled in them. */
  readonly warmUp: number;
  /** Units after which the recording ends. */
  readonly units: number;
  /** Is called once, when so many are done or the profiler is ended before. */
  readonly onRecording: (recording: Recording) => Promise<void>;
}

/** What was noted in the stretches of time that are looked at. */
export interface Recording {
  readonly unit: ProfiledUnit;
  /** One for each step; one in all for runs. */
  readonly periods: readonly Span[];
  /** Steps or runs in them. */
  readonly units: number;
  readonly spans: readonly Span[];
  readonly nodes: readonly NodeSpan[];
}

/** A session whose engine records its nodes. */
export interface RecordedSession {
  /** Ends the recording, once no run is under way; the record as the engine writes it. */
  endRecord(): Promise<string>;
  /** When its runs were asked for. */
  readonly runStartsMs: readonly number[];
}

export class Profiler {
  readonly #options: ProfilerOptions;
  readonly #startMs = platform.now();
  readonly #spans: Span[] = [];
  readonly #units: Span[] = [];
  readonly #sessions = new Set<RecordedSession>();
  readonly #nodes: NodeSpan[] = [];

  constructor(options: ProfilerOptions) {
    this.#options = options;
  }

  note(span: Span): void {
    this.#spans.push(span);
  }

  watch(session: RecordedSession): void {
    this.#sessions.add(session);
  }

  /** Takes what a session has recorded; called before it is released. */
  async take(session: RecordedSession): Promise<void> {
    if (!this.#sessions.delete(session)) return;
    const record = await session.endRecord();
    if (session.runStartsMs.length > 0) this.#nodes.push(...nodeSpans(record, session.runStartsMs));
  }

  /** Counts a step or run that is over; after the last one the recording ends. */
  async count(unit: ProfiledUnit, span: Span): Promise<void> {
    const { warmUp, units } = this.#options;
    if (unit !== this.#options.unit) return;
    this.#units.push(span);
    if (this.#units.length >= warmUp + units) await this.end();
  }

  /** Ends the recording, if it has not ended by itself. */
  async end(): Promise<void> {
    if (active !== this) return;
    await this.discard();
    if (this.#units.length > 0) await this.#options.onRecording(this.#recording());
  }

  /** Ends it without a word. */
  async discard(): Promise<void> {
    if (active === this) active = undefined;
    await Promise.all([...this.#sessions].map((session) => this.take(session)));
  }

  #recording(): Recording {
    const { unit, warmUp } = this.#options;
    const counted = this.#units.slice(Math.min(warmUp, this.#units.length - 1));
    const last = counted.at(-1) as Span;
    const whole = { name: "run", startMs: this.#startMs, durationMs: last.startMs + last.durationMs - this.#startMs };
    const periods = unit === "step" ? counted : [whole];
    const lies = ({ startMs, durationMs }: Span): boolean =>
      periods.some((period) => {
        const middleMs = startMs + durationMs / 2;
        return middleMs >= period.startMs && middleMs <= period.startMs + period.durationMs;
      });
    const [spans, nodes] = [this.#spans.filter(lies), this.#nodes.filter(lies)];
    return { unit, periods, units: counted.length, spans, nodes };
  }
}

let active: Profiler | undefined;

/** Begins a recording: sessions that are created from now on are part of it. */
export function startProfiler(options: ProfilerOptions): Profiler {
  active = new Profiler(options);
  return active;
}

export function activeProfiler(): Profiler | undefined {
  return active;
}

/** Does the work and notes how long it took. */
export function measured<T>(name: string, work: () => T): T {
  const profiler = active;
  if (profiler === undefined) return work();
  const startMs = platform.now();
  const note = (): void => profiler.note({ name, startMs, durationMs: platform.now() - startMs });
  const result = work();
  if (result instanceof Promise) return result.finally(note) as T;
  note();
  return result;
}

/** The same for a step or a run, which is counted. */
export async function measuredUnit<T>(unit: ProfiledUnit, work: () => Promise<T>): Promise<T> {
  const profiler = active;
  if (profiler === undefined) return work();
  const startMs = platform.now();
  const result = await work();
  const span = { name: unit, startMs, durationMs: platform.now() - startMs };
  if (unit === "run") profiler.note(span);
  await profiler.count(unit, span);
  return result;
}
