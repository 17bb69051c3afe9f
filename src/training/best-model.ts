/** The values of the best evaluation so far: in a folder of the run, or in memory for a run that leaves none. */
import { platform } from "#platform";
import type { AnyModel } from "../models/index.ts";
import { restoreValues } from "./run-checkpoint.ts";

export class BestModel {
  readonly #model: AnyModel;
  readonly #write: (folder: string) => Promise<void>;
  readonly #folder: string | undefined;
  #values: Float32Array | undefined;

  constructor(model: AnyModel, write: (folder: string) => Promise<void>, folder: string | undefined) {
    this.#model = model;
    this.#write = write;
    this.#folder = folder;
  }

  /** Takes the model's values for the best. */
  async keep(): Promise<void> {
    if (this.#folder === undefined) this.#values = this.#model.store.values.slice();
    else await platform.writeFolderAtomically(this.#folder, (aside) => this.#write(aside), { replace: true });
  }

  /** Gives the model the values that were kept last. */
  async restore(): Promise<void> {
    if (this.#values !== undefined) this.#model.store.values.set(this.#values);
    else if (this.#folder !== undefined) await restoreValues(this.#model, this.#folder);
  }
}
