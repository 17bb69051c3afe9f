/** The README's main job. */
export { type DemoOptions, type DemoResult, runDemo } from "./demo.ts";
export type { DemoScreen } from "./demo-screen.ts";
export { type DemoLanguageName, demoLanguageNames } from "./languages.ts";
