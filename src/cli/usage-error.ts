/** What the parser of the command line found wrong, as a typed error that names the nearest known flag. */
import { CommanderError, type Command as Parser } from "commander";
import { ConfigurationError } from "../errors.ts";
import { nearestName } from "../platform/option-names.ts";
import type { CommandEntry } from "./command.ts";

/** Codes with which commander ends when it has printed, or would print, its help. */
const printed = new Set(["commander.help", "commander.helpDisplayed", "commander.version"]);

/** Undefined when nothing is wrong; an error that is not the parser's comes back as it was. */
export function usageError(error: unknown, parser: Parser, path: readonly CommandEntry[]): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (printed.has(error.code)) return undefined;
  const help = `See ${["cloze", ...path.map(({ name }) => name)].join(" ")} --help.`;
  const [quoted] = /(?<=').*(?=')/.exec(error.message) ?? [];
  if (error.code === "commander.unknownOption" && quoted !== undefined) {
    const [flag = quoted] = quoted.split("=");
    const flags = parser.options.flatMap(({ long }) => long ?? []);
    const nearest = nearestName(flag, flags);
    return new ConfigurationError(`There is no flag ${flag}.`, {
      field: flag,
      expected: nearest ?? flags.join(", "),
      received: flag,
      hint: nearest === undefined ? help : `Did you mean ${nearest}?`,
    });
  }
  const message = error.message.replace(/^error: /, "");
  return new ConfigurationError(message.charAt(0).toUpperCase() + message.slice(1), { field: quoted, hint: help });
}
