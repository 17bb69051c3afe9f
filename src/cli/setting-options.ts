/** Settings of a run as flags: every one of them, so that `run.json` can be given back. */
import type { Field, Fields } from "../checkpoints/index.ts";
import { chosen, type Option, toggle, wrongValue } from "./options.ts";

export interface SettingFlag {
  /** A switch has none. */
  readonly placeholder?: string;
  readonly about: string;
  /** What holds when it is not given, where the setting's own default does not say it. */
  readonly otherwise?: string;
  readonly choices?: readonly string[];
  /** Whether the id of a published model can be the value. */
  readonly isPublished?: boolean;
}

export type SettingFlags<F> = Readonly<Record<keyof F, SettingFlag>>;

/** A value that the setting accepts, or undefined so that the setting's own default holds. */
export type SettingOptions<F> = {
  readonly [Name in keyof F]: F[Name] extends Field<infer T> ? Option<T | undefined> : never;
};

/** One option for each setting. */
export function settingOptions<F extends Fields>(fields: F, flags: SettingFlags<F>): SettingOptions<F> {
  const options = Object.entries<SettingFlag>(flags).map(([name, flag]) => {
    return [name, settingOption(fields[name] as Field<unknown>, flag)];
  });
  return Object.fromEntries(options);
}

function settingOption(field: Field<unknown>, flag: SettingFlag): Option<undefined> {
  const { placeholder, about, otherwise, choices, isPublished } = flag;
  if (placeholder === undefined) return { ...toggle(about), fallback: { value: undefined } };
  const isList = Array.isArray(field.default);
  const fallback = otherwise ?? (isList ? "none" : String(field.default));
  const listed = choices === undefined || about.includes(choices[0] as string) ? "" : `: ${choices.join(", ")}`;
  return {
    placeholder,
    about: `${about}${listed}`,
    defaultText: fallback,
    fallback: { value: undefined },
    repeatable: isList,
    ...(isPublished && { isPublished }),
    read(text, spelling) {
      if (choices !== undefined) return chosen(text, choices, spelling);
      if (isList) return text;
      const value = field.read(text) ?? (text.trim() === "" ? undefined : field.read(Number(text)));
      if (value !== undefined && value !== null) return value;
      throw wrongValue(spelling, field.expected.replace(/, or null$/, ""), text);
    },
  };
}

/** The settings among a command's values that were given; `options` are those of the settings. */
export function givenSettings(options: object, values: Readonly<Record<string, unknown>>): object {
  const given = Object.keys(options).filter((name) => values[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, values[name]]));
}
