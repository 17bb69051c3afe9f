import { describe, expect, it } from "vitest";
import { readImports } from "./check-layers.ts";
import {
  checkLayers,
  DIAGRAM_BEGIN,
  DIAGRAM_END,
  LAYERS,
  layerImports,
  type Module,
  mermaidDiagram,
  replaceDiagram,
} from "./layers.ts";

const aliases = new Map([["#platform", ["src/platform/node.ts", "src/platform/web.ts"]]]);

/** A small house in order; each test breaks one thing in it. */
const house: Record<string, string[]> = {
  "src/errors.ts": [],
  "src/platform/node.ts": ["node:fs", "../errors.ts"],
  "src/platform/web.ts": ["../errors.ts"],
  "src/onnx/encode.ts": ["protobufjs/minimal.js"],
  "src/graph/ops.ts": ["../errors.ts"],
  "src/runtime/node.ts": ["koffi", "onnxruntime-node", "node:module", "#platform", "../onnx/encode.ts"],
  "src/tokenizers/tokenizer.ts": ["#platform", "../errors.ts"],
  "src/models/bert.ts": ["../graph/ops.ts", "./registry.ts", "../tokenizers/tokenizer.ts"],
  "src/models/registry.ts": [],
  "src/cli/main.ts": ["commander", "../models/bert.ts", "#platform"],
  "src/index.ts": ["./errors.ts", "./models/bert.ts", "./cli/main.ts"],
};

function check(changes: Record<string, string[]>): readonly string[] {
  const modules = Object.entries({ ...house, ...changes }).map(
    ([path, imports]): Module => ({ path, imports, lines: 1 }),
  );
  return checkLayers(modules, aliases);
}

describe("checkLayers", () => {
  it("accepts a house in order", () => {
    expect(check({})).toEqual([]);
  });

  it("refuses an upward import", () => {
    const violations = check({ "src/graph/ops.ts": ["../runtime/node.ts"] });
    expect(violations).toEqual([
      expect.stringContaining("src/graph/ops.ts imports src/runtime/node.ts: graph comes before"),
    ]);
  });

  it("refuses an upward import through an alias", () => {
    expect(check({ "src/errors.ts": ["#platform"] })).toContainEqual(
      expect.stringContaining("errors comes before platform"),
    );
  });

  it("refuses a cycle of files within one folder", () => {
    expect(check({ "src/models/registry.ts": ["./bert.ts"] })).toEqual([
      "cycle: src/models/bert.ts → src/models/registry.ts → src/models/bert.ts",
    ]);
  });

  it("refuses a file that imports itself", () => {
    expect(check({ "src/models/registry.ts": ["./registry.ts"] })).toEqual([
      "cycle: src/models/registry.ts → src/models/registry.ts",
    ]);
  });

  it.each(["node:fs", "fs", "node:worker_threads", "fs/promises"])("refuses %s outside its two places", (specifier) => {
    for (const path of ["src/cli/main.ts", "src/platform/web.ts", "src/platform/files.ts", "src/index.ts"]) {
      expect(check({ [path]: [specifier] })).toEqual([
        `${path} imports ${specifier}, which belongs to src/platform/node.ts and src/runtime/ alone`,
      ]);
    }
  });

  it.each(["koffi", "onnxruntime-node", "onnxruntime-web", "onnxruntime-web/webgpu"])(
    "refuses %s outside the runtime",
    (specifier) => {
      expect(check({ "src/platform/node.ts": [specifier] })).toEqual([
        `src/platform/node.ts imports ${specifier}, which belongs to src/runtime/ alone`,
      ]);
    },
  );

  it("keeps the tokenizers free of the engine, which stands above them", () => {
    expect(check({ "src/tokenizers/tokenizer.ts": ["../graph/ops.ts"] })).toEqual([
      "src/tokenizers/tokenizer.ts imports src/graph/ops.ts: tokenizers takes nothing from onnx to optim",
    ]);
  });

  it("refuses a folder that the list does not name", () => {
    expect(check({ "src/utils/helpers.ts": [] })).toEqual([
      expect.stringContaining("src/utils/helpers.ts is in no layer"),
    ]);
  });

  it("refuses an import of a file that is not there, of a test, or of an unknown alias", () => {
    expect(check({ "src/models/registry.ts": ["./gone.ts"] })).toHaveLength(1);
    expect(check({ "src/models/registry.ts": ["./bert.test.ts"] })).toHaveLength(1);
    expect(check({ "src/models/registry.ts": ["#nowhere"] })).toHaveLength(1);
  });
});

describe("readImports", () => {
  it("sees every way to name a module, types included, and no mere mention", () => {
    const source = `
      import { a } from "./a.ts"; import type { B } from "./b.ts"; import "./c.ts";
      export { d } from "./d.ts"; export * from "./e.ts"; export type { F } from "./f.ts";
      const g = () => import("./g.ts"); type H = import("./h.ts").H;
      // import "./comment.ts"
      const text = 'import "./string.ts"'; export const own = 1;`;
    expect(readImports("sample.ts", source).sort()).toEqual(
      ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `./${name}.ts`),
    );
  });

  it("throws on a source that it cannot read", () => {
    expect(() => readImports("broken.ts", "import {")).toThrow("broken.ts");
  });
});

describe("the diagram", () => {
  const modules = Object.entries(house).map(([path, imports]) => ({ path, imports, lines: 1 }));

  it("draws an arrow for each direct import, and leaves out those that follow from others", () => {
    const diagram = mermaidDiagram(layerImports(modules, aliases));
    expect(diagram).toContain("cli --> models");
    expect(diagram).toContain("models --> graph");
    expect(diagram).toContain("tokenizers --> platform");
    expect(diagram).not.toContain("tokenizers --> errors");
    expect(diagram).not.toContain("index");
  });

  it("replaces what stands between the markers, and nothing else", () => {
    const document = `before\n${DIAGRAM_BEGIN}\nold\n${DIAGRAM_END}\nafter\n`;
    const replaced = replaceDiagram(document, "new");
    expect(replaced).toBe(`before\n${DIAGRAM_BEGIN}\n\nnew\n\n${DIAGRAM_END}\nafter\n`);
    expect(replaceDiagram(replaced ?? "", "new")).toBe(replaced);
    expect(replaceDiagram("no markers", "new")).toBeUndefined();
  });
});

it("names each layer once", () => {
  const names = LAYERS.map((layer) => layer.name);
  expect(new Set(names).size).toBe(names.length);
});
