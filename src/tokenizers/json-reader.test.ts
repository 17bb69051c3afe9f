import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenizerError } from "../errors.ts";
import { LargeArray, LargeObject } from "./json-fields.ts";
import { readJsonFields } from "./json-reader.ts";

const file = "tokenizer.json";

/** What the platform's reader makes of the bytes, as text; undefined if it refuses them or they hold no object. */
function parsed(bytes: Uint8Array): string | undefined {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? JSON.stringify(value) : undefined;
  } catch {
    return undefined;
  }
}

function read(bytes: Uint8Array): string | undefined {
  try {
    const fields = readJsonFields(bytes, file);
    return JSON.stringify(Object.fromEntries(fields.keys().map((key) => [key, fields.raw(key)])));
  } catch (error) {
    expect(error).toBeInstanceOf(TokenizerError);
    expect(error).toMatchObject({ file, field: "(the whole file)" });
    return undefined;
  }
}

const objects = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ stringUnit: "binary" }));

describe("readJsonFields", () => {
  it("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(objects, fc.nat(3), (object, indent) => {
        const bytes = new TextEncoder().encode(JSON.stringify(object, undefined, indent));
        expect(read(bytes)).toBe(parsed(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it("refuses what JSON.parse refuses", () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(...'",:[]{}\\-0.eu'))), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(objects, damage, (object, changes) => {
        const bytes = new TextEncoder().encode(JSON.stringify(object));
        for (const [at, to] of changes) bytes[at % bytes.length] = typeof to === "number" ? to : to.charCodeAt(0);
        expect(read(bytes)).toBe(parsed(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it("leaves long lists and objects as they are, to be read as often as they are visited", () => {
    const items = Array.from({ length: 1000 }, (_, index) => [`ä${index}`, { "\\": index }]);
    const fields = readJsonFields(JSON.stringify({ items, object: Object.fromEntries(items) }), file);
    expect(fields.raw("items")).toBeInstanceOf(LargeArray);
    expect(fields.raw("object")).toBeInstanceOf(LargeObject);
    for (let visit = 0; visit < 2; visit++) {
      expect(fields.array("items")).toEqual(items);
      const seen: unknown[] = [];
      fields.object("object").forEach((key, value) => {
        seen.push([key, value]);
      });
      expect(seen).toEqual(items);
    }
    expect(JSON.stringify(fields.raw("items"))).toBe(JSON.stringify(items));
  });

  it("passes over a byte order mark before the text, and keeps one in it", () => {
    expect(readJsonFields('\ufeff{"a":"\ufeffb"}', file).string("a")).toBe("\ufeffb");
  });
});
