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
import { parseSoundJson } from "../platform/json-shape.ts";
import type { TrainerState } from "./trainer.ts";

const stateName = "trainer.json";
const optimizerName = "optimizer.safetensors";
const folderPattern = /^step-(\d+)$/;

/** What is written beside the trainer's state to notice that a run is continued with something else. */
export interface RunIdentity {
  /** Of the corpus' files, or of the examples. */
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
    const path = this.#path(nameOf(state.step));
    const { stepNumber, arrays } = optimizer.exportState();
    await platform.writeFolderAtomically(
      path,
      async (folder) => {
        await writeModel(folder);
        const tensors = [...arrays].map(([name, data]) => ({ name, shape: [data.length], data }));
        await writeSafetensors(platform.join(folder, optimizerName), tensors);
        await writeState(folder, { state, identity, optimizerSteps: stepNumber });
      },
      { replace: true },
    );
    const steps = await this.#steps();
    for (const old of steps.slice(0, Math.max(0, steps.length - this.#kept))) await platform.remove(this.#path(old));
    return path;
  }

  /** Notes that the run has left its model after the step of its last checkpoint. */
  async conclude(step: number): Promise<void> {
    const { folder, state, identity, optimizerSteps } = await readRun(this.#path(nameOf(step)));
    await writeState(folder, { state: { ...state, isConcluded: true }, identity, optimizerSteps });
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

function nameOf(step: number): string {
  return `step-${String(step).padStart(8, "0")}`;
}

async function writeState(folder: string, run: Omit<SavedRun, "folder">): Promise<void> {
  await platform.writeFileAtomically(platform.join(folder, stateName), `${JSON.stringify(run, null, 2)}\n`);
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
    saved = Object(parseSoundJson(await platform.readText(file, "checkpoint")));
  } catch (cause) {
    throw broken(cause);
  }
  const { state, identity, optimizerSteps } = saved;
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isCount(state?.step) || !isCount(optimizerSteps) || !identity || !Number.isFinite(state?.elapsedMs))
    throw broken();
  return { folder, state, identity, optimizerSteps } as SavedRun;
}

/** Gives a model the values of a folder that it was saved to. */
export async function restoreValues(model: AnyModel, folder: string): Promise<void> {
  const weights = await openSafetensors(platform.join(folder, "model.safetensors"));
  for (const parameter of model.store.parameters) {
    await weights.readFloat32(parameter.name, model.store.view(parameter));
  }
}

/**
 * Puts a saved run back: the model's values and the optimizer's state, in place. Throws a CheckpointError when they do
 * not fit, and what `stream.parsePosition` throws for a position that is not one of its own.
 */
export async function restoreRun(
  saved: SavedRun,
  parts: {
    readonly model: AnyModel;
    readonly optimizer: Optimizer;
    readonly stream: Pick<BatchStream, "parsePosition">;
    readonly identity: RunIdentity;
  },
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
  await restoreValues(model, saved.folder);
  const file = platform.join(saved.folder, optimizerName);
  const stored = await openSafetensors(file);
  const arrays = new Map<string, Float32Array>();
  for (const name of stored.names) arrays.set(name, await stored.readFloat32(name));
  optimizer.importState({ stepNumber: saved.optimizerSteps, arrays });
  return { ...saved.state, position };
}
