/** What `#runtime` is in Node. */
import { ConfigurationError } from "../errors.ts";
import { createCpuEngine } from "./c-api.ts";
import type { Engine } from "./engine.ts";
import { createWebEngine } from "./web-engine.ts";

export { createKernels } from "./thread-pool-node.ts";

/** The devices of this platform, the default first. */
export const devices = ["cpu", "wasm"] as const;

/** The engine of a device. Throws a DeviceError that says how to get what is missing. */
export async function createEngine(device: string = devices[0]): Promise<Engine> {
  if (device === "cpu") return createCpuEngine();
  if (device === "wasm") return createWebEngine();
  throw new ConfigurationError(`there is no device ${device} here`, {
    field: "device",
    expected: devices.join(", "),
    received: device,
  });
}
