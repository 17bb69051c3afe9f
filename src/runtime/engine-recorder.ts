/** The files into which the engine of Node records what it runs. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platform } from "#platform";

/** A folder of its own for one session: the engine adds the time to the file's name. */
export class EngineRecorder {
  readonly #folder = mkdtempSync(join(tmpdir(), "cloze-profile-"));
  readonly #runStartsMs: number[] = [];

  /** How the name of the engine's file begins. */
  get prefix(): string {
    return join(this.#folder, "session");
  }

  get runStartsMs(): readonly number[] {
    return this.#runStartsMs;
  }

  runBegins(): void {
    this.#runStartsMs.push(platform.now());
  }

  /** What the engine has written, which it has ended; nothing stays on the disk. */
  take(): string {
    const [file] = readdirSync(this.#folder);
    const record = file === undefined ? "[]" : readFileSync(join(this.#folder, file), "utf8");
    rmSync(this.#folder, { recursive: true, force: true });
    return record;
  }
}
