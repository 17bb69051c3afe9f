/**
 * Shapes with named dimensions. A dimension is a number, or an integer polynomial of names such as `B`, `T` or `P + T`,
 * so that one traced graph serves every batch size and length, and a mismatch is reported by name while tracing.
 */
import { ShapeError } from "../errors.ts";

/**
 * A dimension that is known only when the graph runs: Σ coefficient · product of names. Keys are the sorted names joined
 * by `*`; the constant term's key is the empty string.
 */
export class SymbolicDimension {
  readonly terms: ReadonlyMap<string, number>;

  constructor(terms: ReadonlyMap<string, number>) {
    this.terms = terms;
  }

  toString(): string {
    const parts = [...this.terms].map(([names, coefficient]) => {
      if (names === "") return String(coefficient);
      const product = names.replaceAll("*", "·");
      return coefficient === 1 ? product : `${coefficient}·${product}`;
    });
    return parts.join(" + ").replaceAll("+ -", "- ");
  }
}

export type Dimension = number | SymbolicDimension;
export type Shape = readonly Dimension[];

/** The values of the names in one run. */
export type DimensionValues = ReadonlyMap<string, number>;

/** The dimension called `name`. */
export function namedDimension(name: string): SymbolicDimension {
  return new SymbolicDimension(new Map([[name, 1]]));
}

/** A shape from numbers and names: `shapeOf("B", "T", 768)`. */
export function shapeOf(...dimensions: readonly (Dimension | string)[]): Shape {
  return dimensions.map((dimension) => (typeof dimension === "string" ? namedDimension(dimension) : dimension));
}

function termsOf(dimension: Dimension): ReadonlyMap<string, number> {
  if (typeof dimension !== "number") return dimension.terms;
  return dimension === 0 ? new Map() : new Map([["", dimension]]);
}

function fromTerms(terms: Map<string, number>): Dimension {
  for (const [names, coefficient] of terms) if (coefficient === 0) terms.delete(names);
  if (terms.size === 0) return 0;
  const constant = terms.get("");
  if (terms.size === 1 && constant !== undefined) return constant;
  return new SymbolicDimension(new Map([...terms].sort(([left], [right]) => (left < right ? -1 : 1))));
}

export function addDimensions(left: Dimension, right: Dimension, sign: 1 | -1 = 1): Dimension {
  if (typeof left === "number" && typeof right === "number") return left + sign * right;
  const sum = new Map(termsOf(left));
  for (const [names, coefficient] of termsOf(right)) sum.set(names, (sum.get(names) ?? 0) + sign * coefficient);
  return fromTerms(sum);
}

export function multiplyDimensions(left: Dimension, right: Dimension): Dimension {
  if (typeof left === "number" && typeof right === "number") return left * right;
  const product = new Map<string, number>();
  for (const [leftNames, leftCoefficient] of termsOf(left)) {
    for (const [rightNames, rightCoefficient] of termsOf(right)) {
      const names = [leftNames, rightNames].filter((part) => part !== "");
      const key = names.join("*").split("*").sort().join("*");
      product.set(key, (product.get(key) ?? 0) + leftCoefficient * rightCoefficient);
    }
  }
  return fromTerms(product);
}

export function dimensionsEqual(left: Dimension, right: Dimension): boolean {
  if (typeof left === "number" || typeof right === "number") return left === right;
  if (left.terms.size !== right.terms.size) return false;
  for (const [names, coefficient] of left.terms) if (right.terms.get(names) !== coefficient) return false;
  return true;
}

export function shapesEqual(left: Shape, right: Shape): boolean {
  return left.length === right.length && left.every((dimension, axis) => dimensionsEqual(dimension, right[axis] ?? -1));
}

/** The number of elements. */
export function sizeOf(shape: Shape): Dimension {
  return shape.reduce<Dimension>(multiplyDimensions, 1);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** The dimension as a number, given the names' values. Throws a ShapeError for a name without a value. */
export function evaluateDimension(dimension: Dimension, values: DimensionValues): number {
  if (typeof dimension === "number") return dimension;
  let total = 0;
  for (const [names, coefficient] of dimension.terms) {
    let product = coefficient;
    for (const name of names === "" ? [] : names.split("*")) {
      const value = values.get(name);
      if (value === undefined) throw new ShapeError(`dimension ${name} has no value`, { field: name });
      product *= value;
    }
    total += product;
  }
  return total;
}

export function evaluateShape(shape: Shape, values: DimensionValues): number[] {
  return shape.map((dimension) => evaluateDimension(dimension, values));
}

/** Adds to `values` what names that stand alone in `shape` are worth where the actual sizes are `dims`. */
export function bindNames(shape: Shape, dims: readonly number[], values: Map<string, number>): void {
  for (const [axis, dimension] of shape.entries()) {
    const name = bareName(dimension);
    const actual = dims[axis];
    if (name !== undefined && actual !== undefined && !values.has(name)) values.set(name, actual);
  }
}

/** Throws a ShapeError that names `what` unless `dims` are the sizes of `shape`. */
export function checkDims(shape: Shape, dims: readonly number[], values: DimensionValues, what: string): void {
  const fits =
    shape.length === dims.length && shape.every((own, axis) => evaluateDimension(own, values) === dims[axis]);
  if (fits) return;
  const known = [...values].map(([name, value]) => `${name}=${value}`).join(", ");
  throw new ShapeError(`${what} has the wrong shape`, {
    field: what,
    expected: known === "" ? formatShape(shape) : `${formatShape(shape)} where ${known}`,
    received: `[${dims.join(", ")}]`,
  });
}

/** The name, when the dimension is nothing but a name. */
export function bareName(dimension: Dimension): string | undefined {
  if (typeof dimension === "number" || dimension.terms.size !== 1) return undefined;
  const [entry] = dimension.terms;
  return entry !== undefined && entry[1] === 1 && !entry[0].includes("*") ? entry[0] : undefined;
}

/** The shape of an elementwise result under NumPy's broadcasting rules. */
export function broadcastShapes(left: Shape, right: Shape): Shape {
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, axis) => {
    const a = left[axis - rank + left.length] ?? 1;
    const b = right[axis - rank + right.length] ?? 1;
    if (dimensionsEqual(a, b) || b === 1) return a;
    if (a === 1) return b;
    throw new ShapeError(`shapes ${formatShape(left)} and ${formatShape(right)} do not broadcast`, {
      expected: `${a} or 1 in axis ${axis - rank}`,
      received: String(b),
    });
  });
}

/** The axis counted from the front. Throws a ShapeError when it is out of range. */
export function normalizeAxis(axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank) {
    throw new ShapeError(`axis ${axis} is out of range for ${rank} dimensions`, { received: String(axis) });
  }
  return normalized;
}

/** The folded axes counted from the front, in order. */
export function reducedAxes(rank: number, axes: readonly number[] | undefined): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  return axes.map((axis) => normalizeAxis(axis, rank)).sort((left, right) => left - right);
}
