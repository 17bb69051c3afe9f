import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeTerminal, runCloze } from "../../test/support/fake-terminal.ts";
import { commandEntries } from "./commands.ts";
import { asTyped, exitCodeOf } from "./error-layout.ts";
import { runProgram } from "./program.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-cli-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Every command with the words that lead to it. */
const leaves = commandEntries.flatMap((entry) =>
  entry.commands === undefined ? [[entry.name]] : entry.commands.map(({ name }) => [entry.name, name]),
);

describe("help and version", () => {
  it("prints the version alone", async () => {
    for (const flag of ["--version", "-V"]) {
      expect(await runCloze([flag])).toMatchObject({ stdout: "1.2.3\n", stderr: "", exitCode: 0 });
    }
  });

  it("lists every command, and shows the same without arguments", async () => {
    const help = await runCloze(["--help"]);
    expect(help).toMatchObject({ stderr: "", exitCode: 0 });
    for (const { name } of commandEntries) expect(help.stdout).toMatch(new RegExp(`^  ${name} `, "m"));
    expect((await runCloze([])).stdout).toBe(help.stdout);
    expect((await runCloze(["help"])).stdout).toBe(help.stdout);
  });

  it.each(leaves)("states the default of every flag of %s %s", async (...words) => {
    const help = await runCloze([...words.filter((word) => word !== undefined), "--help"]);
    expect(help).toMatchObject({ stderr: "", exitCode: 0 });
    const flags = help.stdout.match(/^ {2}--[\s\S]*?(?=\n {2}--|\n {2}-h|\n\n)/gm) ?? [];
    expect(flags.length).toBeGreaterThanOrEqual(3);
    for (const flag of flags) expect(flag.replaceAll(/\s+/g, " ")).toMatch(/\(default: .+\)$/);
  });

  it("helps with a command either way round", async () => {
    const { stdout } = await runCloze(["help", "tokenizer", "encode"]);
    expect(stdout).toContain("Usage: cloze tokenizer encode");
    expect((await runCloze(["tokenizer", "encode", "-h"])).stdout).toBe(stdout);
  });
});

describe("what cannot be understood", () => {
  it.each([
    [["toknizer"], "tokenizer", "Did you mean tokenizer?"],
    [["tokenizer", "trian"], "train, encode, decode", "Did you mean train?"],
    [["tokenizer"], "train, encode, decode", "See cloze tokenizer --help."],
    [["inspect", "x", "--jason"], "--json", "Did you mean --json?"],
    [["--quite"], "--quiet", "Did you mean --quiet?"],
    [["pretrain", "--batch-sise=3"], "--batch-size", "Did you mean --batch-size?"],
    [["pretrain", "--batchSize", "3"], "--batch-size", "Did you mean --batch-size?"],
    [["pretrain", "--tokenizer-kind", "wordpeice"], "one of wordpiece, bpe", "Did you mean wordpiece?"],
    [["run", "fillmask", "--model", "x"], "fill-mask", "Did you mean fill-mask?"],
    [["verify", "x", "--only", "outputs,gradeints"], "gradients", "Did you mean gradients?"],
    [["pretrain", "--steps", "many", "--output", "x"], "an integer from 1 to 2147483647", "Correct the value"],
    [["pretrain", "--steps", "0", "--output", "x"], "an integer from 1 to 2147483647", "Correct the value"],
    [["pretrain", "--steps", "", "--output", "x"], "an integer from 1 to 2147483647", "Correct the value"],
    [["run", "fill-mask", "--model", "x", "--top-k", "1.5"], "a whole number of at least 0", "Correct the value"],
    [["pretrain", "--corpus", "brown"], "--output", "--output my-model"],
    [["run", "fill-mask"], "--model", "Add --model DIR|ID."],
    [["run", "text-generation", "--model", "x", "--top-p", "0.5"], "--do-sample", "Add --do-sample"],
    [["run", "text-generation", "--model", "x", "--length-penalty", "2"], "--num-beams", "Add --num-beams"],
    [["run", "text-generation", "--model", "x", "--force-words", "a"], "--num-beams", "Add --num-beams"],
    [["run", "text-generation", "--model", "x", "--diversity-penalty", "2"], "--num-beam-groups", "leave it out"],
    [["inspect"], "folder", "See cloze inspect --help."],
    [["inspect", "a", "b"], "arguments", "See cloze inspect --help."],
    [["inspect", "a", "--config-file"], "--config-file", "See cloze inspect --help."],
  ])("%j: exit 2, naming what is right", async (words, expected, hint) => {
    const plain = await runCloze(words);
    expect(plain).toMatchObject({ stdout: "", exitCode: 2 });
    expect(plain.stderr).toMatch(/^error: /);
    expect(plain.stderr).not.toMatch(/^\s+at /m);
    const json = await runCloze(
      [...words, "--json"].toSorted((a, b) => Number(b === "--json") - Number(a === "--json")),
    );
    expect(json).toMatchObject({ stdout: "", exitCode: 2 });
    expect(json.error.kind).toBe("configuration");
    expect(JSON.stringify(json.error)).toContain(expected);
    expect(json.error.hint).toContain(hint);
  });
});

