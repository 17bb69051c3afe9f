/** What decoders share that read a text piece by piece: the keys and values of P tokens that were read before. */
import { addDimensions, at, type Dimension, namedDimension, type SymbolicTensor, shapeOf } from "../graph/index.ts";
import type { KeyValue } from "../nn/index.ts";
import type { InputSpecs } from "./model-inputs.ts";

/** What one layer keeps: of its own tokens, and of the E tokens of a source that it attends to. */
export interface LayerCache extends KeyValue {
  /** [B, H, E, K] */
  readonly crossKey?: SymbolicTensor;
  /** [B, H, E, K] */
  readonly crossValue?: SymbolicTensor;
}

/** How many tokens a cache holds. */
export function cachedLength(caches: readonly KeyValue[] | undefined): Dimension {
  const first = caches?.[0];
  return first === undefined ? 0 : at(first.key.shape, 2);
}

/** Of keys or values that continue those of the inputs, what they continue them with; all of others. */
export function addedPart(keysOrValues: SymbolicTensor): SymbolicTensor {
  const { source } = keysOrValues;
  if (source.kind !== "node" || source.node.operator !== "concat") return keysOrValues;
  const [past, added, ...more] = source.node.inputs;
  return past?.source.kind === "input" && added !== undefined && more.length === 0 ? added : keysOrValues;
}

/** The keys and values of a layer's source, where the cache has them. */
export function cachedSource({ crossKey, crossValue }: Partial<LayerCache> = {}): KeyValue | undefined {
  return crossKey && crossValue && { key: crossKey, value: crossValue };
}

/** What a layer keeps, from the keys and values of its attentions. */
export function layerCache(own: KeyValue, source: KeyValue | undefined): LayerCache {
  return source === undefined ? own : { ...own, crossKey: source.key, crossValue: source.value };
}

export interface CacheSizes {
  readonly layers: number;
  readonly heads: number;
  /** D */
  readonly width: number;
  /** Whether the layers attend to a source as well. */
  readonly crossAttention: boolean;
}

/** Specs of `pastKeyValues`, and of the attention mask, which covers what was read before as well. */
export function cacheSpecs(given: ReadonlySet<string>, sizes: CacheSizes): InputSpecs {
  const { layers, heads, width, crossAttention } = sizes;
  const hasPast = isGivenPast(given);
  const own = { type: "float32", shape: shapeOf("B", heads, "P", width / heads), required: hasPast } as const;
  const cross = { type: "float32", shape: shapeOf("B", heads, "E", width / heads) } as const;
  const specs = Array.from({ length: layers }, (_, layer) => [
    [`pastKeyValues.${layer}.key`, own] as const,
    [`pastKeyValues.${layer}.value`, own] as const,
    ...(crossAttention
      ? ([
          [`pastKeyValues.${layer}.crossKey`, cross],
          [`pastKeyValues.${layer}.crossValue`, cross],
        ] as const)
      : []),
  ]);
  const keys = hasPast ? addDimensions(namedDimension("P"), namedDimension("T")) : "T";
  return { attentionMask: { type: "int64", shape: shapeOf("B", keys) }, ...Object.fromEntries(specs.flat()) };
}

/** Whether an earlier call's keys and values are among the inputs. */
export function isGivenPast(given: ReadonlySet<string>): boolean {
  return [...given].some((name) => name.startsWith("pastKeyValues."));
}

/** What a layer attends to beside its own tokens. */
export interface SourceInputs {
  /** [B, E, D]: an encoder's output. */
  readonly encoderHiddenStates?: SymbolicTensor;
  /** [B, E] of int64: 1 on text, 0 on padding; all text when left out. */
  readonly encoderAttentionMask?: SymbolicTensor;
}

export function sourceSpecs(width: number): InputSpecs {
  return {
    encoderHiddenStates: { type: "float32", shape: shapeOf("B", "E", width) },
    encoderAttentionMask: { type: "int64", shape: shapeOf("B", "E") },
  };
}
