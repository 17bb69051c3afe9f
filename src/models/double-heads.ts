/** What the double-headed models share: a language model and a choice among C texts in one pass, as GPT was fine-tuned. */
import { at, matmul, type Parameter, reshape, type SymbolicTensor, shapeOf } from "../graph/index.ts";
import { crossEntropy, ignoredLabel } from "../nn/index.ts";
import { joinRows, perChoice } from "./choices.ts";
import type { InnerStates } from "./head-outputs.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { withNextTokenLoss } from "./next-tokens.ts";
import type { SequenceSummary } from "./sequence-summary.ts";
import { type TokenInputs, tokenShape } from "./token-inputs.ts";

export interface DoubleHeadsLabels {
  /** [B, C, T] of int64: the tokens themselves, which are shifted here; −100 counts for nothing. */
  readonly labels?: SymbolicTensor;
  /** [B, C] of int64: the place of the token that stands for its text; the last when left out. */
  readonly mcTokenIds?: SymbolicTensor;
  /** [B] of int64: the right choice. */
  readonly mcLabels?: SymbolicTensor;
}

export interface DoubleHeadsOutputs extends InnerStates {
  /** [], of the language model, when labels are given. */
  readonly loss?: SymbolicTensor;
  /** [], of the choice, when mcLabels are given. */
  readonly mcLoss?: SymbolicTensor;
  /** [B, C, T, V] */
  readonly logits: SymbolicTensor;
  /** [B, C]; [B, C, D] if the summary is not projected to labels; see `SequenceSummary` for other summaries. */
  readonly mcLogits: SymbolicTensor;
}

/** The specs of a model of texts [B, T] for inputs [B, C, T], and of the labels. */
export function doubleHeadsSpecs(text: InputSpecs, vocabSize: number): InputSpecs {
  const int64 = "int64" as const;
  return {
    ...perChoice(text),
    labels: { type: int64, shape: shapeOf("B", "C", "T"), below: vocabSize, ignored: ignoredLabel },
    mcTokenIds: { type: int64, shape: shapeOf("B", "C"), belowAxis: 2 },
    mcLabels: { type: int64, shape: shapeOf("B"), belowAxis: 1, ignored: ignoredLabel },
  };
}

/** What both heads say of hidden states [B·C, T, D], whose tokens were [B, C, T]. */
export function doubleHeadsOutputs<S extends InnerStates>(
  { lastHiddenState, ...states }: S & { readonly lastHiddenState: SymbolicTensor },
  heads: { readonly words: Parameter; readonly summary: SequenceSummary },
  inputs: DoubleHeadsLabels & TokenInputs,
): DoubleHeadsOutputs & Omit<S, "lastHiddenState"> {
  const { labels, mcTokenIds, mcLabels } = inputs;
  const shape = tokenShape(inputs);
  const [batch, choices] = [at(shape, 0), at(shape, 1)];
  const perChoiceAgain = (x: SymbolicTensor): SymbolicTensor =>
    reshape(x, { shape: [batch, choices, ...x.shape.slice(1)] });
  const logits = matmul(lastHiddenState, heads.words, { transposeRight: true });
  const summary = heads.summary.forward(perChoiceAgain(lastHiddenState), mcTokenIds);
  const [rows, scored, results] = [at(summary.shape, 0), at(summary.shape, 1), at(summary.shape, 2)];
  const mcLogits = results === 1 ? reshape(summary, { shape: [rows, scored] }) : summary;
  const { loss } = withNextTokenLoss({ logits }, labels === undefined ? {} : { labels: joinRows(labels) });
  return {
    ...states,
    // The last of the hidden states alone has the shape of the inputs, as in the reference.
    hiddenStates: [...states.hiddenStates.slice(0, -1), perChoiceAgain(lastHiddenState)],
    logits: perChoiceAgain(logits),
    mcLogits,
    ...(loss === undefined ? {} : { loss }),
    ...(mcLabels === undefined ? {} : { mcLoss: crossEntropy(mcLogits, mcLabels) }),
  };
}
