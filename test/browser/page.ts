/** The page's script: runs the scenario and leaves the result where the test finds it. */
import * as runtime from "onnxruntime-web";
import { runScenario, type ScenarioResult } from "./scenario.ts";

declare global {
  var scenarioResult: Promise<ScenarioResult> | undefined;
}

runtime.env.wasm.wasmPaths = "/onnxruntime-web/";
globalThis.scenarioResult = runScenario();
