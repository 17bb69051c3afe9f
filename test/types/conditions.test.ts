/** `#platform` is one of two files; whoever imports it must not be able to tell which. `tsc` checks these lines. */
import { expect, expectTypeOf, it } from "vitest";
import * as platformOfNode from "../../src/platform/node.ts";
import * as platformOfWeb from "../../src/platform/web.ts";

it("offers the same platform in Node and in the browser", () => {
  expect(Object.keys(platformOfNode).sort()).toEqual(Object.keys(platformOfWeb).sort());
  expectTypeOf<typeof platformOfNode>().toEqualTypeOf<typeof platformOfWeb>();
});
