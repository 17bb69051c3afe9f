/** Visits the lines of a text one by one, without their ends; an array of them would take many times the text's memory. */
export function forEachLine(text: string, visit: (line: string, index: number) => void): void {
  let index = 0;
  for (let start = 0; start < text.length; index++) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    visit(text.slice(start, end > start && text[end - 1] === "\r" ? end - 1 : end), index);
    start = end + 1;
  }
}
