/** Activation functions by their published `hidden_act` names. */
import { ConfigurationError } from "../errors.ts";
import { gelu, mul, relu, type SymbolicTensor, sigmoid, tanh } from "../graph/index.ts";

type Activation = (x: SymbolicTensor) => SymbolicTensor;

const exactGelu: Activation = (x) => gelu(x, { approximate: "none" });
const tanhGelu: Activation = (x) => gelu(x, { approximate: "tanh" });

const activations: Readonly<Record<string, Activation>> = {
  gelu: exactGelu,
  gelu_new: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  gelu_python_tanh: tanhGelu,
  gelu_fast: tanhGelu,
  gelu_accurate: tanhGelu,
  gelu_python: exactGelu,
  quick_gelu: (x) => mul(x, sigmoid(mul(x, 1.702))),
  relu: (x) => relu(x),
  relu2: (x) => mul(relu(x), relu(x)),
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
