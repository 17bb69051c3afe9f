/** Engines make long parts of a string as views that keep the whole string alive; from this length on V8 does. */
const SHORTEST_VIEW = 13;

/** The same string with memory of its own, for keys that outlive the text they were cut from. */
export function ownString(text: string): string {
  return text.length < SHORTEST_VIEW ? text : text.split("").join("");
}
