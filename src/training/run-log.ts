/** What a run wrote down of itself: `metrics.jsonl`, an event a line. */
import { platform } from "#platform";
import type { TrainingEvent } from "./events.ts";

const logName = "metrics.jsonl";

export function runLogIn(folder: string): string {
  return platform.join(folder, logName);
}

/** The events of the run in a folder. A line that a killed process has left half-written is passed over. */
export async function readRunLog(folder: string): Promise<TrainingEvent[]> {
  const log = await platform.readText(runLogIn(folder), "data");
  return log.split("\n").flatMap((line) => {
    try {
      const event = JSON.parse(line);
      return typeof event?.event === "string" ? [event as TrainingEvent] : [];
    } catch {
      return [];
    }
  });
}
