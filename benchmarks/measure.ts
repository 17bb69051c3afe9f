/** Times the sides of a case in alternated rounds. */
import type { BenchmarkCase } from "./cases.ts";
import type { Programs } from "./programs.ts";
import type { Side } from "./sides.ts";
import { timedProcess } from "./timed-process.ts";

/** What the machine could do in one round; see machine-peaks.ts. */
export interface Peaks {
  readonly fma?: number;
  readonly gemm: number;
  readonly read: number;
}

/** One number a round. */
export interface SideTimes {
  readonly name: string;
  /** Wall-clock of a step or call: that of a long run less that of a short one. */
  readonly ms: number[];
  /** CPU time of a step or call, likewise. */
  readonly cpuMs: number[];
  /** From the start of the process to the end of its first step or call. */
  readonly firstMs: number[];
  readonly peakMiB: number[];
}

export interface CaseTimes {
  readonly benchmark: BenchmarkCase;
  readonly sides: readonly SideTimes[];
  readonly peaks: readonly Peaks[];
}

export interface MeasureOptions {
  readonly rounds: number;
  readonly threads: number;
  readonly onRound: (round: number) => void;
}

/** Relative; the sides sum in different orders, and a few optimizer steps lie between. */
const agreement = 2e-3;

export async function measure(
  benchmark: BenchmarkCase,
  sides: readonly Side[],
  programs: Programs,
  { rounds, threads, onRound }: MeasureOptions,
): Promise<CaseTimes> {
  const times = sides.map(({ name }): SideTimes => ({ name, ms: [], cpuMs: [], firstMs: [], peakMiB: [] }));
  const peaks: Peaks[] = [];
  for (let round = 0; round < rounds; round++) {
    onRound(round);
    peaks.push(programs.run("machine-peaks", String(threads), programs.fmaPeak ?? "") as Peaks);
    const values: number[] = [];
    // Every other round backwards, so that nobody always comes after the same one.
    const order = round % 2 === 0 ? [...sides.keys()] : [...sides.keys()].reverse();
    for (const index of order) {
      const [side, time] = [sides[index] as Side, times[index] as SideTimes];
      const [few, many] = side.repetitions ?? benchmark.repetitions;
      const short = await timedProcess(side.command(few), side.environment);
      const long = await timedProcess(side.command(many), side.environment);
      time.ms.push((long.wallMs - short.wallMs) / (many - few));
      time.cpuMs.push((long.cpuMs - short.cpuMs) / (many - few));
      time.firstMs.push(short.firstMs);
      time.peakMiB.push(long.peakMiB);
      if (!side.isDifferentWork) values.push(long.value);
    }
    checkAgreement(benchmark.name, values);
  }
  return { benchmark, sides: times, peaks };
}

/** Who does not compute the same must not be compared. */
function checkAgreement(name: string, values: readonly number[]): void {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (most - least <= agreement * Math.abs(most)) return;
  throw new Error(`${name}: the sides do not compute the same: ${values.join(", ")}`);
}
