/** Parity with other implementations' recorded values. */
export {
  type VerificationKind,
  type VerificationReport,
  type VerificationResult,
  verificationKinds,
} from "./report.ts";
export { type VerifyOptions, verify } from "./verify.ts";
