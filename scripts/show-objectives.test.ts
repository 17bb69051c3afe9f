import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { replaceSections, showObjectives } from "./show-objectives.ts";

const document = readFileSync(new URL("../docs/objectives.md", import.meta.url), "utf8");

describe("docs/objectives.md", () => {
  it("shows what the objectives do", async () => {
    const sections = await showObjectives();
    // If not: npx tsx --conditions=@cloze/source scripts/show-objectives.ts --write
    expect(replaceSections(document, sections)).toBe(document);
    for (const name of sections.keys()) expect(document).toContain(`<!-- shown: ${name} -->`);
  });

  it("refuses a name that the script does not know", () => {
    expect(() => replaceSections("<!-- shown: nothing -->\n<!-- end -->", new Map())).toThrow("nothing");
  });
});
