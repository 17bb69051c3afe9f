/**
 * Attention as one HTML file: all heads small, one of them large, and the text, in which hovering a token shows where it
 * looks. It needs nothing from outside and sends nothing; what came from the user or the model is put in as text alone.
 */
import { pageScript } from "./attention-page-script.ts";
import { pageStyle } from "./attention-page-style.ts";
import { type HeadPlace, type HeadShares, shareNames, type TextAttention } from "./attention-weights.ts";

export interface AttentionPageContents {
  /** Of the model. */
  readonly title: string;
  readonly text: string;
  readonly pair?: string | undefined;
  readonly attention: TextAttention;
  readonly shares: readonly HeadShares[];
  /** The head that is shown first. */
  readonly drawn: HeadPlace;
}

const largest = 65535;

/** Weights of all heads, layer by layer, as unsigned 16-bit numbers (1 is 65535), little-endian, in base64. */
function packedWeights({ layers }: TextAttention): string {
  const length = layers.reduce((sum, weights) => sum + weights.length, 0);
  const bytes = new DataView(new ArrayBuffer(2 * length));
  let offset = 0;
  for (const weights of layers) {
    for (const weight of weights) {
      bytes.setUint16(offset, Math.round(weight * largest), true);
      offset += 2;
    }
  }
  let binary = "";
  for (let i = 0; i < bytes.byteLength; i++) binary += String.fromCharCode(bytes.getUint8(i));
  return btoa(binary);
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] as string);

/** JSON that cannot end the element that it stands in. */
const harmlessJson = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

/** The page's text. */
export function attentionPage({ title, text, pair, attention, shares, drawn }: AttentionPageContents): string {
  const { tokens, hasSpecialTokens, isCausal, layers, heads } = attention;
  const data = {
    tokens: tokens.map(({ label }) => label),
    anchors: tokens.map(({ isAnchor }) => isAnchor),
    hasSpecialTokens,
    isCausal,
    layers: layers.length,
    heads,
    drawn: { layer: drawn.layer, head: drawn.head },
    shareNames,
    shares: shares.map((share) => shareNames.map((name) => share[name])),
    weights: packedWeights(attention),
  };
  const about = `${layers.length} layers of ${heads} heads over ${tokens.length} tokens`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escaped(`Attention: ${text}`)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>Where the tokens look</h1>
<p class="about">${escaped(title)} <span>${about}</span></p>
<p class="given">${escaped(text)}${pair === undefined ? "" : `<br>${escaped(pair)}`}</p>
</header>
<main>
<section aria-labelledby="all">
<h2 id="all">All heads</h2>
<p class="hint">A row a layer, a column a head: a small picture of its weights. Pick one.</p>
<div id="heads"></div>
</section>
<section aria-labelledby="one">
<h2 id="one"></h2>
<div id="shares"></div>
<p class="hint" id="how"></p>
<label id="rescale"><input type="checkbox"> <span></span></label>
<div id="tokens"></div>
<p id="told" aria-live="polite"></p>
<canvas id="matrix"></canvas>
<p class="hint">Rows look at columns; the stronger the colour, the more. A row sums to 100%.</p>
</section>
</main>
<footer>Attention says what a head reads, not why a model answers as it does
(<cite>Jain and Wallace 2019</cite>, arXiv 1902.10186).</footer>
<script type="application/json" id="data">${harmlessJson(data)}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}
