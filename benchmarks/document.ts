/** docs/performance.md: prose by hand, and sections that the benchmark writes between marks. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../docs/performance.md", import.meta.url));

const begin = (name: string): string => `<!-- ${name}: begin, written by \`npm run benchmark -- --write\` -->`;
const end = (name: string): string => `<!-- ${name}: end -->`;

/** Replaces what stands between a section's marks. Throws when they are not there. */
export function writeSection(name: string, text: string): void {
  const document = readFileSync(file, "utf8");
  const [from, to] = [document.indexOf(begin(name)), document.indexOf(end(name))];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no section ${name}`);
  writeFileSync(file, `${document.slice(0, from)}${begin(name)}\n\n${text}\n\n${document.slice(to)}`);
}
