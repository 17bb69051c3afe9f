/** `#platform` and `#runtime` are one of two files each; who imports them must not be able to tell which. */
import { expect, expectTypeOf, it } from "vitest";
import * as platformOfNode from "../../src/platform/node.ts";
import * as platformOfWeb from "../../src/platform/web.ts";
import * as runtimeOfNode from "../../src/runtime/node.ts";
import * as runtimeOfWeb from "../../src/runtime/web.ts";

// The types are checked by `npm run types`.
it("offers the same platform in Node and in the browser", () => {
  expect(Object.keys(platformOfNode).sort()).toEqual(Object.keys(platformOfWeb).sort());
  expectTypeOf<typeof platformOfNode>().toEqualTypeOf<typeof platformOfWeb>();
});

it("offers the same runtime in Node and in the browser", () => {
  expect(Object.keys(runtimeOfNode).sort()).toEqual(Object.keys(runtimeOfWeb).sort());
  // Everybody is compiled against the types for Node, so the browser's must fit where those are expected.
  expectTypeOf<Omit<typeof runtimeOfWeb, "devices">>().toExtend<Omit<typeof runtimeOfNode, "devices">>();
  expectTypeOf(runtimeOfWeb.devices).toExtend<readonly string[]>();
});
