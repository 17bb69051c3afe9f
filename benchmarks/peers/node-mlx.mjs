/** A training step of the small GPT in node-mlx. Arguments: the case as JSON, steps; Node needs --expose-gc. */
import mlx from "@frost-beta/mlx";
import { nextTokens, reportDone, reportFirst, shapeOf, tokens } from "./peer-run.mjs";

const { core: mx, nn, optimizers } = mlx;
const { vocabulary, width, layers, heads, batch, length, steps } = shapeOf(process.argv.slice(2));

class Block extends nn.Module {
  constructor() {
    super();
    this.norm1 = new nn.LayerNorm(width);
    this.norm2 = new nn.LayerNorm(width);
    this.query = new nn.Linear(width, width);
    this.key = new nn.Linear(width, width);
    this.value = new nn.Linear(width, width);
    this.output = new nn.Linear(width, width);
    this.expand = new nn.Linear(width, 4 * width);
    this.shrink = new nn.Linear(4 * width, width);
  }

  forward(x, mask) {
    const y = this.norm1.forward(x);
    const split = (z) => mx.transpose(mx.reshape(z, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
    const [query, key, value] = [this.query, this.key, this.value].map((layer) => split(layer.forward(y)));
    const attended = mx.fast.scaledDotProductAttention(query, key, value, Math.sqrt(heads / width), mask);
    const merged = mx.reshape(mx.transpose(attended, [0, 2, 1, 3]), [batch, length, width]);
    const middle = mx.add(x, this.output.forward(merged));
    return mx.add(middle, this.shrink.forward(nn.geluApprox(this.expand.forward(this.norm2.forward(middle)))));
  }
}

class Gpt extends nn.Module {
  constructor() {
    super();
    this.words = new nn.Embedding(vocabulary, width);
    this.positions = new nn.Embedding(length, width);
    this.blocks = Array.from({ length: layers }, () => new Block());
    this.norm = new nn.LayerNorm(width);
  }

  forward(ids, labels) {
    const mask = nn.MultiHeadAttention.createAdditiveCausalMask(length);
    let x = mx.add(this.words.forward(ids), this.positions.forward(mx.arange(0, length, 1, mx.int32)));
    for (const block of this.blocks) x = block.forward(x, mask);
    const logits = mx.matmul(this.norm.forward(x), mx.transpose(this.words.weight));
    return mx.mean(nn.losses.crossEntropy(logits, labels));
  }
}

const model = new Gpt();
mx.eval(model.parameters());
const optimizer = new optimizers.AdamW(1e-4);
const lossAndGradients = nn.valueAndGrad(model, (ids, labels) => model.forward(ids, labels));
const ids = mx.reshape(mx.array(tokens, mx.int32), [batch, length]);
const labels = mx.reshape(mx.array(nextTokens, mx.int32), [batch, length]);
let loss = Number.NaN;
for (let step = 0; step < steps; step++) {
  const [value, gradients] = lossAndGradients(ids, labels);
  optimizer.update(model, gradients);
  mx.eval(model.parameters(), optimizer.state);
  loss = value.item();
  // Arrays are freed with their JavaScript objects, of which the collector sees only a few bytes: 0.7 GiB a step. Their
  // finalizers would run in a later task, but after one the optimizer fails: "Shapes (1024) and (256) cannot be broadcast".
  globalThis.gc();
  if (step === 0) reportFirst();
}
reportDone(loss);
process.exit(0);
