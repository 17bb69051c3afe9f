/** Chat templates against the reference; the values were made by test/golden/tokenizers/make_chat_cases.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TokenizerError } from "../errors.ts";
import { AutoTokenizer, type ChatMessage, type Tokenizer } from "./index.ts";

interface GoldenCase {
  template: string;
  messages: ChatMessage[];
  options: { add_generation_prompt?: boolean; tools?: Record<string, unknown>[] };
  text?: string;
  error?: string;
}

const golden: { templates: Record<string, string>; cases: GoldenCase[] } = JSON.parse(
  readFileSync(new URL("../../test/golden/tokenizers/chat.json", import.meta.url), "utf8"),
);

function load(settings: Record<string, unknown> = {}, more: Record<string, string> = {}): Promise<Tokenizer> {
  const model = { type: "WordLevel", vocab: { "<unk>": 0, "<s>": 1, "</s>": 2, hi: 3 }, unk_token: "<unk>" };
  const files: Record<string, string> = {
    "tokenizer.json": JSON.stringify({ model, pre_tokenizer: { type: "WhitespaceSplit" } }),
    "tokenizer_config.json": JSON.stringify({ bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>", ...settings }),
    ...more,
  };
  return AutoTokenizer.fromPretrained("chat", { readFile: async (name) => files[name] });
}

describe("chat templates", () => {
  it.each(golden.cases.map((each, index) => ({ index, ...each })))(
    "$index: $template as the reference renders it",
    async ({ template, messages, options, text, error }) => {
      const tokenizer = await load({ chat_template: golden.templates[template] });
      const { add_generation_prompt: addGenerationPrompt, tools } = options;
      const render = (): string =>
        tokenizer.applyChatTemplate(messages, { tokenize: false, addGenerationPrompt, tools });
      if (error === undefined) expect(render()).toBe(text);
      else expect(render).toThrow(expect.objectContaining({ kind: "tokenizer", field: "chat_template" }));
    },
  );

  const template = "{% for m in messages %}{{ m.content }} {{ eos_token }}{% endfor %}";
  const messages = [{ role: "user", content: "hi" }];

  it("gives tokens without special ones around them", async () => {
    const tokenizer = await load({ chat_template: template });
    expect(tokenizer.applyChatTemplate(messages, { returnTensors: false }).inputIds).toEqual([3, 2]);
    expect(tokenizer.applyChatTemplate(messages).inputIds.dims).toEqual([1, 2]);
  });

  it("chooses among several, and takes one from a file of its own", async () => {
    const several = [
      { name: "default", template: "D" },
      { name: "tool_use", template: "T" },
    ];
    const tokenizer = await load({ chat_template: several });
    const text = (options: object): string => tokenizer.applyChatTemplate(messages, { ...options, tokenize: false });
    expect([text({}), text({ tools: [{}] }), text({ chatTemplate: "tool_use" }), text({ chatTemplate: "X" })]).toEqual([
      "D",
      "T",
      "T",
      "X",
    ]);
    const own = await load({ chat_template: several }, { "chat_template.jinja": "J" });
    expect(own.applyChatTemplate(messages, { tokenize: false })).toBe("J");
  });

  it("goes on with the last message", async () => {
    const tokenizer = await load({ chat_template: template });
    expect(tokenizer.applyChatTemplate(messages, { tokenize: false, continueFinalMessage: true })).toBe("hi");
  });

  it.each([
    ["no template", undefined],
    ["a broken one", "{% for %}"],
    ["an endless range", "{% for i in range(10 ** 9) %}{% endfor %}"],
    ["an endless range of steps", "{% for i in range(0, 1000000000, 1) %}{% endfor %}"],
    [
      "loops in loops",
      "{% for i in range(9999) %}{% for j in range(9999) %}{% for k in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
    ],
    ["a call of nothing", "{{ messages.nothing() }}"],
  ])("%s is a typed error", async (_, chatTemplate) => {
    const tokenizer = await load({ chat_template: chatTemplate });
    expect(() => tokenizer.applyChatTemplate(messages)).toThrow(TokenizerError);
  });
});
