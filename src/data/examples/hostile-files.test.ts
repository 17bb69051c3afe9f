/** Whatever a file holds, its rows come out as they were written or a typed error does. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ClozeError } from "../../errors.ts";
import { Random } from "../../random.ts";
import { type ExampleTask, loadExamples, type ReadExamplesOptions } from "./index.ts";

const scratch = mkdtempSync(join(tmpdir(), "cloze-hostile-examples-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The rows, or the typed error; anything else escapes. */
async function read(name: string, content: string | Uint8Array, task: ExampleTask, options: ReadExamplesOptions) {
  const file = join(scratch, name);
  writeFileSync(file, content);
  try {
    return (await loadExamples(file, task, { ...options, skipBadRows: true })).examples;
  } catch (error) {
    if (error instanceof ClozeError) return error;
    throw error;
  }
}

const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\t", " ", "好", "😀", "1"), minLength: 1 });
const visible = cell.filter((text) => /\S/.test(text));

describe("files of any content", () => {
  it("CSV as any writer quotes it", async () => {
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(visible, visible), { minLength: 1 }), async (rows) => {
        const content = `source,target\r\n${rows.map((row) => row.map(quoted).join(",")).join("\r\n")}`;
        const examples = await read("quoted.csv", content, "text2text", {});
        expect(examples).toMatchObject(rows.map(([source, target]) => ({ source, target })));
      }),
      { numRuns: 60 },
    );
  });

  it.each(["csv", "tsv", "jsonl", "json", "conll", "conllu"] as const)("%s", async (ending) => {
    const text = fc.string({
      unit: fc.constantFrom("{", "}", '"', ",", "\n", "\t", ":", "[", "]", "a", "1", " ", "\r"),
    });
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        await read(
          `any.${ending}`,
          content,
          "token-classification",
          ending === "csv" || ending === "tsv" ? headless : {},
        );
      }),
      { numRuns: 60 },
    );
  });

  const headless = { header: false, columns: { tokens: 0, labels: 1 } } as const;

  it.each([
    ["squad-snappy", "question-answering", {}],
    ["classes-zstd", "text-classification", { text: "sentence" }],
    ["tags-gzip", "token-classification", { labels: "ner_tags" }],
  ] as const)("damaged Parquet: %s", async (name, task, columns) => {
    const path = fileURLToPath(new URL(`../../../test/golden/examples/${name}.parquet`, import.meta.url));
    const random = new Random(1).fork(name);
    for (let round = 0; round < 150; round++) {
      const bytes = Uint8Array.from(readFileSync(path));
      for (let change = 0; change <= random.integer(4); change++)
        bytes[random.integer(bytes.length)] = random.integer(256);
      await read(
        "damaged.parquet",
        bytes.subarray(0, bytes.length - (round % 5 === 0 ? random.integer(99) : 0)),
        task,
        {
          columns,
        },
      );
    }
  });
});
