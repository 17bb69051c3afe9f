/** How left-to-right models speak of a row as a whole: one token of it stands for all, because it has seen the others. */
import { ConfigurationError } from "../errors.ts";
import {
  addDimensions,
  at,
  bareName,
  broadcastTo,
  cast,
  type Dimension,
  equal,
  matmul,
  max,
  mean,
  range,
  reshape,
  type SymbolicTensor,
  slice,
  type TensorSpec,
  where,
} from "../graph/index.ts";
import { activation, Dropout, Linear, Module, normal } from "../nn/index.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { type TokenInputs, tokenShape } from "./token-inputs.ts";

export const summaryTypes = ["last", "first", "mean", "cls_index", "attn"] as const;

export interface SummaryConfig {
  readonly summaryType: (typeof summaryTypes)[number];
  readonly summaryUseProj: boolean;
  /** The name of an activation function; none when null. */
  readonly summaryActivation: string | null;
  /** Whether the projection has one result for each label, or as many as there are features. */
  readonly summaryProjToLabels: boolean;
  readonly summaryFirstDropout: number;
  readonly initializerRange: number;
}

/** Takes one vector from each row, and projects it. */
export class SequenceSummary extends Module {
  readonly projection: Linear | undefined;
  readonly dropout: Dropout;
  readonly #type: SummaryConfig["summaryType"];
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: SummaryConfig, width: number, labels: number) {
    super();
    if (config.summaryType === "attn") {
      throw new ConfigurationError("A summary by attention was never published.", {
        field: "summary_type",
        expected: "last, first, mean or cls_index",
        received: "attn",
      });
    }
    const results = config.summaryProjToLabels ? labels : width;
    const initializer = normal(config.initializerRange);
    this.projection = config.summaryUseProj ? new Linear(width, results, { initializer }) : undefined;
    this.dropout = new Dropout(config.summaryFirstDropout);
    this.#type = config.summaryType;
    this.#activation = activation(config.summaryActivation || "linear");
  }

  /**
   * hidden [R, T, D], or [B, C, T, D] for choices, and for `cls_index` the place [R] or [B, C] of each row's token, the
   * last when left out → [R, results] or [B, C, results]. As in the reference, `first`, `last` and `mean` fold the second
   * axis, which for choices gives [B, T, results].
   */
  forward(hidden: SymbolicTensor, place: SymbolicTensor | undefined): SymbolicTensor {
    const vector = this.dropout.forward(this.#vector(hidden, place));
    return this.#activation(this.projection === undefined ? vector : this.projection.forward(vector));
  }

  #vector(hidden: SymbolicTensor, place: SymbolicTensor | undefined): SymbolicTensor {
    if (this.#type === "mean") return mean(hidden, { axes: [1] });
    if (this.#type === "first") return elementOf(hidden, 1, 0);
    if (this.#type === "cls_index" && place !== undefined) return tokenAt(hidden, place);
    const axis = this.#type === "last" ? 1 : hidden.rank - 2;
    return elementOf(hidden, axis, addDimensions(at(hidden.shape, axis), 1, -1));
  }
}

/** x without an axis: what stands at `start` of it. */
function elementOf(x: SymbolicTensor, axis: number, start: Dimension): SymbolicTensor {
  return reshape(slice(x, { axis, start, length: 1 }), { shape: x.shape.filter((_, index) => index !== axis) });
}

/** hidden [..., T, D], place [...] of int64 or float32 → the token at that place of each row, [..., D]. */
function tokenAt(hidden: SymbolicTensor, place: SymbolicTensor): SymbolicTensor {
  const length = at(hidden.shape, hidden.rank - 2);
  const places = cast(range({ start: 0, length }), { to: place.type });
  const isThere = equal(reshape(place, { shape: [...place.shape, 1, 1] }), reshape(places, { shape: [1, length] }));
  const width = at(hidden.shape, hidden.rank - 1);
  return reshape(matmul(cast(isThere, { to: "float32" }), hidden), { shape: [...place.shape, width] });
}

/**
 * The specs of a model that reads the last token of each row: without a padding token nobody knows which that is, so only
 * one row is taken at a time, as in the reference.
 */
export function lastTokenSpecs(specs: InputSpecs, padTokenId: number | null): InputSpecs {
  if (padTokenId !== null) return specs;
  const oneRow = <S extends TensorSpec>(spec: S): S => ({
    ...spec,
    shape: spec.shape.map((dimension) => (bareName(dimension) === "B" ? 1 : dimension)),
  });
  const entries = Object.entries(specs).map(([name, spec]) => {
    const { otherwise } = spec;
    return [name, { ...oneRow(spec), ...(otherwise && { otherwise: otherwise.map(oneRow) }) }];
  });
  return Object.fromEntries(entries);
}

/**
 * hidden [B, T, D] → each row's last token that is no padding, by the tokens' ids, [B, D]. A row of nothing but padding has
 * its first; of vectors in the place of ids, which do not tell padding, the last is taken.
 */
export function lastToken(hidden: SymbolicTensor, tokens: TokenInputs, padTokenId: number | null): SymbolicTensor {
  const shape = tokenShape(tokens);
  const places = cast(range({ start: 0, length: at(shape, 1) }), { to: "float32" });
  const { inputIds } = tokens;
  const ofText =
    padTokenId === null || inputIds === undefined
      ? broadcastTo(places, { shape })
      : where(equal(inputIds, padTokenId), 0, places);
  return tokenAt(hidden, max(ofText, { axes: [1] }));
}
