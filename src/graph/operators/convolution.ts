/** Convolution over one axis of positions, and its transpose. */
import { ShapeError } from "../../errors.ts";
import { at, expectType, operator } from "../operator.ts";
import { addDimensions, type Dimension, dimensionsEqual, multiplyDimensions } from "../shapes.ts";
import type { SymbolicTensor } from "../symbolic-tensor.ts";

export interface ConvolutionAttributes {
  /** Positions from one window to the next, 1 when left out. */
  readonly stride?: number;
  /** Zeros before and after the positions, 0 when left out. */
  readonly padding?: number;
  /** Positions from one element of a window to the next, 1 when left out. */
  readonly dilation?: number;
  /** Channels are split into so many parts, each convolved for itself; 1 when left out. */
  readonly groups?: number;
}

/** Positions that a window covers, less one. */
function reachOf(kernel: Dimension, { dilation = 1 }: ConvolutionAttributes): Dimension {
  return multiplyDimensions(addDimensions(kernel, 1, -1), dilation);
}

/** How many windows there are over `length` positions: ⌊(length + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1. */
function windowsOver(length: Dimension, kernel: Dimension, attributes: ConvolutionAttributes): Dimension {
  const { stride = 1, padding = 0 } = attributes;
  const room = addDimensions(addDimensions(length, 2 * padding), addDimensions(reachOf(kernel, attributes), 1), -1);
  if (typeof room !== "number") {
    if (stride === 1) return addDimensions(room, 1);
    throw new ShapeError("a stride other than 1 needs a fixed number of positions", { received: String(length) });
  }
  if (room < 0) {
    throw new ShapeError("a window is longer than the padded positions", {
      expected: `at least ${addDimensions(reachOf(kernel, attributes), 1)} positions`,
      received: String(addDimensions(length, 2 * padding)),
    });
  }
  return Math.floor(room / stride) + 1;
}

function checkRanks(x: SymbolicTensor, weight: SymbolicTensor): void {
  expectType(x, "float32");
  expectType(weight, "float32");
  if (x.rank !== 3 || weight.rank !== 3) throw new ShapeError("takes x and weight of three axes each");
}

function expectDimension(what: string, expected: Dimension, received: Dimension): void {
  if (dimensionsEqual(expected, received)) return;
  throw new ShapeError(`${what} do not fit`, { expected: String(expected), received: String(received) });
}

function nodeAttributes({ stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvolutionAttributes) {
  return { strides: [stride], pads: [padding, padding], dilations: [dilation], group: groups };
}

/**
 * conv1d(x [B, C, T], weight [O, C / groups, K], bias [O]) → [B, O, windows]: at each window the products with every
 * filter, as PyTorch's `conv1d`. T may be a name where the stride is 1.
 */
export const conv1d = operator<3, ConvolutionAttributes>("conv1d", 3, {
  infer: (inputs, attributes) => {
    const [x, weight, bias] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    checkRanks(x, weight);
    const filters = at(weight.shape, 0);
    const { groups = 1 } = attributes;
    expectDimension("channels", multiplyDimensions(at(weight.shape, 1), groups), at(x.shape, 1));
    if (typeof filters === "number" && filters % groups !== 0) {
      throw new ShapeError(`${filters} filters do not make ${groups} groups`);
    }
    if (bias.rank !== 1) throw new ShapeError("the bias is a vector", { received: bias.toString() });
    expectDimension("bias and filters", filters, at(bias.shape, 0));
    const windows = windowsOver(at(x.shape, 2), at(weight.shape, 2), attributes);
    return { type: "float32", shape: [at(x.shape, 0), filters, windows] };
  },
  lower: (emit, inputs, attributes) => emit.node("Conv", inputs, { attributes: nodeAttributes(attributes) }),
});

export interface TransposedConvolutionAttributes extends ConvolutionAttributes {
  /** Positions of the result: several lengths have the same number of windows. */
  readonly length: Dimension;
}

/**
 * convTranspose1d(x [B, O, windows], weight [O, C / groups, K]) → [B, C, length]: every window's products put back at its
 * positions and added up; how the gradient goes back through `conv1d`.
 */
export const convTranspose1d = operator<2, TransposedConvolutionAttributes>("convTranspose1d", 2, {
  infer: (inputs, attributes) => {
    const [x, weight] = [at(inputs, 0), at(inputs, 1)];
    checkRanks(x, weight);
    const { groups = 1, length } = attributes;
    expectDimension("filters", at(weight.shape, 0), at(x.shape, 1));
    expectDimension("windows", windowsOver(length, at(weight.shape, 2), attributes), at(x.shape, 2));
    return { type: "float32", shape: [at(x.shape, 0), multiplyDimensions(at(weight.shape, 1), groups), length] };
  },
  lower: (emit, inputs, attributes, node) => {
    const { stride = 1, padding = 0, length } = attributes;
    const kernel = at(at(node.inputs, 1).shape, 2);
    const windows = at(at(node.inputs, 0).shape, 2);
    // Positions after the last window that a stride left over; none at stride 1.
    const reached = addDimensions(
      multiplyDimensions(addDimensions(windows, 1, -1), stride),
      reachOf(kernel, attributes),
    );
    const left =
      stride === 1 ? 0 : Number(addDimensions(addDimensions(length, 2 * padding), addDimensions(reached, 1), -1));
    return emit.node("ConvTranspose", inputs, {
      attributes: { ...nodeAttributes(attributes), output_padding: [left] },
    });
  },
});
