/** How left-to-right models speak of a row as a whole: one token of it stands for all, because it has seen the others. */
import { ConfigurationError } from "../errors.ts";
import {
  addDimensions,
  at,
  broadcastTo,
  cast,
  equal,
  matmul,
  max,
  mean,
  range,
  reshape,
  type SymbolicTensor,
  shapeOf,
  slice,
  where,
} from "../graph/index.ts";
import { activation, Dropout, Linear, Module, normal } from "../nn/index.ts";
import type { InputSpecs } from "./model-inputs.ts";

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

  /** hidden [R, T, D], the place [R] of each row's token for `cls_index`, the last when left out → [R, results]. */
  forward(hidden: SymbolicTensor, place: SymbolicTensor | undefined): SymbolicTensor {
    const vector = this.dropout.forward(this.#vector(hidden, place));
    return this.#activation(this.projection === undefined ? vector : this.projection.forward(vector));
  }

  #vector(hidden: SymbolicTensor, place: SymbolicTensor | undefined): SymbolicTensor {
    if (this.#type === "mean") return mean(hidden, { axes: [1] });
    if (this.#type === "cls_index" && place !== undefined) return tokenAt(hidden, place);
    const [rows, length, width] = [at(hidden.shape, 0), at(hidden.shape, 1), at(hidden.shape, 2)];
    const start = this.#type === "first" ? 0 : addDimensions(length, 1, -1);
    return reshape(slice(hidden, { axis: 1, start, length: 1 }), { shape: [rows, width] });
  }
}

/** hidden [R, T, D], place [R] of int64 or float32 → the token at that place of each row, [R, D]. */
function tokenAt(hidden: SymbolicTensor, place: SymbolicTensor): SymbolicTensor {
  const [rows, length, width] = [at(hidden.shape, 0), at(hidden.shape, 1), at(hidden.shape, 2)];
  const places = cast(range({ start: 0, length }), { to: place.type });
  const isThere = equal(reshape(place, { shape: [rows, 1, 1] }), reshape(places, { shape: [1, 1, length] }));
  return reshape(matmul(cast(isThere, { to: "float32" }), hidden), { shape: [rows, width] });
}

/** The specs of a model that reads the last token of each row: without a padding token, only one row at a time. */
export function lastTokenSpecs({ inputIds, ...specs }: InputSpecs, padTokenId: number | null): InputSpecs {
  const oneRow = { ...inputIds, type: "int64", shape: shapeOf(1, "T") } as const;
  return { ...specs, ...(inputIds && { inputIds: padTokenId === null ? oneRow : inputIds }) };
}

/**
 * hidden [B, T, D], inputIds [B, T] → each row's last token that is no padding, by the tokens themselves, [B, D]. A row of
 * nothing but padding has its first.
 */
export function lastToken(hidden: SymbolicTensor, inputIds: SymbolicTensor, padTokenId: number | null): SymbolicTensor {
  const places = cast(range({ start: 0, length: at(inputIds.shape, 1) }), { to: "float32" });
  const all = broadcastTo(places, { shape: inputIds.shape });
  const ofText = padTokenId === null ? all : where(equal(inputIds, padTokenId), 0, places);
  return tokenAt(hidden, max(ofText, { axes: [1] }));
}
