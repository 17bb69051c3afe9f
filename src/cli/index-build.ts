/** `cloze index build`: a file of texts as an index that is searched by meaning. */
import { platform } from "#platform";
import { poolingModes, similarities, TextIndex } from "../pipelines/index.ts";
import { readSimilarity } from "../tasks/sentence-modules.ts";
import { defineCommand } from "./command.ts";
import { engineOptions } from "./engine-options.ts";
import { extendIndex, indexTextOptions, textsOf } from "./index-texts.ts";
import { refuseFullFolder } from "./new-folder.ts";
import { optionalChoice, requiredModel, requiredText, toggle } from "./options.ts";

export const indexBuild = defineCommand({
  options: {
    model: requiredModel("The encoder: a model folder"),
    ...indexTextOptions,
    output: requiredText("DIR", "The folder to make"),
    pooling: optionalChoice(
      "MODE",
      `How the vectors of a text's tokens become one: ${poolingModes.join(", ")}`,
      poolingModes,
      "as the model's folder says, or the mean",
    ),
    similarity: optionalChoice(
      "KIND",
      `How vectors are compared: ${similarities.join(", ")}`,
      similarities,
      "as the model's folder says, or cosine",
    ),
    overwrite: toggle("Replace the index that is in the folder"),
    ...engineOptions,
  },
  examples: [
    "cloze index build --model ./my-retriever --corpus notes.txt --output my-index",
    "cloze index build --model ./my-retriever --corpus pages.csv --column id=url --column text=body --output my-index",
    'cloze index search --index my-index --input "How do I get my money back?"',
  ],
  async run({ values }, context) {
    const { model, output: folder, overwrite, pooling } = values;
    await refuseFullFolder(platform.resolve(folder), overwrite);
    const texts = await textsOf(values, context);
    const isFolder = (await platform.stat(platform.resolve(model), "checkpoint")) !== undefined;
    const place = isFolder ? platform.resolve(model) : model;
    const similarity = values.similarity ?? (isFolder ? await readSimilarity(place) : undefined);
    const index = new TextIndex({ model: place, similarity, ...(pooling && { pooling: [pooling] }) });
    await extendIndex(index, texts, { ...values, folder }, context, () => index.save(folder, { overwrite }));
  },
});
