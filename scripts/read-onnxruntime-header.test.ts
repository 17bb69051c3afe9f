import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { functionsOf, wrongPlaces } from "./read-onnxruntime-header.ts";

/** As the header is written: comments, macros and plain declarations, a part for C++ alone. */
const header = `
struct OrtApiBase { const OrtApi*(ORT_API_CALL* GetApi)(uint32_t version)NO_EXCEPTION; };
struct OrtApi {
  /// \\name OrtStatus
  /** \\brief Like ORT_API2_STATUS(NotThis) in a comment
   */
  OrtStatus*(ORT_API_CALL* CreateStatus)(OrtErrorCode code, _In_ const char* msg)NO_EXCEPTION ORT_ALL_ARGS_NONNULL;
  OrtErrorCode(ORT_API_CALL* GetErrorCode)(_In_ const OrtStatus* status) NO_EXCEPTION;
  ORT_API2_STATUS(CreateEnv, OrtLoggingLevel level, _In_ const char* id,
                  _Outptr_ OrtEnv** out);
  ORT_CLASS_RELEASE(Env);  // ORT_CLASS_RELEASE(NotThis)
  void(ORT_API_CALL* ReleaseValue)(_Frees_ptr_opt_ OrtValue* input);
#ifdef __cplusplus
  OrtApi(const OrtApi&)=delete;
#endif
};
struct Other { ORT_API2_STATUS(NotThis); };
`;

describe("the places of ONNX Runtime's functions", () => {
  it("are counted in a header", () => {
    expect(functionsOf(header)).toEqual(["CreateStatus", "GetErrorCode", "CreateEnv", "ReleaseEnv", "ReleaseValue"]);
    expect(() => functionsOf("struct Other {};")).toThrow("no struct OrtApi");
  });

  it("are those that the library is called at", () => {
    const url = new URL("../test/golden/runtime/c-api-functions.txt", import.meta.url);
    const functions = readFileSync(url, "utf8").trim().split("\n");
    expect(wrongPlaces(functions)).toEqual([]);
  });

  it("are reported when wrong", () => {
    expect(wrongPlaces(functionsOf(header))).toContain("ReleaseValue is number 4 of the header, not 96");
    expect(wrongPlaces(functionsOf(header))).toContain("Run is number -1 of the header, not 9");
  });
});
