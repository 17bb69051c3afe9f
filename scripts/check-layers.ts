/**
 * Fails on an upward import, a cycle, or an import that belongs to another folder alone (`layers.ts` has the rules);
 * prints the diagram of what imports what, which `docs/architecture.md` shows: `--write` brings that up to date, and
 * without it a stale one fails.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, Visitor } from "oxc-parser";
import {
  checkLayers,
  DIAGRAM_BEGIN,
  DIAGRAM_END,
  layerImports,
  type Module,
  mermaidDiagram,
  replaceDiagram,
  textDiagram,
} from "./layers.ts";
import { type PackageJson, sourceLeaves } from "./package-entries.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const documentPath = "docs/architecture.md";

/** Every specifier that a source names: imports, re-exports, `import()` and `import("…").Type`. */
export function readImports(path: string, source: string): string[] {
  const found: string[] = [];
  const take = (node: { readonly source: unknown }): void => {
    const literal = node.source as { readonly type?: string; readonly value?: unknown } | null;
    if (literal?.type === "Literal" && typeof literal.value === "string") found.push(literal.value);
  };
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  new Visitor({
    ImportDeclaration: take,
    ExportNamedDeclaration: take,
    ExportAllDeclaration: take,
    ImportExpression: take,
    TSImportType: take,
  }).visit(program);
  return found;
}

/** The modules of `src/` without tests (which may import anything) and AssemblyScript (another language). */
function readModules(): Module[] {
  return readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !path.startsWith("src/runtime/kernels/assembly/"))
    .sort()
    .map((path) => {
      const source = readFileSync(join(root, path), "utf8");
      return { path, imports: readImports(path, source), lines: source.split("\n").length - 1 };
    });
}

/** `#platform` → `src/platform/node.ts`, `src/platform/web.ts`: the stairs hold for whichever is chosen. */
function readAliases(): Map<string, string[]> {
  const { imports }: PackageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return new Map(
    Object.entries(imports).map(([name, target]) => [name, sourceLeaves(target).map((path) => path.slice(2))]),
  );
}

/** What is wrong with the document's diagram; with `write`, puts it right where it can. */
function checkDocument(diagram: string, write: boolean): string[] {
  const path = join(root, documentPath);
  const document = existsSync(path) ? readFileSync(path, "utf8") : "";
  const updated = replaceDiagram(document, diagram);
  if (updated === undefined) return [`${documentPath} lacks the markers ${DIAGRAM_BEGIN} and ${DIAGRAM_END}`];
  if (updated === document) return [];
  if (!write) return [`${documentPath} shows an old diagram: npm run layers -- --write`];
  writeFileSync(path, updated);
  return [];
}

function main(): void {
  const modules = readModules();
  const aliases = readAliases();
  const imports = layerImports(modules, aliases);
  console.log(textDiagram(modules, imports));
  const violations = [
    ...checkLayers(modules, aliases),
    ...checkDocument(mermaidDiagram(imports), process.argv.includes("--write")),
  ];
  for (const violation of violations) console.error(`✗ ${violation}`);
  if (violations.length > 0) process.exitCode = 1;
  else console.log(`${modules.length} modules, no upward import, no cycle`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
