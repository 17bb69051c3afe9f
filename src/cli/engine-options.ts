/** Where models run, for every command that runs one. */
import { devices } from "#runtime";
import { optionalChoice, optionalWholeNumber } from "./options.ts";

export const engineOptions = {
  device: optionalChoice("DEVICE", `What computes: ${devices.join(", ")}`, devices, devices[0]),
  threads: optionalWholeNumber("Threads of a run", "all processors"),
};
