/** What a reference says was differentiated: outputs, means of their squares, and sums of those. */
import { CheckpointError } from "../errors.ts";
import { add, mean, mul, SymbolicTensor } from "../graph/index.ts";
import { camelCase } from "./model-reference.ts";

/**
 * The scalar that an expression such as `loss + mc_loss` or `mean(last_hidden_state**2)` means over a model's outputs.
 *
 * @throws CheckpointError for an expression of another form, or an output that the model does not have.
 */
export function lossFrom(expression: string, outputs: object): SymbolicTensor {
  const terms = expression.split("+").map((term) => {
    const [, squared, plain] = /^\s*(?:mean\((\w+)\*\*2\)|(\w+))\s*$/.exec(term) ?? [];
    const name = squared ?? plain;
    const value = name === undefined ? undefined : (outputs as Record<string, unknown>)[camelCase(name)];
    if (!(value instanceof SymbolicTensor)) {
      throw new CheckpointError(`the reference's loss cannot be computed: ${term.trim()}`, {
        field: "loss",
        expected: "outputs of the model, or mean(output**2), joined by +",
        received: expression,
      });
    }
    return squared === undefined ? value : mean(mul(value, value), {});
  });
  return terms.reduce((sum, term) => add(sum, term));
}
