/** Which parameters a pattern means, for those who freeze some. */
import { ConfigurationError } from "../errors.ts";
import type { Parameter } from "../graph/index.ts";
import { nearestName } from "../platform/option-names.ts";

/**
 * A published name, or the beginning of one, in which `*` stands for one part: `bert.embeddings`,
 * `encoder.layer.*.attention`. The base model's prefix may be left out. Or an expression that is tested on whole names.
 */
export type ParameterPattern = string | RegExp;

/**
 * The parameters that one of the patterns means. Throws a ConfigurationError for a pattern that means none.
 *
 * @param prefix what the base model's names begin with inside a model with a head.
 */
export function parametersLike(
  parameters: ReadonlyMap<string, Parameter>,
  patterns: readonly ParameterPattern[],
  prefix: string,
): Parameter[] {
  const found = new Set<Parameter>();
  for (const pattern of patterns) {
    const expression = typeof pattern === "string" ? beginningOf(pattern, prefix) : new RegExp(pattern, "u");
    const meant = [...parameters].filter(([name]) => expression.test(name));
    if (meant.length === 0) throw noSuchParameter(pattern, [...parameters.keys()]);
    for (const [, parameter] of meant) found.add(parameter);
  }
  return [...found];
}

/** Fits names that begin with the parts of a pattern. */
function beginningOf(pattern: string, prefix: string): RegExp {
  return new RegExp(`^(${partsExpression(prefix)}\\.)?${partsExpression(pattern)}(\\.|$)`);
}

/** The text of an expression for a name whose parts are taken to the letter, but for `*`, which stands for any one part. */
export function partsExpression(name: string): string {
  return name
    .split(".")
    .map((part) => (part === "*" ? "[^.]+" : part.replace(/[^\w]/g, "\\$&")))
    .join("\\.");
}

function noSuchParameter(pattern: ParameterPattern, names: readonly string[]): ConfigurationError {
  const nearest = nearestName(String(pattern), names);
  return new ConfigurationError(`No parameter is called like ${pattern}.`, {
    field: "pattern",
    expected: `the beginning of a name, such as ${names[0]}`,
    received: String(pattern),
    hint: nearest === undefined ? "model.parameters holds all names." : `Did you mean ${nearest}?`,
  });
}
