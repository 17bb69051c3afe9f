/** docs/performance.md: prose by hand, and sections that the benchmark writes between marks. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../docs/performance.md", import.meta.url));

const begin = (name: string, script: string): string =>
  `<!-- ${name}: begin, written by \`npm run ${script} -- --write\` -->`;
const end = (name: string): string => `<!-- ${name}: end -->`;

/** Replaces what stands between a section's marks. Throws when they are not there. */
export function writeSection(name: string, text: string, script = "benchmark"): void {
  const document = readFileSync(file, "utf8");
  const first = begin(name, script);
  const [from, to] = [document.indexOf(first), document.indexOf(end(name))];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no section ${name}`);
  writeFileSync(file, `${document.slice(0, from)}${first}\n\n${text}\n\n${document.slice(to)}`);
}
