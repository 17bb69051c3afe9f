/** `cloze index add`: further texts for an index. */
import { TextIndex } from "../pipelines/index.ts";
import { defineCommand } from "./command.ts";
import { engineOptions } from "./engine-options.ts";
import { encoderOf, extendIndex, indexTextOptions, textsOf } from "./index-texts.ts";
import { optionalText, requiredText } from "./options.ts";

export const indexAdd = defineCommand({
  options: {
    index: requiredText("DIR", "The folder of the index"),
    ...indexTextOptions,
    model: optionalText("DIR|ID", "The encoder, where it is elsewhere now", "the one that the index was built with"),
    ...engineOptions,
  },
  examples: ["cloze index add --index my-index --corpus more-notes.jsonl"],
  async run({ values }, context) {
    const index = await TextIndex.load(values.index);
    const texts = await textsOf(values, context);
    const given = { ...values, folder: values.index, model: encoderOf(index, values.model) };
    await extendIndex(index, texts, given, context, () => index.save(values.index, { overwrite: true }));
  },
});
