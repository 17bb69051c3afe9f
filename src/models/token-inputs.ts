/** Tokens as a model is given them: by their ids, or as vectors in the place of their embeddings. */
import { ConfigurationError } from "../errors.ts";
import { type Shape, type SymbolicTensor, shapeOf } from "../graph/index.ts";
import type { Embedding } from "../nn/index.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { perToken } from "./selected-positions.ts";

/** One of both. */
export interface TokenInputs {
  /** [B, T] of int64 */
  readonly inputIds?: SymbolicTensor | undefined;
  /** [B, T, D]: vectors in the place of the tokens' embeddings; those of positions and segments are added. */
  readonly inputsEmbeds?: SymbolicTensor | undefined;
}

/** What is checked of tokens. */
interface TokenLimits {
  readonly vocabSize: number;
  /** Features of an embedding. */
  readonly width: number;
  /** Tokens of the longest row. */
  readonly longest: number | undefined;
}

/** The spec of the one that is given. Throws a ConfigurationError when both are. */
export function tokenSpecs(given: ReadonlySet<string>, { vocabSize, width, longest }: TokenLimits): InputSpecs {
  if (!given.has("inputsEmbeds")) return { inputIds: { ...perToken, required: true, below: vocabSize, longest } };
  if (!given.has("inputIds")) {
    return {
      inputsEmbeds: { type: "float32", shape: shapeOf("B", "T", width), required: true, longest, tokenAxis: -2 },
    };
  }
  throw new ConfigurationError("a model is given inputIds or inputsEmbeds, not both", {
    field: "inputsEmbeds",
    expected: "one of them",
    received: "both",
    hint: "leave inputIds out",
  });
}

/** [B, T]; of choices [B, C, T]. */
export function tokenShape({ inputIds, inputsEmbeds }: TokenInputs): Shape {
  return inputIds?.shape ?? (inputsEmbeds as SymbolicTensor).shape.slice(0, -1);
}

/** → [B, T, D]. */
export function embedTokens(words: Embedding, { inputIds, inputsEmbeds }: TokenInputs): SymbolicTensor {
  return inputsEmbeds ?? words.forward(inputIds as SymbolicTensor);
}
