/** The command line as a whole: finds the command, reads its options, runs it, and ends as the contract says. */

import { Command as Parser, Option as ParserOption } from "commander";
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import { nearestName } from "../platform/option-names.ts";
import type { AnyCommand, CommandContext, CommandEntry } from "./command.ts";
import { commandEntries } from "./commands.ts";
import { readConfigFile } from "./config-file.ts";
import { asTyped, errorJson, errorText, exitCodeOf } from "./error-layout.ts";
import { Interruption } from "./interruption.ts";
import { flagName, type GivenOption, type Options, optionalText, readOptions, toggle } from "./options.ts";
import { colorsOf, Output } from "./output.ts";
import type { Progress } from "./progress.ts";
import { addRevision, publishedOptions, showDownloads } from "./published-models.ts";
import type { Terminal } from "./terminal.ts";
import { usageError } from "./usage-error.ts";

/** Flags of every command. */
const commonOptions = {
  json: toggle("Results as JSON Lines on standard output, and nothing else there"),
  quiet: toggle("No progress and no notes; warnings and errors still"),
  configFile: optionalText("FILE", "Take flags from a JSON or YAML file; those on the command line win"),
} satisfies Options;

/** All flags of a command. */
function optionsOf(command: AnyCommand): Options {
  return { ...command.options, ...publishedOptions(command), ...commonOptions };
}

/** What was typed: the command and its options, not yet read. */
interface TypedCommand {
  readonly positional: readonly string[];
  readonly flags: ReadonlyMap<string, GivenOption>;
}

/** Runs the command that the terminal's arguments name, and ends the process. */
export async function runProgram(terminal: Terminal, readVersion: () => Promise<string>): Promise<void> {
  const program = new Program(terminal, readVersion);
  terminal.onUncaught((error) => void program.fail(error));
  try {
    await program.run();
    await program.end();
  } catch (error) {
    await program.fail(error);
  }
}

class Program {
  readonly #terminal: Terminal;
  readonly #readVersion: () => Promise<string>;
  readonly #interruption: Interruption;
  #isJson: boolean;
  #progress: Progress | undefined;

  constructor(terminal: Terminal, readVersion: () => Promise<string>) {
    this.#terminal = terminal;
    this.#readVersion = readVersion;
    // Errors before the arguments are understood must be JSON as well.
    this.#isJson = argumentsBeforeDashes(terminal.arguments).includes("--json");
    this.#interruption = new Interruption(terminal, () => this.#progress?.finish());
  }

