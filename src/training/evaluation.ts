/** An objective's metrics on held-out text, every token once and the same draws every time. */
import { CorpusBatches, type TokenizedCorpus } from "../data/index.ts";
import { type SymbolicTensor, type TensorSpec, trace } from "../graph/index.ts";
import { type AnyModel, symbolicInputs } from "../models/index.ts";
import type { Objective, OutputArrays, Tally } from "../objectives/index.ts";
import type { Random } from "../random.ts";
import { Executable } from "../runtime/executable.ts";

export interface EvaluationSubject {
  readonly model: AnyModel;
  readonly objective: Objective<AnyModel>;
  readonly heldOut: TokenizedCorpus | undefined;
  readonly sequenceLength: number;
}

const rowsOfBatch = 16;

/** Averages of the objective's metrics: losses in nats, accuracies as shares. Empty when nothing is held out. */
export async function evaluateObjective(
  { model, objective, heldOut, sequenceLength }: EvaluationSubject,
  random: Random,
): Promise<Record<string, number>> {
  if (heldOut === undefined) return {};
  const batches = new CorpusBatches({
    corpus: heldOut,
    packing: objective.packing({ sequenceLength, evaluation: true }),
    batchSize: rowsOfBatch,
    random,
    shuffle: false,
    keepIncomplete: true,
  });
  const totals: Record<string, Tally> = {};
  let executable: Executable | undefined;
  try {
    for await (const batch of batches.pass()) {
      const inputs = objective.prepareBatch(batch, random);
      executable ??= await compile(model, objective, Object.keys(inputs));
      const outputs = await executable.run(inputs);
      for (const [name, { sum, count }] of Object.entries(objective.score(outputs as OutputArrays, inputs))) {
        const before = totals[name] ?? { sum: 0, count: 0 };
        totals[name] = { sum: before.sum + sum, count: before.count + count };
      }
    }
  } finally {
    await executable?.release();
  }
  return Object.fromEntries(Object.entries(totals).map(([name, { sum, count }]) => [name, sum / Math.max(1, count)]));
}

async function compile(model: AnyModel, objective: Objective<AnyModel>, names: readonly string[]): Promise<Executable> {
  const specs = Object.fromEntries(names.map((name) => [name, objective.inputSpecs[name] as TensorSpec]));
  const { result } = trace({}, () => {
    const inputs = symbolicInputs(names, specs) as Record<string, SymbolicTensor>;
    return objective.evaluationOutputs(model, inputs);
  });
  const fixed = { parameters: (parameter: Parameters<typeof model.store.view>[0]) => model.store.view(parameter) };
  return Executable.compile(await model.engine, result, fixed, { threads: model.options.threads });
}
