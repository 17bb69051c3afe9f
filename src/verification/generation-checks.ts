/** Continued prompts beside recorded ones: the ids exactly, and the scores of beams. */
import { ClozeError } from "../errors.ts";
import type { GenerationOptions } from "../generation/index.ts";
import type { AnyModel, GenerationInputs } from "../models/index.ts";
import { Tensor } from "../tensor/index.ts";
import { compare } from "./compare.ts";
import type { ModelCheck } from "./model-checks.ts";
import { camelCase, type RecordedGeneration } from "./model-reference.ts";
import { type Finding, failure, oneCase } from "./report.ts";

const scoreTolerance = 2e-5;

/** A model that continues prompts. */
interface Generative {
  generate(
    inputs: GenerationInputs,
    options: GenerationOptions & { returnDictInGenerate: true },
  ): Promise<{ sequences: Tensor; sequencesScores: Tensor | undefined }>;
}

/** A finding for each recorded call. */
export async function* checkGeneration({ model, reference, tolerance }: ModelCheck): AsyncGenerator<Finding> {
  for (const [index, recorded] of reference.generations.entries()) {
    const name = `${index} ${JSON.stringify(recorded.kwargs)}`;
    if (!isGenerative(model)) {
      yield failure("generation", name, "this class does not generate here");
      continue;
    }
    try {
      yield oneCase("generation", name, await compareOne(model, recorded, tolerance ?? scoreTolerance));
    } catch (error) {
      if (!(error instanceof ClozeError)) throw error;
      yield failure("generation", name, error.message);
    }
  }
}

function isGenerative(model: AnyModel): model is AnyModel & Generative {
  return "generate" in model;
}

async function compareOne(model: Generative, recorded: RecordedGeneration, tolerance: number): Promise<Finding[]> {
  const { kwargs, input_ids, attention_mask, position_ids, output_ids, sequences_scores } = recorded;
  const { encoder_hidden_states, encoder_attention_mask } = recorded;
  const options = Object.fromEntries(Object.entries(kwargs).map(([name, value]) => [camelCase(name), value]));
  const inputs = {
    inputIds: Tensor.from(input_ids, "int64"),
    ...(attention_mask && { attentionMask: Tensor.from(attention_mask, "int64") }),
    ...(position_ids && { positionIds: Tensor.from(position_ids, "int64") }),
    ...(encoder_hidden_states && { encoderHiddenStates: Tensor.from(encoder_hidden_states, "float32") }),
    ...(encoder_attention_mask && { encoderAttentionMask: Tensor.from(encoder_attention_mask, "int64") }),
  };
  const { sequences, sequencesScores } = await model.generate(inputs, { ...options, returnDictInGenerate: true });
  const expected = Tensor.from(output_ids, "int64");
  const ids = compare("generation", "output_ids", valuesOf(sequences), valuesOf(expected), {
    relative: 0,
    absolute: 0,
  });
  if (sequences_scores === undefined) return [ids];
  const scores = { shape: [sequences_scores.length], data: sequences_scores };
  const own = sequencesScores && valuesOf(sequencesScores);
  return [ids, compare("generation", "sequences_scores", own, scores, { relative: tolerance })];
}

function valuesOf({ dims, data }: Tensor) {
  return { shape: dims, data };
}
