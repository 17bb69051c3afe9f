import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

/** Tests run the TypeScript sources: this condition of package.json leads `#platform`, `#runtime` and `cloze` to `src/`. */
const resolve = { conditions: ["@cloze/source", ...defaultServerConditions] };

export default defineConfig({
  resolve,
  ssr: { resolve },
  test: {
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // No test may reach the network: those of the hub have a server of their own.
    env: { HF_HUB_OFFLINE: "1" },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "src/**/*.test.ts",
            "scripts/**/*.test.ts",
            "test/conformance/**/*.test.ts",
            "test/fuzz/**/*.test.ts",
            "test/types/**/*.test.ts",
          ],
        },
      },
      {
        extends: true,
        test: {
          // These suites read the reference data beside the repository, and say that they are skipped where it is absent.
          name: "data",
          include: ["test/data/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          // Drives a headless Chromium over the built package: `npm run test:browser`.
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
