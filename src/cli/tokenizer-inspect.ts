/** `cloze tokenizer inspect`: what a tokenizer consists of, and how it cuts a text. */
import { AutoTokenizer, type TextCutting, type Tokenizer } from "../tokenizers/index.ts";
import { defineCommand } from "./command.ts";
import { optionalText, requiredModel } from "./options.ts";
import { type Colors, harmless } from "./output.ts";
import { columnsText, countText } from "./quantities.ts";
import { textBlocks, textInputOptions } from "./text-inputs.ts";

export const tokenizerInspect = defineCommand({
  options: {
    tokenizer: requiredModel("Folder of a tokenizer or of a model"),
    ...textInputOptions,
    lang: optionalText("CODE", "XLM: language of the texts, such as fr", "en"),
  },
  examples: [
    "cloze tokenizer inspect --tokenizer my-tokenizer",
    'cloze tokenizer inspect --tokenizer my-tokenizer --input "How is this cut?"',
  ],
  async run({ values }, context) {
    const { output } = context;
    const tokenizer = await AutoTokenizer.fromPretrained(values.tokenizer);
    if (values.input.length === 0 && values.file === undefined) {
      const summary = summaryOf(values.tokenizer, tokenizer);
      await output.result(summary, () => summaryText(summary, output.colors));
      return;
    }
    for await (const texts of textBlocks(values, context)) {
      for (const text of texts) {
        const cutting = tokenizer.explain(text, { lang: values.lang });
        await output.result(cutting, () => cuttingText(cutting, output.colors));
      }
    }
  },
});

interface TokenizerParts {
  readonly tokenizer: string;
  readonly class: string;
  readonly tokens: number;
  readonly modelMaxLength: number | null;
  readonly specialTokens: Readonly<Record<string, { readonly token: string; readonly id: number | undefined }>>;
  readonly normalizer: string | null;
  readonly preTokenizer: string | null;
  readonly model: string;
  readonly postProcessor: string | null;
  readonly decoder: string | null;
}

function summaryOf(folder: string, tokenizer: Tokenizer): TokenizerParts {
  const { pipeline, config } = tokenizer;
  const special = [...config.specialTokens].map(([name, { content }]) => [
    name,
    { token: content, id: tokenizer.convertTokensToIds(content) },
  ]);
  return {
    tokenizer: folder,
    class: config.tokenizerClass,
    tokens: tokenizer.length,
    modelMaxLength: config.modelMaxLength ?? null,
    specialTokens: Object.fromEntries(special),
    normalizer: partText(pipeline.normalizer?.toJSON()),
    preTokenizer: partText(pipeline.preTokenizer?.toJSON()),
    model: String(/"type":"(\w+)"/.exec(pipeline.model.toJSONText().slice(0, 200))?.[1]),
    postProcessor: partText(pipeline.postProcessor?.toJSON()),
    decoder: partText(pipeline.decoder?.toJSON()),
  };
}

/** `Sequence(NFKC, Lowercase)` */
function partText(part: Readonly<Record<string, unknown>> | undefined): string | null {
  if (part === undefined) return null;
  const inner = Object.values(part).find(Array.isArray) as Record<string, unknown>[] | undefined;
  return part.type === "Sequence" && inner ? inner.map(partText).join(", ") : String(part.type);
}

function summaryText(parts: TokenizerParts, colors: Colors): string {
  const { tokenizer, tokens, modelMaxLength, specialTokens } = parts;
  const about = [
    ["class", parts.class],
    ["tokens", countText(tokens)],
    ["longest text", modelMaxLength === null ? "no limit" : `${countText(modelMaxLength)} tokens`],
    ["normalizer", parts.normalizer ?? "none"],
    ["pre-tokenizer", parts.preTokenizer ?? "none"],
    ["model", parts.model],
    ["post-processor", parts.postProcessor ?? "none"],
    ["decoder", parts.decoder ?? "none"],
  ];
  const special = Object.entries(specialTokens).map(([name, { token, id }]) => [name, harmless(token), String(id)]);
  return [
    `${colors.bold(tokenizer)}\n`,
    columnsText(about, "  "),
    ...(special.length === 0 ? [] : [`\n${colors.bold("Special tokens")}\n`, columnsText(special, "  ")]),
  ].join("");
}

/** A line for each word: where it stands, the word, its tokens with their ids. */
function cuttingText({ text, normalized, words }: TextCutting, colors: Colors): string {
  const rows = words.map(({ start, end, tokens, ids }) => [
    start === null || end === null ? "" : `${start}–${end}`,
    start === null || end === null ? "" : harmless(text.slice(start, end)),
    harmless(tokens.join(" · ")),
    ids.join(" "),
  ]);
  const changed = normalized === text ? [] : [`${colors.dim("normalized")}  ${harmless(normalized)}\n`];
  return [`${colors.bold(harmless(text))}\n`, ...changed, columnsText(rows, "  "), "\n"].join("");
}
