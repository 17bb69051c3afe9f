/** What the page of attention does, in the browser's own JavaScript: no library, no request, text put in as text. */
export const pageScript = `
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const size = data.tokens.length;
const bytes = Uint8Array.from(atob(data.weights), (character) => character.charCodeAt(0));
const packed = new DataView(bytes.buffer);
const shareColours = ["#7d8590", "#2a7f62", "#2563a5", "#7b4fb3", "#b4540a"];
const shareTexts = [data.hasSpecialTokens ? "special tokens" : "the first token", "itself", "the token before", "the one after", "elsewhere"];
const at = (id) => document.getElementById(id);
const percent = (weight) => (weight >= 0.095 ? Math.round(100 * weight) : (100 * weight).toFixed(1)) + "%";
let head = data.drawn.layer * data.heads + data.drawn.head;
let looking = firstWord();
let pinned = false;
let isRescaled = false;

function firstWord() {
  const place = data.anchors.indexOf(false);
  return place < 0 ? 0 : place;
}

/** What a token gives to each of the others; without the anchors if that is asked for, in shares of what remains. */
function row(of, from) {
  const weights = Array.from({ length: size }, (_, to) => packed.getUint16(2 * ((of * size + from) * size + to), true) / 65535);
  if (!isRescaled) return weights;
  const rest = weights.reduce((sum, weight, to) => sum + (data.anchors[to] ? 0 : weight), 0);
  return weights.map((weight, to) => (data.anchors[to] || rest === 0 ? 0 : weight / rest));
}

function element(name, properties, parent) {
  const made = Object.assign(document.createElement(name), properties);
  if (parent) parent.append(made);
  return made;
}

function accent() {
  return getComputedStyle(document.documentElement).getPropertyValue("--accent");
}

function drawSmall(canvas, of) {
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, size, size);
  for (let from = 0; from < size; from++) {
    row(of, from).forEach((weight, to) => {
      context.fillStyle = "rgba(" + accent() + "," + weight + ")";
      context.fillRect(to, from, 1, 1);
    });
  }
}

const smalls = [];
function buildHeads() {
  const grid = at("heads");
  grid.style.gridTemplateColumns = "1.6rem repeat(" + data.heads + ", minmax(14px, 4.5rem))";
  element("span", {}, grid);
  for (let i = 0; i < data.heads; i++) element("span", { textContent: i + 1 }, grid);
  for (let layer = 0; layer < data.layers; layer++) {
    element("span", { textContent: layer + 1 }, grid);
    for (let i = 0; i < data.heads; i++) {
      const of = layer * data.heads + i;
      const name = "Layer " + (layer + 1) + ", head " + (i + 1);
      const button = element("button", { type: "button", title: name }, grid);
      button.setAttribute("aria-label", name);
      button.addEventListener("click", () => { head = of; show(); });
      smalls.push({ button, canvas: element("canvas", {}, button) });
    }
  }
}

const chips = [];
function buildTokens() {
  data.tokens.forEach((token, place) => {
    const chip = element("button", { type: "button", textContent: token === "" ? " " : token }, at("tokens"));
    if (data.anchors[place]) chip.classList.add("anchor");
    chip.weight = element("small", {}, chip);
    const look = () => { if (!pinned) { looking = place; showRow(); } };
    chip.addEventListener("mouseenter", look);
    chip.addEventListener("focus", look);
    chip.addEventListener("click", () => { pinned = !(pinned && looking === place); looking = place; showRow(); });
    chips.push(chip);
  });
}

function showRow() {
  const weights = row(head, looking);
  chips.forEach((chip, to) => {
    const weight = weights[to];
    const isUnseen = data.isCausal && to > looking;
    chip.style.setProperty("--weight", weight.toFixed(4));
    chip.classList.toggle("strong", weight > 0.55);
    chip.classList.toggle("unseen", isUnseen);
    chip.classList.toggle("looking", to === looking);
    chip.weight.textContent = weight >= 0.01 ? percent(weight) : "";
  });
  const most = weights.map((weight, to) => [weight, to]).sort((a, b) => b[0] - a[0]).slice(0, 3).filter(([weight]) => weight >= 0.005);
  const targets = most.map(([weight, to]) => data.tokens[to] + " " + percent(weight)).join(",  ");
  at("told").textContent = data.tokens[looking] + " → " + (targets || "nothing else");
  drawMatrix();
}

function drawMatrix() {
  const canvas = at("matrix");
  const context = canvas.getContext("2d");
  const font = "12px system-ui, sans-serif";
  context.font = font;
  const shown = data.tokens.map((token) => (token.length > 16 ? token.slice(0, 15) + "…" : token));
  const margin = Math.ceil(Math.max(...shown.map((token) => context.measureText(token).width))) + 8;
  const room = Math.min(canvas.parentElement.clientWidth, 720) - margin;
  const cell = Math.max(5, Math.min(30, Math.floor(room / size)));
  const side = margin + cell * size + 1;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = canvas.height = Math.round(side * ratio);
  canvas.style.width = side + "px";
  canvas.style.height = side + "px";
  canvas.layout = { margin, cell };
  context.scale(ratio, ratio);
  context.font = font;
  context.textBaseline = "middle";
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink");
  const faint = style.getPropertyValue("--faint");
  const hover = style.getPropertyValue("--hover");
  const line = style.getPropertyValue("--line");
  for (let i = 0; i < size; i++) {
    if (cell < 9) continue;
    context.fillStyle = i === looking ? hover : data.anchors[i] ? faint : ink;
    context.textAlign = "right";
    context.fillText(shown[i], margin - 5, margin + (i + 0.5) * cell);
    context.save();
    context.fillStyle = data.anchors[i] ? faint : ink;
    context.translate(margin + (i + 0.5) * cell, margin - 5);
    context.rotate(-Math.PI / 2);
    context.textAlign = "left";
    context.fillText(shown[i], 0, 0);
    context.restore();
  }
  for (let from = 0; from < size; from++) {
    row(head, from).forEach((weight, to) => {
      const [x, y] = [margin + to * cell, margin + from * cell];
      context.fillStyle = "rgba(" + accent() + "," + weight + ")";
      context.fillRect(x, y, cell, cell);
      if (cell < 9) return;
      context.strokeStyle = line;
      context.lineWidth = 0.5;
      context.strokeRect(x, y, cell, cell);
    });
  }
  context.strokeStyle = hover;
  context.lineWidth = 1.5;
  context.strokeRect(margin, margin + looking * cell, cell * size, cell);
}

function followMatrix(event) {
  if (pinned) return;
  const { margin, cell } = at("matrix").layout;
  const box = at("matrix").getBoundingClientRect();
  const scale = box.width === 0 ? 1 : (margin + cell * size + 1) / box.width;
  const from = Math.floor(((event.clientY - box.top) * scale - margin) / cell);
  if (from < 0 || from >= size || from === looking) return;
  looking = from;
  showRow();
}

function show() {
  at("one").textContent = "Layer " + (Math.floor(head / data.heads) + 1) + ", head " + ((head % data.heads) + 1);
  smalls.forEach(({ button }, of) => button.setAttribute("aria-pressed", String(of === head)));
  const bar = at("shares");
  bar.replaceChildren();
  data.shares[head].forEach((share, index) => {
    const text = shareTexts[index] + " " + percent(share);
    const part = element("div", { title: text, textContent: share >= 0.14 ? text : "" }, bar);
    part.style.width = 100 * share + "%";
    part.style.background = shareColours[index];
  });
  showRow();
}

function start() {
  buildHeads();
  buildTokens();
  at("how").textContent = "Hover a token, or go to it with the keyboard: the others are coloured as strongly as it looks at them. A click holds it." +
    (data.isCausal ? " This model reads from left to right: what comes later is out of sight." : "");
  const [box, text] = at("rescale").children;
  text.textContent = "leave out " + shareTexts[0] + ", and take shares of the rest";
  const redraw = () => { smalls.forEach(({ canvas }, of) => drawSmall(canvas, of)); show(); };
  box.addEventListener("change", () => { isRescaled = box.checked; redraw(); });
  at("matrix").addEventListener("pointermove", followMatrix);
  window.addEventListener("resize", drawMatrix);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  redraw();
}
start();
`;
