/** `cloze tokenizer encode`: a line of JSON for each text, also without `--json`. */
import { ConfigurationError } from "../errors.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { defineCommand } from "./command.ts";
import { optionalText, optionalWholeNumber, requiredModel, toggle } from "./options.ts";
import { textBlocks, textInputOptions } from "./text-inputs.ts";

export const tokenizerEncode = defineCommand({
  options: {
    tokenizer: requiredModel("Folder of a tokenizer or of a model"),
    ...textInputOptions,
    pair: optionalText("TEXT", "The second text of each pair"),
    maxLength: optionalWholeNumber("Cut to so many tokens", "no cutting", { minimum: 0 }),
    withoutSpecialTokens: toggle("Leave out the tokens that a model expects around a text"),
  },
  examples: [
    'cloze tokenizer encode --tokenizer my-tokenizer --input "a text"',
    "cloze tokenizer encode --tokenizer my-tokenizer < my.txt",
  ],
  async run({ values }, context) {
    const { maxLength, pair, withoutSpecialTokens } = values;
    const tokenizer = await AutoTokenizer.fromPretrained(values.tokenizer);
    if (maxLength !== undefined && !withoutSpecialTokens) {
      const around = tokenizer("", { textPair: pair === undefined ? undefined : "", returnTensors: false });
      if (maxLength < around.inputIds.length) {
        throw new ConfigurationError(`--max-length ${maxLength} leaves no room for the special tokens.`, {
          field: "--max-length",
          expected: `at least ${around.inputIds.length}`,
          received: String(maxLength),
          hint: "Allow more tokens, or add --without-special-tokens.",
        });
      }
    }
    for await (const texts of textBlocks(values, context)) {
      let lines = "";
      for (const text of texts) {
        const encoded = tokenizer(text, {
          textPair: pair,
          addSpecialTokens: !withoutSpecialTokens,
          truncation: maxLength !== undefined,
          maxLength,
          returnTensors: false,
        });
        lines += `${JSON.stringify(encoded)}\n`;
      }
      await context.output.write(lines);
    }
  },
});
