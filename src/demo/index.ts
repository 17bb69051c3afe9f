/** The README's main job. */
export { type DemoOptions, type DemoResult, type DemoScreen, runDemo } from "./demo.ts";
