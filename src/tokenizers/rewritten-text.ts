import { type AlignedText, AlignedTextBuilder } from "./aligned-text.ts";

/** What a match becomes: its groups by their numbers, and new texts, which stand for the whole match. */
export type Rewriting = readonly (string | number)[];

/** Replaces every match of a pattern, which needs the flags `d` and `g` and must not match nothing. */
export function rewriteText(
  source: AlignedText,
  pattern: RegExp,
  rewriting: Rewriting | ((match: RegExpExecArray) => Rewriting),
): AlignedText {
  const { text } = source;
  pattern.lastIndex = 0;
  let match = pattern.exec(text);
  if (!match) return source;
  const builder = new AlignedTextBuilder(source);
  let done = 0;
  for (; match; match = pattern.exec(text)) {
    const [start, end] = match.indices![0]!;
    builder.copy(done, start);
    for (const piece of typeof rewriting === "function" ? rewriting(match) : rewriting) {
      if (typeof piece === "string") builder.append(piece, start, end);
      else builder.copy(...match.indices![piece]!);
    }
    done = end;
  }
  builder.copy(done, text.length);
  return builder.finish();
}

/** A pattern with what its matches become. */
export type Rule = readonly [pattern: RegExp, rewriting: Rewriting];

export function rule(source: string, ...rewriting: Rewriting): Rule {
  return [new RegExp(source, "dgu"), rewriting];
}

/** Applies rules one after the other. */
export function applyRules(text: AlignedText, rules: readonly Rule[]): AlignedText {
  return rules.reduce((current, [pattern, rewriting]) => rewriteText(current, pattern, rewriting), text);
}
