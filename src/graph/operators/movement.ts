/** Operators that move elements and compute nothing. */
import { ShapeError } from "../../errors.ts";
import { at, multipleOperator, operator } from "../operator.ts";
import {
  addDimensions,
  broadcastShapes,
  type Dimension,
  dimensionsEqual,
  formatShape,
  normalizeAxis,
  type Shape,
  shapesEqual,
  sizeOf,
} from "../shapes.ts";

export interface ShapeAttributes {
  readonly shape: Shape;
}

/** The same elements in the same order under another shape of equal size. */
export const reshape = operator<1, ShapeAttributes>("reshape", 1, {
  infer: (inputs, { shape }) => {
    const x = at(inputs, 0);
    if (!dimensionsEqual(sizeOf(x.shape), sizeOf(shape))) {
      throw new ShapeError(`${formatShape(x.shape)} cannot be seen as ${formatShape(shape)}`, {
        expected: `${sizeOf(x.shape)} elements`,
        received: `${sizeOf(shape)}`,
      });
    }
    return { type: x.type, shape };
  },
  lower: (emit, inputs, { shape }, node) => emit.reshape(at(inputs, 0), at(node.inputs, 0).shape, shape),
});

export interface TransposeAttributes {
  /** Result axis i is the operand's axis permutation[i]. */
  readonly permutation: readonly number[];
}

export const transpose = operator<1, TransposeAttributes>("transpose", 1, {
  infer: (inputs, { permutation }) => {
    const x = at(inputs, 0);
    const seen = new Set(permutation.map((axis) => normalizeAxis(axis, x.rank)));
    if (permutation.length !== x.rank || seen.size !== x.rank) {
      throw new ShapeError(`(${permutation.join(", ")}) is no permutation of ${x.rank} axes`);
    }
    return { type: x.type, shape: permutation.map((axis) => at(x.shape, normalizeAxis(axis, x.rank))) };
  },
  lower: (emit, inputs, { permutation }) => {
    const perm = permutation.map((axis) => normalizeAxis(axis, permutation.length));
    return emit.node("Transpose", inputs, { attributes: { perm } });
  },
});

export interface AxisAttributes {
  readonly axis: number;
}

/** The operands joined along an axis; all other dimensions are equal. */
export const concat = operator<-1, AxisAttributes>("concat", -1, {
  infer: (inputs, { axis }) => {
    const first = at(inputs, 0);
    const along = normalizeAxis(axis, first.rank);
    const total = inputs.slice(1).reduce<Dimension>(
      (sum, tensor) => {
        const fits = tensor.shape.map((dimension, index) => (index === along ? at(first.shape, along) : dimension));
        if (tensor.type !== first.type || !shapesEqual(fits, first.shape)) {
          throw new ShapeError(`${tensor} does not continue ${first} along axis ${axis}`);
        }
        return addDimensions(sum, at(tensor.shape, along));
      },
      at(first.shape, along),
    );
    return { type: first.type, shape: first.shape.map((dimension, index) => (index === along ? total : dimension)) };
  },
  lower: (emit, inputs, { axis }) => emit.node("Concat", inputs, { attributes: { axis } }),
});

export interface SplitAttributes extends AxisAttributes {
  readonly sizes: readonly number[];
}

/** Consecutive parts of the given sizes along an axis of fixed length. */
export const split = multipleOperator<1, SplitAttributes>("split", 1, {
  infer: (inputs, { axis, sizes }) => {
    const x = at(inputs, 0);
    const along = normalizeAxis(axis, x.rank);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (at(x.shape, along) !== total) {
      throw new ShapeError(`parts of ${sizes.join(" + ")} do not make up axis ${axis}`, {
        expected: String(at(x.shape, along)),
        received: String(total),
      });
    }
    return sizes.map((size) => ({
      type: x.type,
      shape: x.shape.map((dimension, index) => (index === along ? size : dimension)),
    }));
  },
  lower: (emit, inputs, { axis, sizes }) =>
    emit.nodes("Split", [at(inputs, 0), emit.int64(sizes)], { attributes: { axis }, outputs: sizes.length }),
});

export interface SliceAttributes extends AxisAttributes {
  readonly start: Dimension;
  readonly length: Dimension;
}

/** `length` consecutive elements of an axis from `start` on. */
export const slice = operator<1, SliceAttributes>("slice", 1, {
  infer: (inputs, { axis, start, length }) => {
    const x = at(inputs, 0);
    const along = normalizeAxis(axis, x.rank);
    const end = addDimensions(start, length);
    const whole = at(x.shape, along);
    if (typeof end === "number" && typeof whole === "number" && end > whole) {
      throw new ShapeError(`elements ${start} to ${end} are not all in axis ${axis}`, { received: String(whole) });
    }
    return { type: x.type, shape: x.shape.map((dimension, index) => (index === along ? length : dimension)) };
  },
  lower: (emit, inputs, { axis, start, length }) =>
    emit.node("Slice", [
      at(inputs, 0),
      emit.dimension(start),
      emit.dimension(addDimensions(start, length)),
      emit.int64([axis]),
    ]),
});

export interface PadAttributes extends AxisAttributes {
  readonly before: Dimension;
  readonly after: Dimension;
}

/** Zeros before and after along one axis. */
export const pad = operator<1, PadAttributes>("pad", 1, {
  infer: (inputs, { axis, before, after }) => {
    const x = at(inputs, 0);
    const along = normalizeAxis(axis, x.rank);
    const grown = (dimension: Dimension): Dimension => addDimensions(addDimensions(before, dimension), after);
    return {
      type: x.type,
      shape: x.shape.map((dimension, index) => (index === along ? grown(dimension) : dimension)),
    };
  },
  lower: (emit, inputs, { axis, before, after }, node) => {
    const { shape } = at(node.inputs, 0);
    const along = normalizeAxis(axis, shape.length);
    const amounts = (amount: Dimension): Dimension[] => shape.map((_, index) => (index === along ? amount : 0));
    return emit.node("Pad", [at(inputs, 0), emit.shape([...amounts(before), ...amounts(after)])]);
  },
});

/** The operand repeated along axes of length 1, or new leading ones. */
export const broadcastTo = operator<1, ShapeAttributes>("broadcastTo", 1, {
  infer: (inputs, { shape }) => {
    const x = at(inputs, 0);
    if (!shapesEqual(broadcastShapes(x.shape, shape), shape)) {
      throw new ShapeError(`${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`);
    }
    return { type: x.type, shape };
  },
  lower: (emit, inputs, { shape }) => emit.node("Expand", [at(inputs, 0), emit.shape(shape)]),
});
