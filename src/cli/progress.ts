/**
 * How far a long piece of work is, for people: one live line on a terminal, a plain line now and then elsewhere. Nothing
 * is shown of what is over within two seconds.
 */
import cliProgress from "cli-progress";
import { amountText, bytesText, countText, durationText, numberText } from "./quantities.ts";
import type { OutputStream } from "./terminal.ts";

export interface StageProgress {
  /** In words for a person: "counting words". Another name begins another stage. */
  readonly stage: string;
  readonly done: number;
  /** Undefined when it cannot be known. */
  readonly total: number | undefined;
  /** What is counted: "lines"; `bytes` are scaled. */
  readonly unit: string;
  /** What else is worth knowing: "loss 4.21". */
  readonly note?: string | undefined;
}

export interface Progress {
  report(progress: StageProgress): void;
  /** Runs `write`, which prints, so that it and the live line do not mix. */
  aside(write: () => void): void;
  /** Ends the stage under way; one that was shown leaves a line that says how long it took. */
  finish(): void;
}

export interface ProgressOptions {
  readonly stream: OutputStream;
  /** False for `--quiet` and `--json`. */
  readonly isShown: boolean;
  /** Milliseconds that never run backwards. */
  readonly now: () => number;
}

/** A stage is shown once it has lasted so long. */
const firstShownMs = { live: 700, plain: 2000 };
/** Plain lines come further and further apart. */
const plainIntervalsMs = [3000, 5000, 10_000, 30_000];
/** The rate is that of the last so many milliseconds. */
const rateWindowMs = 10_000;
const barWidth = 20;

interface Stage {
  progress: StageProgress;
  readonly startMs: number;
  readonly startDone: number;
  /** Recent moments, for the rate. */
  samples: { ms: number; done: number }[];
  nextPlainMs: number;
  plainLines: number;
  bar: cliProgress.SingleBar | undefined;
}

export function createProgress(options: ProgressOptions): Progress {
  return options.isShown ? new ProgressDisplay(options) : { report() {}, aside: (write) => write(), finish() {} };
}

class ProgressDisplay implements Progress {
  readonly #stream: OutputStream;
  readonly #now: () => number;
  #stage: Stage | undefined;

  constructor({ stream, now }: ProgressOptions) {
    this.#stream = stream;
    this.#now = now;
  }

  report(progress: StageProgress): void {
    if (this.#stage?.progress.stage !== progress.stage) this.finish();
    const nowMs = this.#now();
    this.#stage ??= {
      progress,
      startMs: nowMs,
      startDone: progress.done,
      samples: [],
      nextPlainMs: nowMs + firstShownMs.plain,
      plainLines: 0,
      bar: undefined,
    };
    const stage = this.#stage;
    stage.progress = progress;
    const last = stage.samples.at(-1);
    if (last === undefined || nowMs - last.ms >= 100) {
      stage.samples.push({ ms: nowMs, done: progress.done });
      stage.samples = stage.samples.filter(({ ms }) => ms >= nowMs - rateWindowMs);
    }
    if (this.#stream.isTerminal) this.#draw(stage, nowMs);
    else this.#print(stage, nowMs);
  }

  aside(write: () => void): void {
    // The next report draws a new one.
    this.#removeBar();
    write();
  }

  finish(): void {
    const stage = this.#stage;
    if (stage === undefined) return;
    const wasShown = stage.bar !== undefined || stage.plainLines > 0;
    this.#removeBar();
    this.#stage = undefined;
    if (!wasShown) return;
    const { stage: name, done, unit, note } = stage.progress;
    const parts = [`${amountText(done, unit)} in ${durationText(this.#now() - stage.startMs)}`, note ?? ""];
    void this.#stream.write(`${name}: ${parts.filter((part) => part !== "").join(", ")}\n`);
  }

  #draw(stage: Stage, nowMs: number): void {
    if (nowMs - stage.startMs < firstShownMs.live) return;
    if (stage.bar === undefined) {
      stage.bar = new cliProgress.SingleBar({
        stream: this.#stream.stream,
        clearOnComplete: true,
        linewrap: true,
        barsize: barWidth,
        format: (options, { progress }) => {
          const shown =
            stage.progress.total === undefined ? "" : `[${cliProgress.Format.BarFormat(progress, options)}] `;
          return `${stage.progress.stage} ${shown}${this.#details(stage)}`;
        },
      });
      stage.bar.start(stage.progress.total ?? stage.progress.done + 1, stage.progress.done);
      return;
    }
    stage.bar.setTotal(stage.progress.total ?? stage.progress.done + 1);
    stage.bar.update(stage.progress.done);
  }

  #print(stage: Stage, nowMs: number): void {
    if (nowMs < stage.nextPlainMs) return;
    const interval = plainIntervalsMs[Math.min(stage.plainLines, plainIntervalsMs.length - 1)] as number;
    stage.nextPlainMs = nowMs + interval;
    stage.plainLines += 1;
    void this.#stream.write(`${stage.progress.stage}: ${this.#details(stage)}\n`);
  }

  /** "45%, 2.1 MB of 4.6 MB, 1.2 MB/s, 3 s left, loss 4.21". */
  #details({ progress, startMs, startDone, samples }: Stage): string {
    const { done, total, unit, note } = progress;
    const oldest = samples[0] ?? { ms: startMs, done: startDone };
    const seconds = (this.#now() - oldest.ms) / 1000;
    const rate = seconds > 0 ? (done - oldest.done) / seconds : 0;
    const parts: string[] = [];
    if (total === undefined) parts.push(amountText(done, unit));
    else parts.push(`${Math.floor((100 * done) / Math.max(total, 1))}%, ${ofText(done, total, unit)}`);
    if (rate > 0) parts.push(unit === "bytes" ? `${bytesText(rate)}/s` : `${numberText(rate)} ${unit}/s`);
    if (rate > 0 && total !== undefined && done < total)
      parts.push(`${durationText((1000 * (total - done)) / rate)} left`);
    if (note !== undefined) parts.push(note);
    return parts.join(", ");
  }

  #removeBar(): void {
    if (this.#stage?.bar === undefined) return;
    this.#stage.bar.stop();
    this.#stage.bar = undefined;
  }
}

function ofText(done: number, total: number, unit: string): string {
  if (unit === "bytes") return `${bytesText(done)} of ${bytesText(total)}`;
  const textOf = Number.isInteger(done) && Number.isInteger(total) ? countText : numberText;
  return `${textOf(done)} of ${textOf(total)} ${unit}`;
}
