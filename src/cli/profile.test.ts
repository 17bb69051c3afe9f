import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runCloze } from "../../test/support/fake-terminal.ts";

const bert = fileURLToPath(new URL("../../test/golden/pipelines/bert", import.meta.url));

interface Event {
  readonly name: string;
  readonly cat?: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly module?: string };
}

let folder: string;
let output: string;
let small: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-profiled-"));
  output = join(folder, "out");
  // Others may be recording in the machine's own folder.
  for (const name of ["TMPDIR", "TEMP", "TMP"]) vi.stubEnv(name, folder);
  const corpus = join(folder, "corpus.txt");
  writeFileSync(corpus, "the cat sat on the mat .\na bird flew over the house .\n\n".repeat(40));
  small = ["pretrain", "--corpus", corpus, "--vocab-size", "80", "--batch-size", "2", "--sequence-length", "12"];
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const eventsOf = (file: string): Event[] => JSON.parse(readFileSync(file, "utf8")).traceEvents;
const recordFolders = (): string[] => readdirSync(folder).filter((name) => name.startsWith("cloze-profile-"));

describe("pretrain --profile", () => {
  it("shows where ten steps went, by pass, layer and operator, and trains what it would have trained", async () => {
    const words = [...small, "--steps", "14", "--dropout", "0.1", "--quiet"];
    expect((await runCloze([...words, "--output", join(folder, "plain")])).exitCode).toBe(0);
    const { stderr, stdout, exitCode } = await runCloze([
      ...[...small, "--steps", "14", "--dropout", "0.1", "--output", output],
      "--profile",
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\S+: 14 steps in /);
    expect(stderr).toMatch(/A step took [\d.]+ ms \(mean of 10\)\./);
    const parts = [
      "waiting for a batch",
      "dropout masks",
      "graph, forward",
      "graph, backward",
      "optimizer",
      "the rest",
    ];
    for (const part of parts) expect(stderr).toMatch(new RegExp(`^ {2}${part} +[\\d.]+ +[\\d.]+%$`, "m"));
    expect(stderr).toMatch(/^ {2}bert\.layers\.1 +[\d.]+ +[\d.]+ +[\d.]+%$/m);
    expect(stderr).toMatch(/^ {2}bert\.layers\.\*[.\w]* +[\d.]+ +[\d.]+ +[\d.]+%$/m);
    expect(stderr).toMatch(/^ {2}Gemm +[\d.]+ +[\d.]+% +\d+ +\d+$/m);
    // It is there before the run ends.
    expect(stderr.indexOf("The trace is in")).toBeLessThan(stderr.indexOf("step 14: checkpoint"));

    const file = join(output, "profile.json");
    const events = eventsOf(file);
    const steps = events.filter(({ cat }) => cat === "step");
    expect(steps).toHaveLength(10);
    const first = steps[0] as Event;
    const within = events.filter(({ ph, ts }) => ph === "X" && ts >= first.ts && ts < first.ts + first.dur);
    expect(new Set(within.map(({ cat }) => cat))).toEqual(new Set(["step", "program", "forward", "backward"]));
    const nodes = within.filter(({ args }) => args?.module === "bert.layers.0.attention.query");
    expect(nodes.filter(({ cat, name }) => cat === "forward" && name === "Gemm")).toHaveLength(1);
    // Of the weight, the bias and the input.
    expect(nodes.filter(({ cat, name }) => cat === "backward" && name === "Gemm")).toHaveLength(3);
    const weights = (of: string): Buffer => readFileSync(join(of, "model.safetensors"));
    expect(weights(output).equals(weights(join(folder, "plain")))).toBe(true);
    expect(recordFolders()).toEqual([]);
  });

  it("takes a file's name, and a run that is shorter", async () => {
    const file = join(folder, "deep", "trace.json");
    const { stderr, exitCode } = await runCloze([...small, "--steps", "1", "--output", output, "--profile", file]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("(mean of 1)");
    expect(eventsOf(file).filter(({ cat }) => cat === "step")).toHaveLength(1);
  });

  it("leaves nothing behind when the run fails or nothing is trained", async () => {
    const failing = [
      ...small,
      "--steps",
      "9",
      "--learning-rate",
      "1e30",
      "--warmup-steps",
      "0",
      "--maximum-gradient-norm",
      "0",
    ];
    const failed = await runCloze([...failing, "--output", output, "--profile", "--json"]);
    expect(failed.exitCode).toBe(1);
    expect(existsSync(join(output, "profile.json"))).toBe(false);
    const dry = await runCloze([...small, "--dry-run", "--profile", "--json"]);
    expect(dry.exitCode).toBe(2);
    expect(dry.error.field).toBe("--profile");
    expect(recordFolders()).toEqual([]);
  });
});

describe("run --profile", () => {
  it("shows loading, tokenizing and the graph of a pipeline, and gives the same results", async () => {
    const file = join(folder, "trace.json");
    const words = ["run", "fill-mask", "--model", bert, "--input", "the [MASK] sat", "--json"];
    const plain = await runCloze(words);
    const { lines, stderr, exitCode } = await runCloze([...words, "--profile", file]);
    expect(exitCode).toBe(0);
    expect(lines).toEqual(plain.lines);
    expect(stderr).toContain("until the model had run once");
    for (const part of ["loading the model", "tokenizing", "compiling the graph", "graph, forward"]) {
      expect(stderr).toMatch(new RegExp(`^ {2}${part} +[\\d.]+ +[\\d.]+%$`, "m"));
    }
    expect(stderr).not.toContain("backward");
    const names = eventsOf(file).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["tokenizing", "run", "bert.layers.0.attention.query", "Gemm"]));
  });

  it("is quiet when told so", async () => {
    const file = join(folder, "trace.json");
    const words = ["run", "fill-mask", "--model", bert, "--input", "the [MASK] sat", "--quiet"];
    expect((await runCloze([...words, "--profile", file])).stderr).toBe("");
    expect(eventsOf(file).length).toBeGreaterThan(20);
  });
});

it("stands in the help with its default", async () => {
  for (const command of ["pretrain", "run"]) {
    const { stdout } = await runCloze([command, "--help"]);
    expect(stdout.replaceAll(/\s+/g, " ")).toMatch(/--profile \[FILE\] Show where .* \(default: no\)/);
  }
});
