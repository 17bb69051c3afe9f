/** Processors of next-token scores beside recorded ones, each alone and in chains. */
import { platform } from "#platform";
import { openSafetensors, type SafetensorsFile } from "../checkpoints/index.ts";
import type { LogitsProcessor } from "../generation/logits-processors/index.ts";
import * as processors from "../generation/logits-processors/index.ts";
import { compare } from "./compare.ts";
import { requireShape } from "./reference-shapes.ts";
import { type Finding, failure } from "./report.ts";

interface RecordedProcessor {
  /** The tensor that it gave. */
  readonly output: string;
  readonly processor?: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Outputs of the processors that make it up, in order. */
  readonly chain?: readonly string[];
  readonly input_ids: string;
  readonly logits: string;
}

/** The source of a row, for those that look at one. */
type Arguments = Readonly<Record<string, unknown>> & { readonly source: readonly number[] };

const number = (value: unknown): number => Number(value);
const list = (value: unknown): readonly number[] => (Array.isArray(value) ? value : [Number(value)]);
const keep = ({ min_tokens_to_keep: count }: Arguments): number => (count === undefined ? 1 : Number(count));

/** How a processor of the reference is called here. */
const makers: Readonly<Record<string, (args: Arguments) => LogitsProcessor>> = {
  TemperatureLogitsWarper: (a) => processors.temperature(number(a.temperature)),
  TopKLogitsWarper: (a) => processors.topK(number(a.top_k), keep(a)),
  TopPLogitsWarper: (a) => processors.topP(number(a.top_p), keep(a)),
  TopHLogitsWarper: (a) => processors.topH(number(a.top_h)),
  MinPLogitsWarper: (a) => processors.minP(number(a.min_p), keep(a)),
  TypicalLogitsWarper: (a) => processors.typical(number(a.mass), keep(a)),
  EpsilonLogitsWarper: (a) => processors.epsilonCutoff(number(a.epsilon), keep(a)),
  EtaLogitsWarper: (a) => processors.etaCutoff(number(a.epsilon), keep(a)),
  RepetitionPenaltyLogitsProcessor: (a) => processors.repetitionPenalty(number(a.penalty)),
  EncoderRepetitionPenaltyLogitsProcessor: (a) => processors.sourceRepetitionPenalty(number(a.penalty), a.source),
  NoRepeatNGramLogitsProcessor: (a) => processors.noRepeatNgram(number(a.ngram_size)),
  EncoderNoRepeatNGramLogitsProcessor: (a) => processors.noSourceNgram(number(a.encoder_ngram_size), a.source),
  NoBadWordsLogitsProcessor: (a) => processors.badWords(a.bad_words_ids as number[][], list(a.eos_token_id)),
  SequenceBiasLogitsProcessor: (a) => processors.sequenceBias(a.sequence_bias as processors.SequenceBias[]),
  ForcedBOSTokenLogitsProcessor: (a) => processors.forceTokensAt(1, [number(a.bos_token_id)]),
  ForcedEOSTokenLogitsProcessor: (a) => processors.forceTokensAt(number(a.max_length) - 1, list(a.eos_token_id)),
  MinLengthLogitsProcessor: (a) => processors.minimumLength(number(a.min_length), list(a.eos_token_id)),
  MinNewTokensLengthLogitsProcessor: (a) =>
    processors.minimumLength(number(a.prompt_length_to_skip) + number(a.min_new_tokens), list(a.eos_token_id)),
  SuppressTokensLogitsProcessor: (a) => processors.suppressTokens(list(a.suppress_tokens)),
  SuppressTokensAtBeginLogitsProcessor: (a) =>
    processors.suppressTokensAt(number(a.begin_index), list(a.begin_suppress_tokens)),
  ExponentialDecayLengthPenalty: (a) => {
    const [start = 0, factor = 1] = list(a.exponential_decay_length_penalty);
    return processors.exponentialDecay(number(a.input_ids_seq_length) + start, factor, list(a.eos_token_id));
  },
  InfNanRemoveLogitsProcessor: () => processors.removeInvalidValues(),
  LogitNormalization: () => processors.normalize(),
};

/** Float32 on both sides, with sums in another order. */
const tolerance = { relative: 2e-5 };

/** A finding for each processor and chain, and for the probabilities after a chain. */
export async function* checkProcessors(folder: string, entries: unknown, file: string): AsyncGenerator<Finding> {
  const list = Array.isArray(entries) ? entries : [entries];
  const recorded = list.map((entry, index) =>
    requireShape<RecordedProcessor>("processor", entry, file, `processors.${index}`),
  );
  const tensors = await openSafetensors(platform.join(folder, "reference.safetensors"));
  const byOutput = new Map(recorded.map((entry) => [entry.output, entry]));
  for (const entry of recorded) {
    const parts = (entry.chain ?? [entry.output]).flatMap((output) => byOutput.get(output) ?? []);
    const unknown = parts.find(({ processor }) => processor === undefined || makers[processor] === undefined);
    if (unknown !== undefined || parts.length === 0) {
      yield failure("generation", entry.output, `there is no processor ${unknown?.processor} here`);
      continue;
    }
    yield* compareProcessor(tensors, entry, parts);
  }
}

async function* compareProcessor(
  tensors: SafetensorsFile,
  { output, input_ids, logits }: RecordedProcessor,
  parts: readonly RecordedProcessor[],
): AsyncGenerator<Finding> {
  const ids = await rowsOf(tensors, `input.${input_ids}`);
  const scores = (await rowsOf(tensors, `input.${logits}`)).map((row) => Float32Array.from(row));
  const sources = await rowsOf(tensors, "input.source_ids");
  for (const [row, own] of scores.entries()) {
    for (const { processor = "", arguments: args = {} } of parts) {
      const make = makers[processor] as (args: Arguments) => LogitsProcessor;
      make({ ...args, source: sources[row] ?? [] })(own, { ids: ids[row] ?? [], padding: 0 });
    }
  }
  for (const [name, rows] of [
    [output, scores],
    [`${output}.probabilities`, scores.map(processors.softmax)],
  ] as const) {
    const shape = tensors.tensors.get(`output.${name}`)?.shape;
    if (shape === undefined) continue;
    const actual = { shape: [rows.length, rows[0]?.length ?? 0], data: rows.flatMap((values) => [...values]) };
    const data = (await tensors.read(`output.${name}`)) as Float32Array;
    yield compare("generation", name, actual, { shape, data }, tolerance);
  }
}

async function rowsOf(tensors: SafetensorsFile, name: string): Promise<number[][]> {
  const width = tensors.tensors.get(name)?.shape[1] ?? 0;
  const data = Array.from((await tensors.read(name)) as ArrayLike<number | bigint>, Number);
  return Array.from({ length: data.length / width }, (_, row) => data.slice(row * width, (row + 1) * width));
}
