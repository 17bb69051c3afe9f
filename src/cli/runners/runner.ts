/** How `cloze run` calls a pipeline, and how people read what it returns. */
import type { PipelineOptions } from "../../pipelines/index.ts";
import type { CommandContext, CommandRequest } from "../command.ts";
import type { RunLine } from "../run-inputs.ts";
import type { runOptions } from "../run-options.ts";

export type RunRequest = CommandRequest<typeof runOptions>;

export interface RunResult {
  /** Exactly what the library returns. */
  readonly value: unknown;
  /** The same for people. */
  readonly text: string;
}

/** What a pipeline makes of some inputs, one result for each. */
export type Runner = (lines: readonly RunLine[]) => Promise<readonly RunResult[]>;

export interface PipelineRunner {
  /** The options that only this pipeline and those that name it too can take. */
  readonly own: readonly (keyof typeof runOptions)[];
  /** The options that give the inputs where --input does not: the first of them that is given. */
  readonly inputOptions?: readonly ("question" | "context" | "sourceSentence" | "query")[];
  /** Whether an input can be a JSON object with the library's fields. */
  readonly takesFields?: boolean;
  /** Whether results are vectors, which make a file of their own kind. */
  readonly givesVectors?: boolean;
  load(request: RunRequest, loading: PipelineOptions): Promise<Runner>;
  /** One text at a time, written to `output` while it is made; the results' texts say only what is left to say. */
  loadStreaming?(request: RunRequest, loading: PipelineOptions, output: CommandContext["output"]): Promise<Runner>;
}

/** The options that every pipeline takes, without those that were not given. */
export function callOptions<T extends object>({ values }: RunRequest, own: T): GivenOptions<T> {
  const { batchSize, outputAttentions, outputHiddenStates } = values;
  const states = { ...(outputAttentions && { outputAttentions }), ...(outputHiddenStates && { outputHiddenStates }) };
  const entries = Object.entries({ batchSize, ...own }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(entries), ...states } as GivenOptions<T>;
}

/** As far as types go, states are not asked for: people do not see them, and `results` takes them apart. */
type GivenOptions<T> = { readonly [Name in keyof T]?: Exclude<T[Name], undefined> };

/** Results for people and programs, when `textOf` says how one without states is read. */
export function results<R>(values: readonly R[], textOf: (result: R, index: number) => string): RunResult[] {
  return values.map((value, index) => {
    // What has states is only ever written as JSON.
    const hasStates = typeof value === "object" && value !== null && "states" in value;
    return { value, text: hasStates ? "" : textOf(value, index) };
  });
}

export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)}%`.padStart(7);
}
