/** The golden cases of operators (test/golden/operators): reading them and building their graphs. */
import { readdirSync, readFileSync } from "node:fs";
import {
  add,
  addDimensions,
  type DataType,
  type Dimension,
  gradientsOf,
  input,
  mul,
  multiplyDimensions,
  namedDimension,
  type OperatorType,
  operators,
  reshape,
  type SymbolicTensor,
  sum,
} from "../../src/graph/index.ts";
import type { Buffer } from "../../src/runtime/engine.ts";
import { allocateBuffer } from "../../src/runtime/executable.ts";

/** Elements as JSON has them: infinities and NaN are texts. */
type Values = readonly (number | string)[];

export interface GoldenCase {
  readonly operator: OperatorType;
  readonly name: string;
  /** Dimensions are numbers or names. */
  readonly inputs: readonly { type: DataType; shape: readonly (number | string)[]; values: Values }[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly outputs: readonly { type: DataType; shape: readonly number[]; values: Values }[];
  /** What each output is multiplied by in the loss; null where it does not take part. */
  readonly cotangents: readonly (Values | null)[];
  readonly gradients: readonly (Values | null)[];
  /** Whether central differences make sense. */
  readonly smooth: boolean;
  /** Whether each element is to be as exact as the largest one. */
  readonly elementwise: boolean;
}

export type Sizes = Readonly<Record<string, number>>;

interface GoldenFile {
  readonly sizes: Sizes;
  readonly cases: readonly GoldenCase[];
}

/** The cases of every file of src/graph/operators/. */
export function readCases(): GoldenFile {
  const folder = new URL("../golden/operators/", import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const files = names.map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as GoldenFile);
  return { sizes: files[0]?.sizes ?? {}, cases: files.flatMap((file) => file.cases) };
}

/** `dims` and the elements as the engine takes them. */
export function bufferOf(type: DataType, dims: readonly number[], values: Values): Buffer {
  const buffer = allocateBuffer(type, dims);
  if (buffer.data.length !== values.length) throw new Error(`${values.length} values for [${dims.join(", ")}]`);
  values.forEach((value, index) => {
    buffer.data[index] = type === "int64" ? BigInt(value) : Number(value);
  });
  return buffer;
}

/** How dimensions are written into a graph: as their names, or as the numbers that they stand for. */
export type Notation = "named" | "fixed";

/** `2`, `B`, or sums and products such as `B*T - 1`. */
export function parseDimension(text: number | string, sizes: Sizes, notation: Notation): Dimension {
  if (typeof text === "number") return text;
  const term = (part: string): Dimension =>
    part
      .split("*")
      .map((factor): Dimension => {
        if (/^\d+$/.test(factor)) return Number(factor);
        const size = sizes[factor];
        if (size === undefined) throw new Error(`no size is given for ${factor}`);
        return notation === "named" ? namedDimension(factor) : size;
      })
      .reduce((left, right) => multiplyDimensions(left, right));
  const [first = "", ...rest] = text.split(/ ?([+-]) ?/);
  let total = term(first);
  for (let at = 0; at < rest.length; at += 2) {
    total = addDimensions(total, term(rest[at + 1] as string), rest[at] === "-" ? -1 : 1);
  }
  return total;
}

const dimensionAttributes = new Set(["shape", "start", "length", "before", "after"]);

export interface BuiltCase {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** `y0` …: the results. `d0` …: gradients of the loss Σ result · cotangent with respect to the inputs. */
  readonly named: Readonly<Record<string, SymbolicTensor>>;
  /** The names that stand in the case, its attributes included. */
  readonly names: readonly string[];
}

/** Traces the operator of a case and differentiates it. */
export function buildCase(golden: GoldenCase, sizes: Sizes, notation: Notation): BuiltCase {
  const dimension = (text: number | string): Dimension => parseDimension(text, sizes, notation);
  const inputs = golden.inputs.map(({ type, shape }, index) => input(`x${index}`, type, shape.map(dimension)));
  const attributes = Object.fromEntries(
    Object.entries(golden.attributes).map(([key, value]) => {
      if (!dimensionAttributes.has(key)) return [key, value];
      return [key, Array.isArray(value) ? value.map(dimension) : dimension(value as number | string)];
    }),
  );
  const apply = operators[golden.operator] as unknown as (...args: unknown[]) => SymbolicTensor | SymbolicTensor[];
  const result = apply(...inputs, attributes);
  const outputs = Array.isArray(result) ? result : [result];
  const named: Record<string, SymbolicTensor> = {};
  for (const [index, y] of outputs.entries()) named[`y${index}`] = y;
  const terms = outputs.flatMap((y, index) =>
    golden.cotangents[index] ? [sum(mul(y, input(`c${index}`, "float32", y.shape)))] : [],
  );
  if (terms.length > 0) {
    const floats = inputs.flatMap((x, index) => (x.type === "float32" ? [{ x, index }] : []));
    const loss = terms.reduce((total, term) => add(total, term));
    const gradients = gradientsOf(
      loss,
      floats.map(({ x }) => x),
    );
    for (const [at, gradient] of gradients.entries()) if (gradient) named[`d${floats[at]?.index}`] = gradient;
  }
  // An input that has every name lets the graph know their values, those of attributes included.
  const names = notation === "fixed" ? [] : usedNames(golden, sizes);
  if (names.length > 0)
    named.sizes = reshape(input("names", "uint8", names.map(namedDimension)), { shape: names.map(namedDimension) });
  return { inputs, outputs, named, names };
}

function usedNames({ inputs, attributes }: GoldenCase, sizes: Sizes): string[] {
  const text = JSON.stringify([inputs.map(({ shape }) => shape), attributes]);
  return Object.keys(sizes).filter((name) => new RegExp(`\\b${name}\\b`).test(text));
}

/** What the graph of a case is fed. */
export function feedsOf(
  golden: GoldenCase,
  { inputs, outputs, names }: BuiltCase,
  sizes: Sizes,
): Record<string, Buffer> {
  const feeds: Record<string, Buffer> = {};
  for (const [index, { type, shape, values }] of golden.inputs.entries()) {
    const dims = shape.map((dimension) => Number(parseDimension(dimension, sizes, "fixed")));
    feeds[`x${index}`] = bufferOf(inputs[index]?.type ?? type, dims, values);
  }
  for (const [index, values] of golden.cotangents.entries()) {
    if (values && outputs[index]) feeds[`c${index}`] = bufferOf("float32", golden.outputs[index]?.shape ?? [], values);
  }
  if (names.length > 0)
    feeds.names = allocateBuffer(
      "uint8",
      names.map((name) => sizes[name] ?? -1),
    );
  return feeds;
}