  async run(): Promise<void> {
    const typed = this.#terminal.arguments;
    const asksForHelp = typed.length === 0 || typed[0] === "help";
    const words = asksForHelp ? [...typed.slice(1), "--help"] : typed;
    const path = findCommand(words);
    const entry = path.at(-1);
    const command = await entry?.load?.();
    const parsed = await this.#parse(words, path, command);
    if (parsed === undefined || command === undefined) return;

    const options = optionsOf(command);
    const given = await this.#withConfigFiles(parsed.flags, command, options);
    const { json: isJson, quiet: isQuiet } = readOptions(commonOptions, given);
    this.#isJson = isJson;
    const { errorOutput } = this.#terminal;
    const { createProgress } = await import("./progress.ts");
    const progress = createProgress({ stream: errorOutput, isShown: !isJson && !isQuiet, now: platform.now });
    this.#progress = progress;
    const output = new Output(this.#terminal, { isJson, isQuiet }, progress);
    const context: CommandContext = {
      output,
      progress,
      terminal: this.#terminal,
      version: await this.#readVersion(),
      stopGently: (message) => this.#interruption.stopGently(() => output.announce(message())),
    };
    const values = readOptions(command.options as Options, given);
    const revision = given.get("revision")?.texts.at(-1);
    const typedNames = { positional: parsed.positional, values };
    const asked = revision === undefined ? typedNames : await addRevision(command, typedNames, revision);
    showDownloads(progress);
    await command.run({ arguments: asked.positional, values: asked.values, given: new Set(given.keys()) }, context);
  }

  /** Ends the process after a command that did not fail. */
  async end(): Promise<void> {
    this.#progress?.finish();
    await this.#terminal.exit(this.#interruption.exitCode ?? 0);
  }

  async fail(error: unknown): Promise<void> {
    this.#progress?.finish();
    const { errorOutput } = this.#terminal;
    if (this.#interruption.explains(error)) return this.end();
    const typed = asTyped(error);
    const exitCode = exitCodeOf(typed);
    if (!this.#isJson || exitCode === 70) {
      await errorOutput.write(errorText(typed, colorsOf(errorOutput, this.#terminal)));
    }
    if (this.#isJson) await errorOutput.write(errorJson(typed));
    await this.#terminal.exit(exitCode);
  }

  /** What the settings files give, below what the flags give. */
  async #withConfigFiles(
    flags: ReadonlyMap<string, GivenOption>,
    command: AnyCommand,
    options: Options,
  ): Promise<ReadonlyMap<string, GivenOption>> {
    const { configFile: _, ...inFiles } = options;
    const textOf = (name: string): string | undefined => flags.get(name)?.texts.at(-1);
    const named = textOf("configFile");
    const file = named ?? (await command.furtherConfigFile?.(textOf));
    if (file === undefined) return flags;
    return new Map([...(await readConfigFile(file, inFiles)), ...flags]);
  }

  /** Undefined when help or the version was asked for and printed. */
  async #parse(
    words: readonly string[],
    path: readonly CommandEntry[],
    command: AnyCommand | undefined,
  ): Promise<TypedCommand | undefined> {
    const printed: string[] = [];
    let typed: TypedCommand | undefined;
    const root = new Parser("cloze")
      .description("Pretrain, fine-tune, run and export the classic pretrained language models.")
      .version(await this.#readVersion(), "-V, --version", "Print the version")
      .configureOutput({ writeOut: (text) => void printed.push(text), writeErr() {} });
    let parent = prepare(root);
    addOptions(root, commonOptions);
    let entries: readonly CommandEntry[] = commandEntries;
    for (const entry of path) {
      let next: Parser | undefined;
      for (const sibling of entries) {
        const child = prepare(parent.command(sibling.name).description(sibling.about));
        if (sibling === entry) next = child;
      }
      entries = entry.commands ?? [];
      parent = next as Parser;
    }
    for (const entry of entries) prepare(parent.command(entry.name).description(entry.about));
    if (command !== undefined) {
      describe(parent, command);
      parent.action((...parameters) => {
        const parser = parameters.at(-1) as Parser;
        typed = { positional: parser.args, flags: flagsOf(parser, optionsOf(command)) };
      });
    }
    try {
      await root.parseAsync([...words], { from: "user" });
    } catch (error) {
      const failure = usageError(error, parent, path);
      if (failure !== undefined) throw failure;
    }
    if (printed.length > 0) await this.#terminal.output.write(printed.join(""));
    else if (command === undefined) throw missingCommand(path, entries);
    return typed;
  }
}

function prepare(parser: Parser): Parser {
  return parser
    .exitOverride()
    .helpOption("-h, --help", "Show this help")
    .helpCommand(false)
    .showSuggestionAfterError(false)
    .allowExcessArguments(false);
}

/** The command's own flags, arguments and examples. */
function describe(parser: Parser, command: AnyCommand): void {
  for (const { name, about } of command.arguments ?? []) parser.argument(name, about);
  addOptions(parser, optionsOf(command));
  if (command.examples.length === 0) return;
  parser.addHelpText("after", `\nExamples:\n${command.examples.map((example) => `  ${example}\n`).join("")}`);
}

function addOptions(parser: Parser, options: Options): void {
  for (const [name, option] of Object.entries(options)) {
    const { placeholder, isValueOptional, about, defaultText, repeatable, heading } = option;
    const value = isValueOptional ? ` [${placeholder}]` : ` <${placeholder}>`;
    const flag = `--${flagName(name)}${placeholder === undefined ? "" : value}`;
    const text = `${about} (default: ${defaultText}${repeatable ? "; repeatable" : ""})`;
    const known = new ParserOption(flag, text);
    if (heading !== undefined) known.helpGroup(`${heading}:`);
    parser.addOption(repeatable ? known.argParser((value, before: string[] = []) => [...before, value]) : known);
  }
}

/** What commander found, as texts. */
function flagsOf(parser: Parser, options: Options): Map<string, GivenOption> {
  const found = parser.optsWithGlobals();
  const flags = new Map<string, GivenOption>();
  for (const name of Object.keys(options)) {
    const value = givenValue(name, found);
    if (value === undefined) continue;
    const texts = Array.isArray(value) ? value.map(String) : [String(value)];
    flags.set(name, { texts, spelling: `--${flagName(name)}` });
  }
  return flags;
}

/** Commander takes `--no-header` for the opposite of a flag `--header`. */
function givenValue(name: string, found: Readonly<Record<string, unknown>>): unknown {
  const [, initial = "", rest] = /^no([A-Z])(.*)$/.exec(name) ?? [];
  if (rest === undefined) return found[name];
  return found[initial.toLowerCase() + rest] === false ? true : undefined;
}

function argumentsBeforeDashes(words: readonly string[]): readonly string[] {
  const dashes = words.indexOf("--");
  return dashes < 0 ? words : words.slice(0, dashes);
}

/** The command that the words name, with those above it. Throws a ConfigurationError for one that is not known. */
function findCommand(words: readonly string[]): CommandEntry[] {
  const path: CommandEntry[] = [];
  let entries: readonly CommandEntry[] = commandEntries;
  for (const [index, word] of argumentsBeforeDashes(words).entries()) {
    if (word.startsWith("-") || words[index - 1] === "--config-file") continue;
    if (entries.length === 0) break;
    const entry = entries.find(({ name }) => name === word);
    if (entry === undefined) throw unknownCommand(word, path, entries);
    path.push(entry);
    entries = entry.commands ?? [];
  }
  return path;
}

function spelled(path: readonly CommandEntry[]): string {
  return ["cloze", ...path.map(({ name }) => name)].join(" ");
}

function unknownCommand(
  word: string,
  path: readonly CommandEntry[],
  entries: readonly CommandEntry[],
): ConfigurationError {
  const names = entries.map(({ name }) => name);
  const nearest = nearestName(word, names);
  return new ConfigurationError(`${spelled(path)} has no command ${word}.`, {
    field: path.at(-1)?.name ?? "command",
    expected: names.join(", "),
    received: word,
    hint: nearest === undefined ? `See ${spelled(path)} --help.` : `Did you mean ${nearest}?`,
  });
}

function missingCommand(path: readonly CommandEntry[], entries: readonly CommandEntry[]): ConfigurationError {
  return new ConfigurationError(`${spelled(path)} needs to know what to do.`, {
    field: path.at(-1)?.name ?? "command",
    expected: entries.map(({ name }) => name).join(", "),
    received: "nothing",
    hint: `See ${spelled(path)} --help.`,
  });
}
