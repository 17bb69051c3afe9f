/** `cloze demo`: the README's main job. */
import { demoLanguageNames, runDemo } from "../demo/index.ts";
import { defineCommand } from "./command.ts";
import { choice, optionalWholeNumber, textWithDefault, toggle } from "./options.ts";

export const demo = defineCommand({
  options: {
    quick: toggle("Be done within a minute; it learns less"),
    language: choice("LANGUAGE", "What the model learns", demoLanguageNames, "en"),
    output: textWithDefault("DIR", "Folder for the model; that of an earlier demo is replaced", "cloze-demo"),
    threads: optionalWholeNumber("Threads of the training", "all processors"),
  },
  examples: ["cloze demo", "cloze demo --quick", "cloze demo --language zh"],
  async run({ values }, context) {
    const { output, progress } = context;
    const { quick, language, threads } = values;
    const signal = context.stopGently(() => "Stopping after this step; press Ctrl-C again to end at once.");
    const result = await runDemo(
      { quick, language, output: values.output, threads, signal },
      {
        line: (text) => (output.isJson ? output.note(text) : void output.write(`${text}\n`)),
        progress: (state) => progress.report(state),
      },
    );
    if (output.isJson && result !== undefined) await output.result(result, () => "");
  },
});
