/**
 * What a run needs to go on where it was: the model folder, the optimizer's state and the trainer's. Written aside,
 * synced and renamed, so that a checkpoint is whole or not there.
 */
import { platform } from "#platform";
import { openSafetensors, writeSafetensors } from "../checkpoints/index.ts";
import type { BatchStream } from "../data/index.ts";
import { CheckpointError } from "../errors.ts";
import type { AnyModel } from "../models/index.ts";
import type { Optimizer } from "../optim/index.ts";
import type { TrainerState } from "./trainer.ts";

const stateName = "trainer.json";
const optimizerName = "optimizer.safetensors";
const folderPattern = /^step-(\d+)$/;

/** What is written beside the trainer's state to notice that a run is continued with something else. */
export interface RunIdentity {
  /** Of the corpus' files. */
  readonly corpusFingerprint: string;
  readonly optimizer: string;
}

export interface SavedRun {
  readonly folder: string;
  readonly state: TrainerState;
  readonly identity: RunIdentity;
  readonly optimizerSteps: number;
}

/** The checkpoints of a run, in one folder: `step-000100` and so on. */
export class RunCheckpoints {
  readonly folder: string;
  /** How many of the newest are kept. */
  readonly #kept: number;

  constructor(folder: string, kept = 2) {
    this.folder = folder;
    this.#kept = kept;
  }

  /** Saves everything and removes checkpoints that are too old. `writeModel` fills the model folder. Returns its path. */
  async save(
    state: TrainerState,
    identity: RunIdentity,
    optimizer: Optimizer,
    writeModel: (folder: string) => Promise<void>,
  ): Promise<string> {
    const path = platform.join(this.folder, `step-${String(state.step).padStart(8, "0")}`);
    const { stepNumber, arrays } = optimizer.exportState();
    await platform.writeFolderAtomically(
      path,
      async (folder) => {
        await writeModel(folder);
        const tensors = [...arrays].map(([name, data]) => ({ name, shape: [data.length], data }));
        await writeSafetensors(platform.join(folder, optimizerName), tensors);
        const text = JSON.stringify({ state, identity, optimizerSteps: stepNumber }, null, 2);
        await platform.writeFileAtomically(platform.join(folder, stateName), `${text}\n`);
      },
      { replace: true },
    );
    const steps = await this.#steps();
    for (const old of steps.slice(0, Math.max(0, steps.length - this.#kept))) await platform.remove(this.#path(old));
    return path;
  }

  /** The newest checkpoint, or undefined when there is none. */
  async newest(): Promise<SavedRun | undefined> {
    if ((await platform.stat(this.folder, "checkpoint")) === undefined) return undefined;
    await platform.removeLeftovers(this.folder);
    const step = (await this.#steps()).at(-1);
    return step === undefined ? undefined : readRun(this.#path(step));
  }

  #path(name: string): string {
    return platform.join(this.folder, name);
  }

  async #steps(): Promise<string[]> {
    const entries = await platform.list(this.folder, "checkpoint");
    return entries.filter(({ name }) => folderPattern.test(name)).map(({ name }) => name);
  }
}

async function readRun(folder: string): Promise<SavedRun> {
  const file = platform.join(folder, stateName);
  const broken = (cause?: unknown): CheckpointError =>
    new CheckpointError("the checkpoint's state cannot be read", {
      file,
      hint: "remove this checkpoint's folder to go on from the one before",
      cause,
    });
  let saved: Partial<Omit<SavedRun, "folder">>;
  try {
    saved = JSON.parse(await platform.readText(file, "checkpoint"));
  } catch (cause) {
    throw broken(cause);
  }
  const { state, identity, optimizerSteps } = saved;
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isCount(state?.step) || !isCount(optimizerSteps) || !identity || !Number.isFinite(state?.elapsedMs))
    throw broken();
  return { folder, state, identity, optimizerSteps } as SavedRun;
}

/**
 * Puts a saved run back: the model's values and the optimizer's state, in place. Throws a CheckpointError when they do
 * not fit, and what `stream.parsePosition` throws for a position that is not one of its own.
 */
export async function restoreRun(
  saved: SavedRun,
  parts: { model: AnyModel; optimizer: Optimizer; stream: BatchStream; identity: RunIdentity },
): Promise<TrainerState> {
  const { model, optimizer, stream, identity } = parts;
  for (const [field, now] of Object.entries(identity)) {
    const then = saved.identity[field as keyof RunIdentity];
    if (then === now) continue;
    throw new CheckpointError(`the run was begun with another ${field}`, {
      file: saved.folder,
      field,
      expected: then,
      received: now,
      hint: "go on with what the run began with, or begin a new run with --overwrite",
    });
  }
  const position = stream.parsePosition(saved.state.position);
  const weights = await openSafetensors(platform.join(saved.folder, "model.safetensors"));
  for (const parameter of model.store.parameters) {
    await weights.readFloat32(parameter.name, model.store.view(parameter));
  }
  const file = platform.join(saved.folder, optimizerName);
  const stored = await openSafetensors(file);
  const arrays = new Map<string, Float32Array>();
  for (const name of stored.names) arrays.set(name, await stored.readFloat32(name));
  optimizer.importState({ stepNumber: saved.optimizerSteps, arrays });
  return { ...saved.state, position };
}
