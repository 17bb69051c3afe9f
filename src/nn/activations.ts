/** Activation functions by their published `hidden_act` names. */
import { ConfigurationError } from "../errors.ts";
import {
  add,
  erf,
  exp,
  gelu,
  log,
  maximum,
  mul,
  neg,
  relu,
  type SymbolicTensor,
  sigmoid,
  tanh,
} from "../graph/index.ts";

type Activation = (x: SymbolicTensor) => SymbolicTensor;

const exactGelu: Activation = (x) => gelu(x, { approximate: "none" });
const tanhGelu: Activation = (x) => gelu(x, { approximate: "tanh" });

/** x kept between two numbers. */
function clip(x: SymbolicTensor, low: number, high: number): SymbolicTensor {
  return maximum(neg(maximum(neg(x), -high)), low);
}

/** log(1 + exp(x)), without overflow. */
function softplus(x: SymbolicTensor): SymbolicTensor {
  return add(relu(x), log(add(exp(neg(maximum(x, neg(x)))), 1)));
}

const relu6: Activation = (x) => clip(x, 0, 6);

const activations: Readonly<Record<string, Activation>> = {
  gelu: exactGelu,
  gelu_new: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  gelu_python_tanh: tanhGelu,
  gelu_fast: tanhGelu,
  gelu_accurate: tanhGelu,
  gelu_python: exactGelu,
  gelu_10: (x) => clip(exactGelu(x), -10, 10),
  quick_gelu: (x) => mul(x, sigmoid(mul(x, 1.702))),
  relu: (x) => relu(x),
  relu6,
  relu2: (x) => mul(relu(x), relu(x)),
  leaky_relu: (x) => maximum(x, mul(x, 0.01)),
  hardswish: (x) => mul(mul(x, relu6(add(x, 3))), 1 / 6),
  mish: (x) => mul(x, tanh(softplus(x))),
  // Ma et al. 2022 (MEGA), https://arxiv.org/abs/2209.10655, equation 16.
  laplace: (x) => mul(add(erf(mul(add(x, -Math.SQRT1_2), 1 / (0.282095 * Math.SQRT2))), 1), 0.5),
  tanh: (x) => tanh(x),
  sigmoid: (x) => sigmoid(x),
  silu: (x) => mul(x, sigmoid(x)),
  swish: (x) => mul(x, sigmoid(x)),
  linear: (x) => x,
};

/** The names that `activation` knows. */
export const activationNames = Object.keys(activations);

/** The function of a published name. Throws a ConfigurationError that lists the known ones. */
export function activation(name: string): Activation {
  const known = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (known !== undefined) return known;
  throw new ConfigurationError(`there is no activation function ${name}`, {
    field: "hidden_act",
    expected: activationNames.join(", "),
    received: name,
  });
}
