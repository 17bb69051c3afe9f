/** The root entry: everything that most programs need. The folders have their own subpaths (`cloze/training`, …). */

export {
  CheckpointError,
  ClozeError,
  ConfigurationError,
  DataError,
  DeviceError,
  type ErrorDetails,
  type ErrorKind,
  ResourceError,
  ShapeError,
  TokenizerError,
  TrainingError,
} from "./errors.ts";
