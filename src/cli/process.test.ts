/** What only a process of its own can show: pipes, signals, start. Run from the sources. */
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ProcessOptions, runClozeProcess } from "../../test/support/cloze-process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bert = join(root, "test/golden/pipelines/bert");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-process-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const cloze = (words: readonly string[], watch?: ProcessOptions["watch"], variables: Record<string, string> = {}) =>
  runClozeProcess(words, { folder, variables, ...(watch && { watch }) });

describe("the binary", () => {
  it("prints the version of package.json", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(await cloze(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("runs a model and ends by itself, without colours in a pipe", async () => {
    const { code, stdout, stderr } = await cloze(["run", "fill-mask", "--model", bert, "--input", "a [MASK] ."]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toContain("\u001b");
    expect(stdout.split("\n")).toHaveLength(7);
  });

  it("leaves nothing behind at home: the engine's reports to its maker are off before it is loaded", async () => {
    const home = join(folder, "home");
    mkdirSync(home);
    const variables = { HOME: home, USERPROFILE: home, XDG_CACHE_HOME: join(home, "cache"), ORT_DISABLE_TELEMETRY: "" };
    const words = ["run", "fill-mask", "--model", bert, "--input", "a [MASK] ."];
    expect((await cloze(words, undefined, variables)).code).toBe(0);
    expect(readdirSync(home)).toEqual([]);
  });

  it("reports a wrong request with exit code 2", async () => {
    const { code, stdout, stderr } = await cloze(["inspect", "./nothing-here", "--json"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr).error.kind).toBe("checkpoint");
  });

  it("ends quietly when its reader has seen enough", async () => {
    const file = join(folder, "many.txt");
    writeFileSync(file, "the cat sat on the mat .\n".repeat(50_000));
    const { code, stdout, stderr } = await cloze(
      ["tokenizer", "encode", "--tokenizer", bert, "--file", file],
      (child) => child.stdout?.destroy(),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.length).toBeLessThan(10_000_000);
  });
});

describe("signals", () => {
  const training = (output: string): string[] => {
    const corpus = join(folder, "corpus.txt");
    writeFileSync(corpus, "the cat sat on the mat .\na bird flew over the house .\n\n".repeat(40));
    const sizes = ["--vocab-size", "80", "--batch-size", "2", "--sequence-length", "12"];
    return ["pretrain", "--corpus", corpus, ...sizes, "--steps", "1000000", "--output", output, "--json"];
  };

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s saves a checkpoint and exits %i", async (signal, exitCode) => {
    let sent = false;
    const { code, stdout, stderr } = await cloze(training(signal), (child, output) => {
      if (!sent && output.includes('"step":3,')) sent = child.kill(signal);
    });
    expect(code).toBe(exitCode);
    const events = stdout.trimEnd().split("\n");
    expect(JSON.parse(events.at(-1) ?? "")).toMatchObject({ event: "done", reason: "interrupted" });
    expect(JSON.parse(events.at(-2) ?? "")).toMatchObject({ event: "checkpoint" });
    expect(stderr).toContain(`Go on with: cloze pretrain --output ${signal} --resume`);
  });

  it("stops at once before the first step, when there is nothing to save", async () => {
    const large = join(folder, "large.txt");
    const file = openSync(large, "w");
    for (let part = 0; part < 60; part++) {
      const line = (_: unknown, index: number): string =>
        `word${part * index} another${index % 977} and more of them\n`;
      writeSync(file, Array.from({ length: 20_000 }, line).join(""));
    }
    const { code, stderr } = await cloze(["pretrain", "--corpus", large, "--output", "never"], (child, _, error) => {
      if (/^(counting words|tokenizing)/.test(error)) child.kill("SIGINT");
    });
    expect(code).toBe(130);
    expect(stderr).toContain("Stopped before the first step. Begin again with: cloze pretrain --output never --resume");
  });
});
