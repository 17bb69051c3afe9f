/** Settings files: every flag of a command can stand in a JSON or YAML file, as `batchSize` or as `batch-size`. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import { parseJson } from "../platform/file-errors.ts";
import { nearestName } from "../platform/option-names.ts";
import { flagName, type GivenOption, type Options } from "./options.ts";

/**
 * The options that a file gives; those that it sets to null count as not given.
 *
 * @throws ConfigurationError for a file that cannot be read, an unknown key or a value that no flag could have.
 */
export async function readConfigFile(path: string, options: Options): Promise<Map<string, GivenOption>> {
  const file = platform.resolve(path);
  const text = await platform.readText(file, "configuration");
  const settings = /\.json$/i.test(file) ? parseJson(text, file, "configuration") : await parseYaml(text, file);
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) {
    throw new ConfigurationError(`${file} holds no settings.`, {
      file,
      expected: "an object: a name and a value for each setting",
      received: Array.isArray(settings) ? "a list" : settings === null ? "nothing" : typeof settings,
      hint: "Write a line such as batchSize: 32 for each setting.",
    });
  }
  const given = new Map<string, GivenOption>();
  for (const [key, value] of Object.entries(settings)) {
    const name = optionNamed(key, options, file);
    if (given.has(name)) {
      throw new ConfigurationError(`${file}: ${key} stands there twice, in two spellings.`, {
        file,
        field: key,
        expected: "one value",
        hint: "Remove one of them.",
      });
    }
    if (value === null) continue;
    given.set(name, { texts: textsOf(value, name, key, options, file), spelling: key, file });
  }
  return given;
}

async function parseYaml(text: string, file: string): Promise<unknown> {
  const { parse } = await import("yaml");
  try {
    return parse(text);
  } catch (cause) {
    throw new ConfigurationError(`${file} is not valid YAML: ${cause instanceof Error ? cause.message : cause}`, {
      file,
      expected: "YAML or JSON",
      hint: "Check the place that the message names.",
      cause,
    });
  }
}

function optionNamed(key: string, options: Options, file: string): string {
  const names = Object.keys(options);
  const name = names.find((known) => known === key || flagName(known) === key);
  if (name !== undefined) return name;
  const nearest = nearestName(key, names);
  throw new ConfigurationError(`${file}: ${key} is not a setting of this command.`, {
    file,
    field: key,
    expected: nearest ?? names.join(", "),
    received: key,
    hint: nearest === undefined ? "Remove it or check its name." : `Did you mean ${nearest}?`,
  });
}

function textsOf(value: unknown, name: string, key: string, options: Options, file: string): readonly string[] {
  const isScalar = (item: unknown): boolean => ["string", "number", "boolean"].includes(typeof item);
  const isObject = typeof value === "object" && !Array.isArray(value);
  if (isScalar(value)) return [String(value)];
  if (isObject && options[name]?.acceptsObject) return [JSON.stringify(value)];
  if (Array.isArray(value) && options[name]?.repeatable && value.every(isScalar)) return value.map(String);
  throw new ConfigurationError(`${file}: ${key} has a value that no flag can have.`, {
    file,
    field: key,
    expected: options[name]?.repeatable ? "a text, a number or a list of them" : "a text, a number, true or false",
    received: Array.isArray(value) ? "a list" : "an object",
    hint: "Write the value as it would stand on the command line.",
  });
}
