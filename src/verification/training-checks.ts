/** Files of recorded optimizers, schedules, clipping and metrics, told apart by what they hold. */

import { platform } from "#platform";
import { createKernels } from "#runtime";
import { ClozeError, DataError } from "../errors.ts";
import { parseJson } from "../platform/file-errors.ts";
import { gunzip } from "../platform/gzip.ts";
import { FlatMemory } from "../runtime/memory.ts";
import { checkClipping, type RecordedClipping } from "./clipping-checks.ts";
import { checkMetrics, isRecordedMetric } from "./metric-checks.ts";
import { checkOptimizers, type RecordedOptimizers } from "./optimizer-checks.ts";
import type { RecordedMetric } from "./recorded-metric.ts";
import { requireShape } from "./reference-shapes.ts";
import { type Finding, failure } from "./report.ts";
import { checkSchedules, type RecordedSchedule } from "./schedule-checks.ts";

/** Checks a JSON file, plain or packed, that holds `cases`. */
export async function* checkValuesFile(file: string): AsyncGenerator<Finding> {
  const json = Object(parseJson(await readText(file), file, "data"));
  const [first] = Array.isArray(json.cases) ? json.cases : [];
  if (typeof first !== "object" || first === null) {
    throw new DataError(`${file} holds no reference values.`, {
      file,
      field: "cases",
      expected: "a list of cases",
      received: JSON.stringify(json.cases)?.slice(0, 80) ?? "nothing",
      hint: "Name a file of reference values.",
    });
  }
  if (isRecordedMetric(first)) {
    yield* checkMetrics(json.cases as RecordedMetric[]);
    return;
  }
  const kernels = await createKernels(new FlatMemory({ initialBytes: 2 ** 20 }), { threads: 1 });
  try {
    if ("parameters" in json && "gradients" in json)
      yield* checkOptimizers(kernels, requireShape<RecordedOptimizers>("optimizers", json, file));
    else if ("lr" in first)
      yield* checkSchedules(requireShape<RecordedSchedule[]>("schedules", json.cases, file, "cases"));
    else if ("clipped" in first || "average" in first) {
      yield* checkClipping(kernels, requireShape<RecordedClipping[]>("clipping", json.cases, file, "cases"));
    } else yield failure("training", platform.baseName(file), "values of this kind cannot be checked yet");
  } catch (error) {
    if (!(error instanceof ClozeError)) throw error;
    yield failure("training", platform.baseName(file), error.message);
  } finally {
    await kernels.dispose();
  }
}

async function readText(file: string): Promise<string> {
  if (!file.endsWith(".gz")) return platform.readText(file, "data");
  return new TextDecoder().decode(await gunzip(await platform.readFile(file, "data"), file, "data"));
}
