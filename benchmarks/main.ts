/**
 * `npm run benchmark`: Cloze beside PyTorch and onnxruntime-node on this machine.
 *
 * The sides alternate; a figure is (time of a long run − time of a short one) / steps between, from outside the
 * processes; a ratio is the median of the rounds' own ratios. See docs/performance.md.
 */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { parseArgs } from "node:util";
import { benchmarkCases } from "./cases.ts";
import { writeSection } from "./document.ts";
import { pythonOrNone } from "./make-python.ts";
import { measure } from "./measure.ts";
import { peerSides } from "./peers.ts";
import { Programs } from "./programs.ts";
import { markdownText, terminalText } from "./report.ts";
import { sidesOf } from "./sides.ts";
import { axes, sweep } from "./sweep.ts";

const usage = `npm run benchmark -- [NAME…] [OPTION…]

NAME       ${benchmarkCases.map(({ name }) => name).join(", ")}
           (default: small-gpt, demo-bert and bert-forward-1x128, some minutes; "all" for every one)
--rounds N   rounds in which the sides alternate (default: 3)
--threads N  threads of each side (default: all processors)
--alone      only our side
--peers      other engines of JavaScript, on small-gpt
--sweep      how time and memory of a step grow, in place of the cases; NAME is then one of
             ${Object.keys(axes).join(", ")} (default: all)
--write      write the figures into docs/performance.md

CLOZE_PYTHON names a Python with torch, transformers and onnx; otherwise a throw-away environment is made.`;

const quick = ["small-gpt", "demo-bert", "bert-forward-1x128"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: String(availableParallelism()) },
    alone: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    sweep: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const [rounds, threads] = [Number(values.rounds), Number(values.threads)];
  const known = values.sweep ? Object.keys(axes) : benchmarkCases.map(({ name }) => name);
  const names = positionals.includes("all") ? known : positionals;
  const unknown = names.find((name) => !known.includes(name));
  if (values.help || unknown !== undefined || !(rounds >= 1) || !(threads >= 1)) {
    console.error(unknown === undefined ? usage : `There is no ${unknown}.\n\n${usage}`);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  console.log(machineText(threads));
  if (values.write) writeSection("machine", machineText(threads));
  const python = values.alone ? undefined : pythonOrNone();
  const programs = await Programs.build();
  if (programs.fmaPeak === undefined)
    console.log("There is no C compiler, so the peak of multiply-add is not measured.");
  try {
    if (values.sweep) return await sweep({ programs, threads, rounds, python, names, isWritten: values.write });
    const chosen = names.length > 0 ? names : quick;
    for (const benchmark of benchmarkCases.filter(({ name }) => chosen.includes(name))) {
      const sides = sidesOf(benchmark, programs, { threads, python });
      if (values.peers && benchmark.name === "small-gpt") sides.push(...peerSides(benchmark, threads));
      const onRound = (round: number): void => console.error(`${benchmark.name}: round ${round + 1} of ${rounds}`);
      const times = await measure(benchmark, sides, programs, { rounds, threads, onRound });
      console.log(`\n${terminalText(times)}`);
      const flags = [`--rounds ${rounds}`, `--threads ${threads}`, ...(values.peers ? ["--peers"] : [])];
      const command = `npm run benchmark -- ${benchmark.name} ${flags.join(" ")}`;
      if (values.write) writeSection(benchmark.name, markdownText(times, command));
    }
  } finally {
    programs.remove();
  }
}

function machineText(threads: number): string {
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0);
  const [load = 0] = loadavg();
  return (
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} processors of which ${threads} are used, ${gibibytes} GiB, ` +
    `${type()} ${release()}, Node ${process.versions.node}; load ${load.toFixed(1)} at the start`
  );
}

await main();
