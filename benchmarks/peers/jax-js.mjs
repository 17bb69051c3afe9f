/** A training step of the small GPT in jax-js on WebAssembly. Arguments: the case as JSON, steps. */
import {
  blockUntilReady,
  defaultDevice,
  grad,
  init,
  jit,
  nn,
  numpy as np,
  random,
  tree,
  valueAndGrad,
} from "@jax-js/jax";
import { nextTokens, reportDone, reportFirst, shapeOf, tokens } from "./peer-run.mjs";

const { vocabulary, width, layers, heads, batch, length, steps } = shapeOf(process.argv.slice(2));
const rows = batch * length;

// jax-js maps iterators, which Node can from 22 on.
const iterator = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
iterator.map ??= function map(change) {
  return Array.from(this, (item) => change(item));
};

const rule = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, rate: 1e-4, decay: 0.01 };

await init("wasm");
defaultDevice("wasm");

let seed = 0;
const normal = (...shape) => random.normal(random.key(seed++), shape).mul(0.02);
const newNorm = () => ({ gain: np.ones([width]), bias: np.zeros([width]) });
const newLinear = (inputs, outputs) => ({ weight: normal(inputs, outputs), bias: np.zeros([outputs]) });
let parameters = {
  words: normal(vocabulary, width),
  positions: normal(length, width),
  norm: newNorm(),
  blocks: Array.from({ length: layers }, () => ({
    norm1: newNorm(),
    norm2: newNorm(),
    query: newLinear(width, width),
    key: newLinear(width, width),
    value: newLinear(width, width),
    output: newLinear(width, width),
    expand: newLinear(width, 4 * width),
    shrink: newLinear(4 * width, width),
  })),
};

/** Arrays are used up by what takes them; `.ref` keeps one for another use. */
const linear = (x, { weight, bias }) => np.matmul(x, weight).add(bias);

function layerNorm(x, { gain, bias }) {
  const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(1e-5)))
    .mul(gain)
    .add(bias);
}

function block(x, own) {
  const y = layerNorm(x.ref, own.norm1);
  const split = (z) => z.reshape([batch, length, heads, width / heads]);
  const query = split(linear(y.ref, own.query));
  const key = split(linear(y.ref, own.key));
  const value = split(linear(y, own.value));
  const attended = nn.dotProductAttention(query, key, value, { isCausal: true }).reshape([rows, width]);
  const middle = x.add(linear(attended, own.output));
  const expanded = nn.gelu(linear(layerNorm(middle.ref, own.norm2), own.expand));
  return middle.add(linear(expanded, own.shrink));
}

function lossOf({ words, positions, norm, blocks }, embedded, labels) {
  let x = embedded.reshape([batch, length, width]).add(positions).reshape([rows, width]);
  for (const own of blocks) x = block(x, own);
  const logits = np.matmul(layerNorm(x, norm), np.transpose(words));
  // The gradient of takeAlongAxis does not compile: "routine primitive scatter input is not imm".
  return np.sum(nn.logSoftmax(logits, -1).mul(nn.oneHot(labels, vocabulary))).mul(-1 / rows);
}

function adamw(parameter, gradient, first, second, correction1, correction2) {
  const m = first.mul(rule.beta1).add(gradient.ref.mul(1 - rule.beta1));
  const v = second.mul(rule.beta2).add(np.square(gradient).mul(1 - rule.beta2));
  const denominator = np.sqrt(v.ref.div(correction2)).add(rule.epsilon);
  const moved = m.ref.div(correction1).div(denominator).mul(rule.rate);
  return [parameter.mul(1 - rule.rate * rule.decay).sub(moved), m, v];
}

const differentiate = jit((values, embedded, labels) =>
  valueAndGrad((given, rowsOfWords) => lossOf(given, rowsOfWords, labels), { argnums: [0, 1] })(values, embedded),
);

const update = jit((values, gradients, first, second, correction1, correction2) => {
  const stepped = values.map((value, index) =>
    adamw(value, gradients[index], first[index], second[index], correction1.ref, correction2.ref),
  );
  return [0, 1, 2].map((part) => stepped.map((parts) => parts[part]));
});

const zeros = () => tree.leaves(parameters).map((value) => np.zeros(value.shape));
let [first, second] = [zeros(), zeros()];
const ids = np.array(tokens, { dtype: np.int32 });
const labels = np.array(nextTokens, { dtype: np.int32 });
const [, structure] = tree.flatten(tree.ref(parameters));
let loss = Number.NaN;
for (let step = 1; step <= steps; step++) {
  const corrections = [np.array(1 - rule.beta1 ** step), np.array(1 - rule.beta2 ** step)];
  const embedded = np.take(parameters.words.ref, ids.ref, 0);
  const [value, [gradients, embeddedGradient]] = differentiate(tree.ref(parameters), embedded, labels.ref);
  // Nor does that of take, so it is computed outside.
  const rowsOf = (words) => np.sum(np.take(words, ids.ref, 0).mul(embeddedGradient.ref));
  gradients.words = gradients.words.add(grad(rowsOf)(parameters.words.ref));
  embeddedGradient.dispose();
  const leaves = tree.leaves(parameters);
  let moved;
  [moved, first, second] = update(leaves, tree.leaves(gradients), first, second, ...corrections);
  parameters = tree.unflatten(structure, moved);
  await blockUntilReady([parameters, first, second]);
  [loss] = await value.data();
  if (step === 1) reportFirst();
}
reportDone(loss);
process.exit(0);
