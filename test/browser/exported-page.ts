/** The page's script: transformers.js, left where the test finds it, asking nobody but the server of the page. */
import * as transformers from "@huggingface/transformers";

declare global {
  var transformersJs: typeof transformers | undefined;
}

transformers.env.allowLocalModels = true;
transformers.env.allowRemoteModels = false;
transformers.env.localModelPath = "/models/";
transformers.env.useBrowserCache = false;
(transformers.env.backends.onnx as { wasm: { wasmPaths: string } }).wasm.wasmPaths = "/onnxruntime-web/";
globalThis.transformersJs = transformers;
