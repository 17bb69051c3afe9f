/** Chats as the text that a model was trained with: the published templates are Jinja, kept beside the tokenizer. */
import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { TokenizerError } from "../errors.ts";
import type { TokenizerConfig } from "./tokenizer-config.ts";

/** A message of a chat, with whatever else a template may ask for. */
export interface ChatMessage {
  /** Such as `system`, `user`, `assistant`. */
  readonly role: string;
  readonly content?: unknown;
  readonly [name: string]: unknown;
}

export interface ChatTemplateOptions {
  /** A template, or the name of one of the tokenizer's; absent: the tokenizer's own (`default`, or `tool_use` with tools). */
  chatTemplate?: string | undefined;
  /** Descriptions of functions that the model may call, as JSON schemas. */
  tools?: readonly Readonly<Record<string, unknown>>[] | undefined;
  documents?: readonly Readonly<Record<string, unknown>>[] | undefined;
  /** End with what begins an answer; false. */
  addGenerationPrompt?: boolean | undefined;
  /** End within the last message, so that the model goes on with it; false. */
  continueFinalMessage?: boolean | undefined;
  /** Further variables of the template. */
  variables?: Readonly<Record<string, unknown>> | undefined;
}

/** Bounds that no published template comes near: templates come from files, and may be made to take forever. */
const LONGEST_MS = 1000;
const LONGEST_RANGE = 10_000;

/** The text of a chat. Throws a TokenizerError where there is no template, or it refuses the chat. */
export function renderChat(
  messages: readonly ChatMessage[],
  config: TokenizerConfig,
  options: ChatTemplateOptions,
): string {
  const { addGenerationPrompt = false, continueFinalMessage = false } = options;
  if (addGenerationPrompt && continueFinalMessage) {
    throw new TokenizerError("A chat can end with a new answer or go on with its last message, not both.", {
      field: "continueFinalMessage",
      expected: "one of addGenerationPrompt and continueFinalMessage",
      received: "both",
      hint: "Leave one out.",
    });
  }
  const special = [...config.specialTokens].map(([name, { content }]) => [name, content]);
  const variables = {
    ...{ messages, tools: options.tools ?? null, documents: options.documents ?? null },
    add_generation_prompt: addGenerationPrompt,
    ...Object.fromEntries(special),
    ...options.variables,
  };
  let text: string;
  try {
    text = render(chooseTemplate(config, options), variables);
  } catch (cause) {
    if (cause instanceof TokenizerError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TokenizerError(`The chat template could not be applied: ${reason}`, {
      file: "tokenizer_config.json",
      field: "chat_template",
      expected: "a Jinja template that takes this chat",
      received: reason,
      hint: "Check the roles and their order, or pass another chatTemplate.",
      cause,
    });
  }
  return continueFinalMessage ? upToFinalMessage(text, messages.at(-1)) : text;
}

function render(template: string, variables: Readonly<Record<string, unknown>>): string {
  const program = parse(tokenize(template, { lstrip_blocks: true, trim_blocks: true }));
  const environment: { set(name: string, value: unknown): unknown } = new Environment();
  for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) environment.set(name, value);
  return String(new BoundedInterpreter(environment).run(program).value);
}

/** The library's declarations name files without their endings, which leaves its classes without types here. */
const UntypedInterpreter = Interpreter as unknown as new (
  environment: unknown,
) => { run(program: unknown): { readonly value: unknown }; evaluate(...parameters: unknown[]): unknown };

class BoundedInterpreter extends UntypedInterpreter {
  readonly #end = performance.now() + LONGEST_MS;

  override evaluate(...parameters: unknown[]): unknown {
    if (performance.now() > this.#end) throw new RangeError(`it takes longer than ${LONGEST_MS} ms`);
    return super.evaluate(...parameters);
  }
}

/** What published templates find beside their variables. */
const GLOBALS: Readonly<Record<string, unknown>> = {
  ...{ true: true, True: true, false: false, False: false, none: null, None: null },
  range,
  raise_exception(message: string): never {
    throw new Error(message);
  },
  strftime_now: (format: string): string => formatTime(format, new Date()),
};

function chooseTemplate(config: TokenizerConfig, { chatTemplate, tools }: ChatTemplateOptions): string {
  const templates = templatesOf(config);
  const name = chatTemplate ?? (tools && templates.has("tool_use") ? "tool_use" : "default");
  const found = templates.get(name) ?? chatTemplate;
  if (found !== undefined) return found;
  const others = [...templates.keys()];
  throw new TokenizerError("This tokenizer has no chat template.", {
    file: "tokenizer_config.json",
    field: "chat_template",
    expected: others.length > 0 ? `the name of one of its templates: ${others.join(", ")}` : "a Jinja template",
    received: "none",
    hint: "Pass chatTemplate: the models that chat come with one.",
  });
}

/** `chat_template` is one template, or a list of several with names. */
function templatesOf({ rest }: TokenizerConfig): Map<string, string> {
  const value = rest.chat_template;
  if (typeof value === "string") return new Map([["default", value]]);
  const entries: unknown[] = Array.isArray(value) ? value : [];
  return new Map(
    entries.flatMap((entry) => {
      const { name, template } = Object(entry);
      return typeof name === "string" && typeof template === "string" ? [[name, template] as const] : [];
    }),
  );
}

function upToFinalMessage(text: string, message: ChatMessage | undefined): string {
  const content = typeof message?.content === "string" ? message.content.trim() : undefined;
  const start = content === undefined ? -1 : text.lastIndexOf(content);
  if (content !== undefined && start >= 0) return text.slice(0, start + content.length);
  throw new TokenizerError("The chat's last message does not stand in its text, so it cannot be continued.", {
    field: "continueFinalMessage",
    expected: "a last message whose content is a text that the template keeps",
    received: content === undefined ? "no text" : "a text that the template changed",
    hint: "Leave continueFinalMessage out, or pass a template that keeps the last message.",
  });
}

function range(...bounds: number[]): number[] {
  const [start, stop, step] = bounds.length > 1 ? [bounds[0]!, bounds[1]!, bounds[2] ?? 1] : [0, bounds[0] ?? 0, 1];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (step === 0 || !(count <= LONGEST_RANGE)) throw new RangeError(`range() of ${count} numbers`);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

/** The codes of `strftime` that templates use for a date: `%d %B %Y` and the like. */
function formatTime(format: string, time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const name = (options: Intl.DateTimeFormatOptions): string => time.toLocaleDateString("en", options);
  const codes: Readonly<Record<string, () => string>> = {
    Y: () => String(time.getFullYear()),
    y: () => two(time.getFullYear() % 100),
    m: () => two(time.getMonth() + 1),
    d: () => two(time.getDate()),
    H: () => two(time.getHours()),
    M: () => two(time.getMinutes()),
    S: () => two(time.getSeconds()),
    B: () => name({ month: "long" }),
    b: () => name({ month: "short" }),
    A: () => name({ weekday: "long" }),
    a: () => name({ weekday: "short" }),
    "%": () => "%",
  };
  return format.replace(/%(.)/g, (whole, code: string) => codes[code]?.() ?? whole);
}
