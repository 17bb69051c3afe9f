/** The derivative of the Gaussian error linear unit, in few passes over the elements. */
import { add, erf, exp, mul, sigmoid, sub } from "./ops.ts";
import type { SymbolicTensor } from "./symbolic-tensor.ts";

/** dy/dx of y = x·Φ(x), and of the tanh form, in few passes over the elements. */
export function geluDerivative(
  x: SymbolicTensor,
  y: SymbolicTensor,
  approximate: "none" | "tanh" | undefined,
): SymbolicTensor {
  if (approximate === "tanh") {
    // y = x·σ(x·p) with p = 2c·(1 + 0.044715 x²), so y' = σ + y·(1 − σ)·(3p − 4c).
    const scale = Math.sqrt(2 / Math.PI);
    const polynomial = add(mul(mul(x, x), 2 * 0.044715 * scale), 2 * scale);
    const share = sigmoid(mul(x, polynomial));
    const slope = sub(mul(polynomial, 3), 4 * scale);
    return add(share, mul(sub(y, mul(y, share)), slope));
  }
  const cumulative = add(mul(erf(mul(x, Math.SQRT1_2)), 0.5), 0.5);
  const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(mul(x, density), cumulative);
}
