import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const fillMask: PipelineRunner = { own: ["topK", "targets"], load };

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, topK, targets } = request.values;
  const unmask = await pipeline("fill-mask", model, loading);
  const options = callOptions(request, { topK, targets: targets.length > 0 ? targets : undefined });
  return async (lines) => {
    const answered = await unmask(
      lines.map(({ text }) => text),
      options,
    );
    return results(answered, (value, index) => {
      const masks = Array.isArray(value[0]) ? (value as readonly (typeof value)[]) : [value];
      const blocks = masks.map((answers, mask) => {
        const title = masks.length > 1 ? `  blank ${mask + 1}\n` : "";
        const rows = answers.flat().map(({ score, tokenStr, sequence }) => {
          const whole = masks.length > 1 ? "" : `  ${sequence}`;
          return `  ${percentText(score)}  ${tokenStr.padEnd(14)}${whole}`.trimEnd();
        });
        return `${title}${rows.join("\n")}\n`;
      });
      return `${lines[index]?.text}\n${blocks.join("")}`;
    });
  };
}
