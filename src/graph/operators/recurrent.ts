/** One step of recurrent layers. What a step needs of its input is projected before, for all steps in one product. */
import { ShapeError } from "../../errors.ts";
import { at, expectType, multipleOperator } from "../operator.ts";
import { dimensionsEqual, multiplyDimensions } from "../shapes.ts";

/**
 * lstmCell(gates [B, 4·H], cell [B, H]) → [hidden, new cell, input gate, forget gate, candidate, output gate, tanh of the
 * new cell], all [B, H]; the last five are what the gradient needs. `gates` holds the sums before the activations in
 * PyTorch's order: input, forget, candidate, output (Hochreiter and Schmidhuber 1997,
 * https://doi.org/10.1162/neco.1997.9.8.1735, with the forget gate of Gers et al. 2000).
 */
export const lstmCell = multipleOperator<2>("lstmCell", 2, {
  infer: (inputs) => {
    const [gates, cell] = [at(inputs, 0), at(inputs, 1)];
    expectType(gates, "float32");
    expectType(cell, "float32");
    const fits =
      gates.rank === 2 &&
      cell.rank === 2 &&
      typeof cell.shape[1] === "number" &&
      dimensionsEqual(at(gates.shape, 0), at(cell.shape, 0)) &&
      dimensionsEqual(at(gates.shape, 1), multiplyDimensions(at(cell.shape, 1), 4));
    if (!fits) throw new ShapeError("takes gates [B, 4·H] and a cell [B, H] of fixed H");
    return Array.from({ length: 7 }, () => ({ type: "float32", shape: cell.shape }));
  },
  lower: (emit, inputs, _, node) => {
    const width = Number(at(at(node.inputs, 1).shape, 1));
    const parts = emit.nodes("Split", [at(inputs, 0), emit.int64([2 * width, width, width])], {
      attributes: { axis: 1 },
      outputs: 3,
    });
    const open = emit.node("Sigmoid", [at(parts, 0)]);
    const [input, forget] = emit.nodes("Split", [open, emit.int64([width, width])], {
      attributes: { axis: 1 },
      outputs: 2,
    }) as [string, string];
    const candidate = emit.node("Tanh", [at(parts, 1)]);
    const output = emit.node("Sigmoid", [at(parts, 2)]);
    const kept = emit.node("Mul", [forget, at(inputs, 1)]);
    const cell = emit.node("Add", [kept, emit.node("Mul", [input, candidate])]);
    const bounded = emit.node("Tanh", [cell]);
    return [emit.node("Mul", [output, bounded]), cell, input, forget, candidate, output, bounded];
  },
});
