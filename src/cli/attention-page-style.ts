/** How the page of attention looks, by day and by night. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1d232a; --faint: #66707b; --paper: #fbfaf7; --line: #d9d5cc; --accent: 37, 99, 165; --hover: #b4540a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --faint: #97a1ab; --paper: #14181d; --line: #323a43; --accent: 110, 178, 245; --hover: #ffb366; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 2rem 1.25rem 3rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif; }
h1 { margin: 0; font-size: 1.5rem; font-weight: 650; }
h2 { margin: 0 0 .35rem; font-size: 1.05rem; font-weight: 650; }
.about { margin: .2rem 0 0; color: var(--faint); overflow-wrap: anywhere; }
.about span::before { content: "· "; }
.given { margin: 1rem 0 1.5rem; padding-left: .8rem; border-left: 3px solid rgb(var(--accent)); font-size: 1.1rem; overflow-wrap: anywhere; }
.hint { margin: .2rem 0 .6rem; color: var(--faint); font-size: .87rem; }
main { display: grid; grid-template-columns: minmax(14rem, 26rem) minmax(0, 1fr); gap: 2.5rem; align-items: start; }
@media (max-width: 56rem) { main { grid-template-columns: minmax(0, 1fr); } }
#heads { display: grid; gap: 3px; overflow-x: auto; }
#heads span { color: var(--faint); font-size: .72rem; text-align: center; align-self: center; }
#heads button { padding: 0; border: 1px solid var(--line); border-radius: 3px; background: none; line-height: 0; cursor: pointer; min-width: 14px; }
#heads button:hover, #heads button:focus-visible { border-color: var(--hover); outline: none; }
#heads button[aria-pressed="true"] { border-color: var(--hover); box-shadow: 0 0 0 1.5px var(--hover); }
#heads canvas { width: 100%; aspect-ratio: 1; image-rendering: pixelated; border-radius: 2px; }
#shares { display: flex; height: 1.5rem; margin: .2rem 0 .5rem; border-radius: 4px; overflow: hidden; font-size: .75rem; }
#shares div { display: flex; align-items: center; justify-content: center; overflow: hidden; white-space: nowrap; color: #fff; }
#rescale { display: inline-block; margin-bottom: .5rem; font-size: .87rem; color: var(--faint); }
#tokens { display: flex; flex-wrap: wrap; gap: .35rem .3rem; margin-bottom: .3rem; }
#tokens button { position: relative; min-width: 2.5rem; padding: .1rem .4rem 1.05rem; border: 1px solid var(--line); border-radius: 4px; font: inherit;
  color: inherit; background: rgba(var(--accent), var(--weight, 0)); cursor: default; white-space: pre; }
#tokens button.strong { color: var(--paper); }
#tokens button.anchor { font-style: italic; }
#tokens button.unseen { opacity: .35; }
#tokens button.looking { border-color: var(--hover); box-shadow: 0 0 0 1.5px var(--hover); }
#tokens button:focus-visible { outline: 2px solid var(--hover); outline-offset: 1px; }
#tokens small { position: absolute; inset: auto 0 .05rem; text-align: center; font-size: .68rem; font-style: normal; opacity: .85; }
#told { min-height: 1.5em; margin: .2rem 0 .8rem; overflow-wrap: anywhere; }
#matrix { display: block; max-width: 100%; touch-action: none; }
footer { margin-top: 2.5rem; padding-top: .8rem; border-top: 1px solid var(--line); color: var(--faint); font-size: .85rem; }
`;
