/** `cloze inspect DIR --attention TEXT`: where the tokens look, in the terminal and on a page. */
import { platform } from "#platform";
import { attentionPage } from "./attention-page.ts";
import { headsText, headText } from "./attention-text.ts";
import {
  attentionOfText,
  type HeadPlace,
  headWeights,
  pointingHead,
  sharesOfHeads,
  type TextAttention,
} from "./attention-weights.ts";
import type { CommandContext } from "./command.ts";
import { engineOptions } from "./engine-options.ts";
import { type Options, optionalText, optionalWholeNumber, type ValuesOf, wrongValue } from "./options.ts";

export const attentionOptions = {
  attention: optionalText("TEXT", "Draw where each token of this text looks, in every head"),
  pair: optionalText("TEXT", "With --attention: the second text"),
  layer: optionalWholeNumber("With --attention: the layer to draw", "that of the head that points most clearly"),
  head: optionalWholeNumber("With --attention: the head to draw", "the one that points most clearly, in that layer"),
  output: optionalText("FILE", "With --attention: write a page for a browser, with all heads"),
  ...engineOptions,
} satisfies Options;

/** Numbers of layers and heads that a person gives or reads begin at 1. */
export async function inspectAttention(
  folder: string,
  text: string,
  values: ValuesOf<typeof attentionOptions>,
  { output, terminal }: CommandContext,
): Promise<void> {
  const { pair, layer, head, output: file, device, threads } = values;
  const attention = await attentionOfText(folder, { text, pair, device, threads });
  refuseBeyond("--layer", layer, attention.layers.length);
  refuseBeyond("--head", head, attention.heads);
  const shares = sharesOfHeads(attention);
  const candidates = shares.filter(
    (place) => (layer ?? place.layer + 1) === place.layer + 1 && (head ?? place.head + 1) === place.head + 1,
  );
  const drawn = pointingHead(candidates);
  const isChosen = layer !== undefined && head !== undefined;
  if (file !== undefined) {
    const page = attentionPage({ title: folder, text, pair, attention, shares, drawn });
    await platform.writeFileAtomically(platform.resolve(file), page);
  }
  await output.result(jsonOf(folder, attention, shares, drawn), () => {
    const { colors } = output;
    const place = `Layer ${drawn.layer + 1}, head ${drawn.head + 1}`;
    const why = isChosen
      ? ""
      : colors.dim("  of all, its tokens point most clearly, each to its own; or --layer N --head N\n");
    return [
      headsText(attention, shares, colors),
      `\n${colors.bold(place)}\n${why}`,
      headText(attention, drawn, colors),
      ...(file === undefined
        ? []
        : [`\n${terminal.output.isTerminal ? colors.bold(file) : file}: open it in a browser\n`]),
    ].join("");
  });
}

function refuseBeyond(flag: string, value: number | undefined, count: number): void {
  if (value !== undefined && value > count) throw wrongValue(flag, `a whole number from 1 to ${count}`, String(value));
}

function jsonOf(
  path: string,
  attention: TextAttention,
  shares: ReturnType<typeof sharesOfHeads>,
  drawn: HeadPlace,
): object {
  const { tokens, isCausal } = attention;
  const weights = headWeights(attention, drawn);
  const numbered = ({ layer, head }: HeadPlace) => ({ layer: layer + 1, head: head + 1 });
  return {
    path,
    tokens: tokens.map(({ label }) => label),
    anchors: tokens.flatMap(({ isAnchor }, place) => (isAnchor ? [place] : [])),
    isCausal,
    heads: shares.map((place) => ({ ...place, ...numbered(place) })),
    drawn: {
      ...numbered(drawn),
      weights: tokens.map((_, from) => [...weights.subarray(from * tokens.length, (from + 1) * tokens.length)]),
    },
  };
}