describe("exit codes and errors", () => {
  it("says everything that a typed error knows, and with --json the same in its last line", async () => {
    const words = ["inspect", join(folder, "nothing")];
    const { stderr, exitCode } = await runCloze(words);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: There is no model folder .*\n {2}file .*\n {2}expected .*\n {2}hint .*\n$/);
    const json = await runCloze([...words, "--json"]);
    expect(json.error).toMatchObject({ kind: "checkpoint", file: words[1], hint: "Check the path." });
    expect(json.stderr.split("\n")).toHaveLength(2);
  });

  it("shows the control characters of an error instead of obeying them", async () => {
    const { stderr } = await runCloze(["inspect", join(folder, "\u001b[31mred")]);
    expect(stderr).toContain("\\u001b[31mred");
    expect(stderr).not.toContain("\u001b");
  });

  it("calls an untyped exception a bug: exit 70, with a stack", async () => {
    for (const flags of [[], ["--json"]]) {
      const terminal = new FakeTerminal(["doctor", ...flags]);
      await runProgram(terminal, async () => {
        throw new TypeError("broken on purpose");
      });
      expect(terminal.exitCode).toBe(70);
      expect(terminal.stderr).toMatch(/TypeError: broken on purpose\n\s+at /);
      if (flags.length > 0) expect(terminal.error).toEqual({ kind: "bug", message: "broken on purpose" });
    }
  });

  it("takes exhausted memory for what it is", () => {
    const error = asTyped(new RangeError("Array buffer allocation failed"));
    expect(error).toMatchObject({ kind: "resource" });
    expect(exitCodeOf(error)).toBe(1);
    expect(exitCodeOf(new RangeError("Invalid count value: -1"))).toBe(70);
  });

  it("colours errors on a terminal, unless NO_COLOR is set", async () => {
    const red = "\u001b[31m";
    expect((await runCloze(["inspect"], { isTerminal: true })).stderr).toContain(red);
    expect((await runCloze(["inspect"])).stderr).not.toContain(red);
    for (const environment of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      expect((await runCloze(["inspect"], { isTerminal: true, environment })).stderr).not.toContain("\u001b");
    }
    expect((await runCloze(["inspect"], { isTerminal: true, environment: { NO_COLOR: "" } })).stderr).toContain(red);
  });
});

describe("settings files", () => {
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  /** A command that fails late enough to show what it was given. */
  const resolved = async (...words: string[]): Promise<Record<string, string>> => {
    const run = await runCloze(["tokenizer", "train", "--json", ...words]);
    expect(run.exitCode).toBe(2);
    return run.error;
  };

  it("takes flags from JSON and YAML in both spellings, those of the command line first", async () => {
    const output = join(folder, "out");
    for (const path of [
      file("a.json", JSON.stringify({ corpus: "from-file", output, minFrequency: 1 })),
      file("a.yaml", `corpus: from-file\noutput: ${output}\nmin-frequency: 1\nquiet: true\n`),
      file("settings", `corpus: [from-file]\noutput: ${output}\nlowercase: null\n`),
    ]) {
      expect((await resolved("--config-file", path)).message).toBe("There is no corpus at from-file.");
      const { message } = await resolved("--corpus", "from-line", "--config-file", path);
      expect(message).toBe("There is no corpus at from-line.");
    }
  });

  it("obeys --json in a file", async () => {
    const run = await runCloze(["inspect", folder, "--config-file", file("a.yml", "json: true")]);
    expect(run.error.kind).toBe("checkpoint");
  });

  it.each([
    ["unknown.json", '{"vocabSzie": 3}', "vocabSzie", "Did you mean vocabSize?"],
    ["wrong.json", '{"vocabSize": "many"}', "vocabSize", "Correct the value"],
    ["wrong.yaml", "tokenizerKind: wordpeice", "tokenizerKind", "Did you mean wordpiece?"],
    ["nested.yaml", "vocabSize: {a: 1}", "vocabSize", "as it would stand on the command line"],
    ["list.yaml", "vocabSize: [1, 2]", "vocabSize", "as it would stand on the command line"],
    ["twice.yaml", "vocabSize: 1\nvocab-size: 2", "vocab-size", "Remove one"],
    ["self.yaml", "configFile: x", "configFile", "Remove it"],
    ["array.json", "[1]", undefined, "a line such as"],
    ["broken.json", '{"vocabSize": 3', "(the whole file)", "cut short"],
    ["broken.yaml", "a: b: c", undefined, "the place that the message names"],
    ["empty.yaml", "", undefined, "a line such as"],
  ])("refuses %s", async (name, content, field, hint) => {
    const path = file(name, content);
    const error = await resolved("--output", join(folder, "out"), "--config-file", path);
    expect(error).toMatchObject({ kind: "configuration", file: path });
    expect(error.field).toBe(field);
    expect(error.hint).toContain(hint);
  });

  it("refuses a file that is not there", async () => {
    const error = await resolved("--config-file", join(folder, "no.json"));
    expect(error).toMatchObject({ kind: "configuration", file: join(folder, "no.json") });
  });
});

describe("interruption", () => {
  it("ends at once with 130 or 143 where there is nothing to save", async () => {
    for (const [signal, exitCode] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const run = await runCloze(["doctor"], { onOutput: (_, terminal) => terminal.stop(signal) });
      expect(run.exitCode).toBe(exitCode);
    }
  });

  it("ends quietly with 0 when the reader of its output has gone", async () => {
    const run = await runCloze(["doctor"], { onOutput: (_, terminal) => terminal.closeOutput() });
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
